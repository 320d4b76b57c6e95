"""Validation data that are still among the training data."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .datasets import Flow, flow_of, loader_calls
from .detector import Detector
from .program import name_of, text_of
from .roles import role_of_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

__all__ = ["VALIDATION_IN_TRAINING", "WHY_SPLIT"]

WHY_SPLIT = (
    "Validation on examples that were trained on measures memory: early stopping and the choice of"
    " a model then favour over-fitting, and the validation numbers are too good."
)


def find(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Loaders of train and validation, and slices, that share rows for certain."""
    yield from _of_loaders(program)
    yield from _of_slices(program)


def _of_loaders(program: Program) -> Iterator[tuple[ast.AST, str]]:
    made: list[tuple[str, ast.Call, Flow]] = []
    for call, dataset in loader_calls(program):
        flow = flow_of(program, dataset)
        role = _role(program, call, dataset)
        sampled = any(k.arg in {"sampler", "batch_sampler"} for k in call.keywords)
        if flow is not None and role and not sampled:
            made.append((role, call, flow))
    for role, call, flow in made:
        if role != "val" or flow.part == "whole":
            continue
        trained = [
            (other_call, other)
            for other_role, other_call, other in made
            if other_role == "train"
            and other.key == flow.key
            and program.scope(other_call) is program.scope(call)
        ]
        if trained and all(_share(flow, other) for _, other in trained):
            seen = (
                f"`{text_of(call)}` takes its examples from `{text_of(flow.base, 60)}`, and"
                f" `{text_of(trained[0][0])}` trains on "
            )
            yield call, seen + ("all of it" if trained[0][1].part == "whole" else "some of them")


def _role(program: Program, call: ast.Call, dataset: ast.expr) -> str:
    """By what the loader is assigned to, else by what its dataset is called."""
    statement = program.statement(call)
    if isinstance(statement, ast.Assign) and statement.value is call:
        target = statement.targets[0]
        name = name_of(target)
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
            name = str(target.slice.value)
        if role_of_name(name):
            return role_of_name(name)
    return role_of_name(name_of(dataset))


def _share(first: Flow, second: Flow) -> bool:
    """Whether two parts of the same data have rows in common, for certain."""
    if second.part == "whole":
        return True
    if first.split is not None and second.split is not None:
        return first.split is not second.split or first.index == second.index
    if first.part != second.part or "split" in first.part:
        return False
    return _ranges_meet(first, second)


def _ranges_meet(first: Flow, second: Flow) -> bool:
    lows, highs = (first.low, second.low), (first.high, second.high)
    if None in lows or any(low is not None and low < 0 for low in lows):
        return False
    low, high = max(lows), [h for h in highs if h is not None]  # type: ignore[type-var]
    if any(h < 0 for h in high):
        return False
    if not high:
        return first.part == "slice"  # both run to the end
    if len(high) == 1 and first.part != "slice":
        return False
    return low is not None and low < min(high)


def _of_slices(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """`x_val = x_train[-5000:]` while `x_train` stays whole."""
    for node in program.all(ast.Assign):
        for target, value in _pairs(node):
            name = name_of(target)
            if role_of_name(name) != "val" or not isinstance(value, ast.Subscript):
                continue
            source = name_of(value.value)
            if role_of_name(source) != "train" or not _takes_some(value):
                continue
            if _is_cut(program, source, node) or _is_sliced_elsewhere(program, source, node):
                continue
            if _is_used(program, source, node):
                yield (
                    node,
                    f"`{text_of(node)}`, and `{source}` keeps these examples and is used later",
                )
                break


def _pairs(node: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=False))
    return [(target, value)]


def _takes_some(value: ast.Subscript) -> bool:
    inner = value.slice
    return isinstance(inner, ast.Slice) and (inner.lower is not None or inner.upper is not None)


def _is_cut(program: Program, source: str, node: ast.AST) -> bool:
    """Whether the training data are assigned anew after the cut, or in the same statement."""
    return any(
        program.order(value.node) >= program.order(node) for value in program.assigned(source, node)
    )


def _is_sliced_elsewhere(program: Program, source: str, node: ast.AST) -> bool:
    """Whether another part of it is taken under a name of its own."""
    for other in program.all(ast.Subscript):
        if name_of(other.value) == source and program.statement(other) is not node:
            statement = program.statement(other)
            if isinstance(statement, ast.Assign) and not _is_label(statement):
                return True
    return False


def _is_label(statement: ast.Assign) -> bool:
    return all(role_of_name(name_of(target)) == "val" for target, _ in _pairs(statement))


def _is_used(program: Program, source: str, node: ast.AST) -> bool:
    after = program.order(node)
    for kind in (ast.Name, ast.Attribute):
        for other in program.all(kind):
            if (
                name_of(other) == source
                and isinstance(other.ctx, ast.Load)
                and program.order(other) > after
                and program.statement(other) is not node
                and not isinstance(program.parent(other), ast.Attribute | ast.Subscript)
            ):
                return True
    return False


VALIDATION_IN_TRAINING = Detector(
    "validation_in_training",
    WHY_SPLIT,
    "Split once, into two parts without a common example (`random_split`, or two `Subset`s of one"
    " permutation), and train on the first part only.",
    find,
)
