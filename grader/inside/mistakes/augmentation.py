"""Random augmentation where it does not belong: on validation and test data, or frozen once."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .datasets import is_random_transform, loader_calls, transforms_of
from .detector import Detector
from .program import name_of, text_of
from .roles import role_of_name, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

__all__ = ["AUGMENTED_EVALUATION", "FROZEN_AUGMENTATION", "WHY_AUGMENTED"]

WHY_AUGMENTED = (
    "Random crops, flips and colours make training data richer. On validation or test data they"
    " make the numbers noisy and worse than the net is, and two evaluations differ."
)
MEASURES = frozenset(
    """
    mean std var min max sum shape size std_mean var_mean median quantile len print hist imshow
    make_grid ndim
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
"""What tells something of data, and keeps none."""
SAME = frozenset("view reshape float double numpy cpu permute transpose flatten".split())  # noqa: SIM905
JOINS = frozenset("stack cat concatenate array asarray vstack tensor list".split())  # noqa: SIM905


def find_evaluated(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Validation and test datasets made with a random transform."""
    told: set[int] = set()
    for call, dataset in loader_calls(program):
        statement = program.statement(call)
        name = name_of(dataset)
        role = role_of_name(name)
        if not role and isinstance(statement, ast.Assign) and statement.value is call:
            role = role_of_name(name_of(statement.targets[0]))
        if role not in {"val", "test"} or (name and _is_given_another(program, name, dataset)):
            continue
        if {"tta", "augmented", "aug"} & set(words(name)):
            continue
        step = _random_step(program, dataset)
        line = getattr(call, "lineno", 0)
        if step and line not in told:
            told.add(line)
            what = "validation" if role == "val" else "test"
            yield call, f"`{text_of(dataset, 60)}` holds {what} data and goes through {step}"


def _random_step(program: Program, dataset: ast.expr) -> str:
    found = transforms_of(program, dataset)
    steps = [is_random_transform(program, transform) for transform in found]
    return steps[0] if steps and all(steps) else ""


def _is_given_another(program: Program, name: str, at: ast.AST) -> bool:
    """`val_set.dataset.transform = test_transform`, or `val_set.dataset = copy…`."""
    del at
    for node in program.all(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Attribute) and target.attr in {"transform", "dataset"}:
                inner: ast.expr = target
                while isinstance(inner, ast.Attribute):
                    inner = inner.value
                if isinstance(inner, ast.Name) and inner.id == name:
                    return True
    return False


def find_frozen(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Lists and tensors made from a dataset with a random transform, once."""
    for node in program.all(ast.comprehension):
        outer = program.parent(node)
        if not isinstance(outer, ast.ListComp) or program.loops(outer):
            continue
        step = _frozen_step(program, node.iter)
        if step and _keeps_inputs(outer, node) and not _is_only_measured(program, outer):
            yield outer, _said(outer, node.iter, step)
    yield from _frozen_in_loops(program)
    for call in program.calls:
        if program.called(call) in {"list", "tuple"} and len(call.args) == 1:
            step = _frozen_step(program, call.args[0])
            if step and not program.loops(call) and not _is_only_measured(program, call):
                yield call, _said(call, call.args[0], step)
        elif program.last_name(call) == "DataLoader" and _is_whole_batch(program, call):
            step = _frozen_step(program, call.args[0])
            outer_call = program.parent(call)
            if (
                step
                and isinstance(outer_call, ast.Call)
                and program.last_name(outer_call) == "iter"
            ):
                yield call, _said(call, call.args[0], step)


def _frozen_in_loops(program: Program) -> Iterator[tuple[ast.AST, str]]:
    for loop in program.all(ast.For):
        step = _frozen_step(program, loop.iter) if not program.loops(loop) else ""
        kept = _appended(program, loop) if step else None
        if kept is not None and not any(isinstance(n, ast.Break) for n in ast.walk(loop)):
            yield kept, _said(kept, loop.iter, step)


def _appended(program: Program, loop: ast.For) -> ast.AST | None:
    """`xs.append(x)` of the pictures walked over, in a list that is used for more than numbers."""
    target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else None
    if target is None or not name_of(target):
        return None
    for statement in loop.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "append"
            and [name_of(a) for a in call.args] == [name_of(target)]
        ):
            kept = name_of(call.func.value)
            uses = [
                use
                for use in program.all(ast.Name)
                if use.id == kept
                and program.scope(use) is program.scope(loop)
                and program.file(use) == program.file(loop)
                and program.order(use) > program.order(call.func.value)
            ]
            if uses and not all(_is_only_measured(program, use) for use in uses):
                return call
    return None


def _is_only_measured(  # noqa: PLR0911 - one case a form of code
    program: Program, node: ast.AST, depth: int = 8
) -> bool:
    """Whether nothing but a mean, a shape, a picture is made of it: no data to train on."""
    outer = program.parent(node)
    if depth == 0 or outer is None:
        return False
    if isinstance(outer, ast.Attribute):
        call = program.parent(outer)
        if outer.attr in MEASURES:
            return True
        return (
            outer.attr in SAME
            and isinstance(call, ast.Call)
            and _is_only_measured(program, call, depth - 1)
        )
    if isinstance(outer, ast.Call) and node in outer.args:
        name = program.last_name(outer)
        return name in MEASURES or (name in JOINS and _is_only_measured(program, outer, depth - 1))
    if isinstance(outer, ast.List) and isinstance(outer.ctx, ast.Load):
        return _is_only_measured(program, outer, depth - 1)
    if isinstance(outer, ast.Assign) and len(outer.targets) == 1:
        name = name_of(outer.targets[0])
        uses = [
            use
            for use in program.all(ast.Name)
            if use.id == name
            and isinstance(use.ctx, ast.Load)
            and program.file(use) == program.file(node)
        ]
        return bool(uses) and all(_is_only_measured(program, use, depth - 1) for use in uses)
    return False


def _said(node: ast.AST, data: ast.expr, step: str) -> str:
    return f"`{text_of(node, 80)}` keeps what {step} made of `{text_of(data, 40)}` this one time"


def _frozen_step(program: Program, node: ast.expr) -> str:
    """The random step of a dataset that is walked over as a whole."""
    if isinstance(node, ast.Call) and program.called(node) in {"range", "tqdm", "enumerate"}:
        node = node.args[0] if node.args else node
        if isinstance(node, ast.Call) and program.called(node) == "len" and node.args:
            node = node.args[0]
    if not name_of(node) and not isinstance(node, ast.Call):
        return ""
    if any(
        isinstance(v.expression, ast.Call) and program.last_name(v.expression) == "DataLoader"
        for v in program.values(node)
    ):
        return ""
    return _random_step(program, node)


def _keeps_inputs(outer: ast.ListComp, node: ast.comprehension) -> bool:
    """Whether the list holds the pictures: `[x for x, y in data]`, not only the labels."""
    element = outer.elt
    if isinstance(node.target, ast.Tuple) and node.target.elts:
        first = name_of(node.target.elts[0])
        return (
            bool(first)
            and first != "_"
            and any(isinstance(n, ast.Name) and n.id == first for n in ast.walk(element))
        )
    if isinstance(element, ast.Subscript):  # data[i] or data[i][0]
        last = element.slice
        return not (isinstance(last, ast.Constant) and last.value == 1)
    return isinstance(element, ast.Name)


def _is_whole_batch(program: Program, call: ast.Call) -> bool:
    size = next((k.value for k in call.keywords if k.arg == "batch_size"), None)
    return bool(call.args) and isinstance(size, ast.Call) and program.called(size) == "len"


AUGMENTED_EVALUATION = Detector(
    "augmented_evaluation",
    WHY_AUGMENTED,
    "Make two datasets of the same data: one with the random transform for training, one with only"
    " ToTensor and Normalize for validation and test; split both by the same indices.",
    find_evaluated,
)
FROZEN_AUGMENTATION = Detector(
    "frozen_augmentation",
    "Augmentation works because every epoch sees other versions of a picture. Kept in a list or"
    " tensor, one random version is repeated in every epoch: nothing is gained.",
    "Keep the dataset and let the DataLoader ask it anew in each epoch, or augment each batch.",
    find_frozen,
)
