"""What is called a test result, and was measured on training data."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .detector import Detector
from .program import name_of, text_of
from .roles import WORDS, is_measure, role_of, role_of_name, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

__all__ = ["TEST_ON_TRAINING"]

MEASURING = {"evaluate", "evaluation", "accuracy", "acc", "test", "eval", "score", "predict",
             "compute", "calculate", "get", "check", "error", "loss", "metrics", "nll"}  # fmt: skip
SETTINGS = frozenset(
    """
    mean means std stds var stats statistics scaler transform size batch criterion loss losses acc
    config args len n classes mode vocab time step fn func history min max
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
DATA = frozenset("data dataset targets labels images tensors loader x y X".split())  # noqa: SIM905


def find(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Assignments and prints of test results that come from a call on training data."""
    for node in program.all(ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=False))
        elif isinstance(target, ast.Tuple):
            pairs = [(inner, node.value) for inner in target.elts[:1]]
        else:
            pairs = [(target, node.value)]
        for name_node, value in pairs:
            name = name_of(name_node)
            if role_of_name(name) == "test" and is_measure(name):
                call = _measured_on_training(program, value)
                if call is not None:
                    yield (
                        node,
                        f"`{name}` is what `{text_of(call)}` gives: measured on training data",
                    )
    for call in program.calls:
        if program.called(call) == "print":
            yield from _printed(program, call)


def _measured_on_training(program: Program, value: ast.expr) -> ast.Call | None:
    call = value
    while isinstance(call, ast.BinOp | ast.Subscript):
        call = call.left if isinstance(call, ast.BinOp) else call.value
    if not isinstance(call, ast.Call) or not set(words(program.last_name(call))) & MEASURING:
        return None
    if role_of_name(program.last_name(call)) == "train":
        return None  # it trains, and may say afterwards how good it is
    given = [argument for argument in _given(call) if not _is_setting(argument)]
    if any(isinstance(a, ast.Subscript) and not role_of(program, a) for a in given):
        return None  # `loaders[1]` may be any data
    roles = {r for argument in given if (r := role_of(program, argument))}
    return call if roles == {"train"} else None


def _is_setting(node: ast.expr) -> bool:
    """`train_mean`, `train_set.classes`: told about the training data, not measured on."""
    if isinstance(node, ast.Call):
        last = node.func
        return isinstance(last, ast.Name) and last.id == "len"
    if isinstance(node, ast.Attribute):
        return node.attr not in DATA and not role_of_name(node.attr)
    return isinstance(node, ast.Name) and bool(set(words(node.id)) & SETTINGS)


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _printed(program: Program, call: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    """`print("test accuracy", …)` right after a loop over training data."""
    said = " ".join(_texts(call))
    spoken = set(words(said))
    if "test" not in spoken or not is_measure(said) or spoken & (WORDS["train"] | WORDS["val"]):
        return
    for inner in ast.walk(call):
        if isinstance(inner, ast.Call) and inner is not call:
            measured = _measured_on_training(program, inner)
            if measured is not None:
                yield call, f"printed as a test result: `{text_of(measured)}`, on training data"
                return
    loop = _loop_that_counted(program, call)
    if loop is not None and role_of(program, loop.iter) == "train":
        yield (
            call,
            (
                f"`{text_of(call, 70)}` prints what `for … in {text_of(loop.iter, 40)}` in line"
                f" {loop.lineno} counted: over training data"
            ),
        )


def _texts(call: ast.Call) -> list[str]:
    return [
        n.value for a in call.args for n in ast.walk(a)
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
    ]  # fmt: skip


def _loop_that_counted(program: Program, call: ast.Call) -> ast.For | None:
    """The loop before the print that adds up the numbers printed; a loop that trains is none."""
    names = {name_of(n) for n in ast.walk(call) if isinstance(n, ast.Name)} - {"print"}
    scope, before = program.scope(call), program.order(call)
    reached = set(names)
    for name in names:  # acc = correct / total
        for value in program.assigned(name, call):
            if program.order(value.node) < before and not value.loop:
                reached |= {n.id for n in ast.walk(value.expression) if isinstance(n, ast.Name)}
    best: ast.For | None = None
    for loop in program.all(ast.For):
        if program.scope(loop) is not scope or program.order(loop) > before:
            continue
        if program.file(loop) != program.file(call) or call in set(ast.walk(loop)):
            continue
        added = {name_of(n.target) for n in ast.walk(loop) if isinstance(n, ast.AugAssign)}
        if not added & reached or _trains(program, loop):
            continue
        innermost = [n for n in ast.walk(loop) if isinstance(n, ast.For)]
        best = innermost[-1] if len(innermost) == 1 else None
    return best


def _trains(program: Program, loop: ast.For) -> bool:
    return any(
        isinstance(n, ast.Call) and program.last_name(n) in {"step", "backward"}
        for n in ast.walk(loop)
    )


TEST_ON_TRAINING = Detector(
    "test_measured_on_training",
    "A number on data that the net was trained on says nothing about new data; reported as a test"
    " result it is wrong.",
    "Measure on the test loader or the test arrays; check which variable goes into the call.",
    find,
)
