"""The test set used to stop early, to choose a model, or to steer the learning rate."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .detector import Detector
from .program import Function, Value, name_of, parameters, text_of
from .roles import is_measure, role_of, role_of_name, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

__all__ = ["TEST_FOR_SELECTION", "WHY_SELECTION"]

WHY_SELECTION = (
    "A test set that decides when to stop or which model to keep is a validation set: the number"
    " reported on it is too good, and nothing is left to measure on."
)
BEST = {"best", "min", "max", "lowest", "highest", "patience", "previous", "prev", "last"}
STOPS = {"stop", "stopper", "stopping", "stopped"}
KEEPS = {"model", "net", "state", "weights", "params", "sd", "dict"}


def find(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Comparisons of test results that keep a model or end training; test data given as such."""
    for node in program.all(ast.If):
        yield from _compared(program, node)
    for call in program.calls:
        yield from _scheduled(program, call)
        yield from _given_as_validation(program, call)


def _compared(program: Program, node: ast.If) -> Iterator[tuple[ast.AST, str]]:
    if not program.loops(node) or not _selects(program, node):
        return
    for compare in (n for n in ast.walk(node.test) if isinstance(n, ast.Compare)):
        sides = [compare.left, *compare.comparators]
        goal = _ends_training(program, node) and isinstance(sides[-1], ast.Constant)
        if not goal and not any(_is_best(side) for side in sides):
            continue
        for side in sides:
            if _is_best(side):
                continue
            if _is_test_result(program, side):
                yield (
                    node,
                    (
                        f"`if {text_of(node.test, 70)}` decides which weights are kept or when to"
                        f" stop, and `{text_of(side, 40)}` is measured on the test set"
                    ),
                )
                return


def _ends_training(program: Program, node: ast.If) -> bool:
    """`if …: break` in a loop that trains."""
    if not any(isinstance(inner, ast.Break) for inner in node.body):
        return False
    return any(
        isinstance(n, ast.Call)
        and (
            program.last_name(n) in {"step", "backward", "fit"}
            or ("train" in words(program.last_name(n)) and bool(n.args))
        )
        for n in ast.walk(program.loops(node)[0])
    )


def _is_best(node: ast.expr) -> bool:
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
        n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
    }
    return any(set(words(name)) & BEST for name in names)


def _selects(program: Program, node: ast.If) -> bool:
    """Whether the branch keeps weights, or (with its else) ends the loop or counts patience."""
    kept = {"save", "deepcopy", "state_dict", "save_model", "save_checkpoint"}
    for part in (*node.body, *node.orelse):
        for inner in ast.walk(part):
            if isinstance(inner, ast.Call) and program.last_name(inner) in kept:
                return True
            if isinstance(inner, ast.Break):
                return True
            if isinstance(inner, ast.Assign):  # best_model = model
                kept_names = [set(words(name_of(target))) for target in inner.targets]
                if any(said & BEST and said & KEEPS for said in kept_names):
                    return True
            if isinstance(inner, ast.AugAssign) and set(words(name_of(inner.target))) & {
                "patience", "wait", "waited", "counter", "bad", "stale",
            }:  # fmt: skip
                return True
    return False


def _is_test_result(program: Program, node: ast.expr) -> bool:
    """By where it comes from; by its name only when that cannot be told."""
    if isinstance(node, ast.Subscript):  # test_losses[-1]
        node = node.value
    name = name_of(node)
    if not name:
        return isinstance(node, ast.Call) and _on_test(program, node)
    values = [v for v in program.assigned(name, node) if not v.loop]
    roles = {_measured_on(program, value) for value in values} - {""}
    if roles:
        return roles == {"test"}
    return role_of_name(name) == "test" and is_measure(name)


def _measured_on(program: Program, value: Value) -> str:
    """The role of the data in the call that a value comes from."""
    for call in (n for n in ast.walk(value.expression) if isinstance(n, ast.Call)):
        roles = {r for argument in _given(call) if (r := _role(program, argument))}
        if len(roles) == 1:
            return roles.pop()
    return ""


def _on_test(program: Program, call: ast.Call) -> bool:
    return {r for a in _given(call) if (r := _role(program, a))} == {"test"}


def _role(program: Program, argument: ast.expr) -> str:
    """What the data are, and not what the parameter is called: call sites come first."""
    scope = program.scope(argument)
    name = name_of(argument)
    if scope is not None and name in parameters(scope) and not program.assigned(name, argument):
        roles = {role_of(program, given) for _, given in program.arguments(scope, name)}
        if len(roles) == 1 and "" not in roles:
            return roles.pop()
        if len(roles) > 1:
            return ""
    return role_of(program, argument)


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(k.value for k in call.keywords)]


def _scheduled(program: Program, call: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    """`scheduler.step(test_loss)`."""
    if program.last_name(call) != "step" or len(call.args) != 1:
        return
    if _is_test_result(program, call.args[0]):
        yield call, f"`{text_of(call)}` lowers the learning rate by results on the test set"


def _given_as_validation(program: Program, call: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    """`train(…, val_loader=test_loader)`, also by position."""
    name = program.last_name(call)
    known = [*program.functions.get(name, []), *program.classes.get(name, [])]
    choosing = [part for part in known if _selects_a_best(program, part)]
    for keyword in call.keywords if choosing else ():
        if (
            keyword.arg
            and role_of_name(keyword.arg) == "val"
            and _is_test_data(program, keyword.value)
        ):
            yield call, f"`{name}(… {keyword.arg}={text_of(keyword.value, 40)} …)`"
            return
    for chosen in choosing:
        function = _made_by(chosen)
        if function is None:
            continue
        names = parameters(function)
        shift = 1 if names[:1] == ["self"] else 0
        for position, argument in enumerate(call.args):
            if position + shift >= len(names):
                break
            parameter = names[position + shift]
            if role_of_name(parameter) == "val" and _is_test_data(program, argument):
                yield (
                    call,
                    (
                        f"`{name}` takes `{parameter}` to choose by, and is given"
                        f" `{text_of(argument, 40)}`"
                    ),
                )
                return


def _is_test_data(program: Program, node: ast.expr) -> bool:
    name = name_of(node)
    return bool(name) and role_of_name(name) == "test" and role_of(program, node) == "test"


def _made_by(part: Function | ast.ClassDef) -> Function | None:
    """The function itself; of a class, its `__init__`."""
    if isinstance(part, Function):
        return part
    methods = (n for n in part.body if isinstance(n, Function))
    return next((m for m in methods if m.name == "__init__"), None)


def _selects_a_best(program: Program, part: ast.AST) -> bool:
    """Whether a function or class keeps a best model or stops early."""
    return any(
        isinstance(n, ast.If) and (_is_best(n.test) or _says_stop(n.test)) and _selects(program, n)
        for n in ast.walk(part)
    ) and any(isinstance(n, ast.For | ast.While) for n in ast.walk(part))


def _says_stop(test: ast.expr) -> bool:
    """`if stopper.early_stop:`."""
    names = (getattr(n, "attr", getattr(n, "id", "")) for n in ast.walk(test))
    return any(set(words(name)) & STOPS for name in names)


TEST_FOR_SELECTION = Detector(
    "test_set_for_selection",
    WHY_SELECTION,
    "Set some of the training data aside as validation data, decide by those, and measure on the"
    " test set once, at the end.",
    find,
)
