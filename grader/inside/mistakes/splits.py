"""Validation data that are still among the training data."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .cuts import of_slices
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
    yield from of_slices(program)


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


VALIDATION_IN_TRAINING = Detector(
    "validation_in_training",
    WHY_SPLIT,
    "Split once, into two parts without a common example (`random_split`, or two `Subset`s of one"
    " permutation), and train on the first part only.",
    find,
)
