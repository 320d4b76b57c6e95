"""Where the data of a loader come from: followed through Subset, random_split, slices."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .chaining import constant
from .program import name_of

if TYPE_CHECKING:
    from .program import Program

__all__ = ["Flow", "flow_of", "is_random_transform", "loader_calls", "transforms_of"]

DEPTH = 8
RANDOM = (
    "Random", "ColorJitter", "AutoAugment", "RandAugment", "TrivialAugment", "AugMix",
    "ElasticTransform",
)  # fmt: skip
NOT_RANDOM = frozenset({"RandomApply0"})


@dataclass(frozen=True)
class Flow:
    """A dataset expression, resolved.

    Attributes:
        base: The expression that makes or names the innermost data.
        key: What identifies the base: equal keys are the same data.
        part: `whole`, or how a part is chosen: `split 1 of 2`, `slice`, `subset`.
        low: First row of a slice, when known.
        high: Row after its last one, when known.
        split: The `random_split` or split call, when there is one.
        index: The place in that split.
    """

    base: ast.expr
    key: str
    part: str = "whole"
    low: int | None = None
    high: int | None = None
    split: ast.AST | None = None
    index: int | None = None


def loader_calls(program: Program) -> list[tuple[ast.Call, ast.expr]]:
    """Every `DataLoader(dataset, …)`, and its dataset."""
    found = []
    for call in program.calls:
        if program.last_name(call) == "DataLoader":
            named = next((k.value for k in call.keywords if k.arg == "dataset"), None)
            dataset = call.args[0] if call.args else named
            if dataset is not None and not isinstance(dataset, ast.Starred):
                found.append((call, dataset))
    return found


def flow_of(program: Program, node: ast.expr, depth: int = DEPTH) -> Flow | None:  # noqa: C901, PLR0911 - one case a form of code
    """Follow a dataset expression to its base; None when it may be several things."""
    if depth == 0:
        return None
    if name_of(node):
        values = [v for v in program.values(node) if not v.loop]
        here = program.statement(node)
        values = [v for v in values if v.node is not here]
        latest = [v for v in values if program.order(v.node) < program.order(node)] or values
        if program.scope(node) is None and latest:
            latest = latest[-1:]
        if len(latest) != 1:
            return Flow(node, name_of(node)) if not values else None
        value = latest[0]
        if value.expression is node:
            return None
        if value.index is not None:
            return _from_split(program, value.expression, value.index, node, depth)
        inner = value.expression
        if isinstance(inner, ast.Call) and not _is_choice(program, inner):
            return Flow(inner, f"{name_of(node)}@{program.order(value.node)}")
        return flow_of(program, inner, depth - 1)
    if isinstance(node, ast.Call):
        if program.last_name(node) == "Subset" and len(node.args) > 1:
            return _subset(program, node, depth)
        if program.last_name(node) == "DataLoader" and node.args:
            return flow_of(program, node.args[0], depth - 1)
        return Flow(node, f"call@{program.order(node)}")
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        inner_flow = flow_of(program, node.value, depth - 1)
        low, high = _bounds(program, node.slice)
        key = inner_flow.key if inner_flow is not None else ""
        return Flow(node.value, key, "slice", low, high) if key else None
    return None


def _is_choice(program: Program, call: ast.Call) -> bool:
    return program.last_name(call) in {"Subset", "DataLoader"}


def _from_split(
    program: Program, call: ast.expr, index: int, node: ast.expr, depth: int
) -> Flow | None:
    if isinstance(call, ast.Call) and program.last_name(call) in {
        "random_split",
        "train_test_split",
    }:
        base = flow_of(program, call.args[0], depth - 1) if call.args else None
        if base is not None and base.part == "whole":
            return Flow(base.base, base.key, f"split {index}", split=call, index=index)
        return None
    return Flow(node, f"{name_of(node)}@{program.order(call)}")


def _subset(program: Program, node: ast.Call, depth: int) -> Flow | None:
    base = flow_of(program, node.args[0], depth - 1)
    if base is None:
        return None
    low, high = index_bounds(program, node.args[1])
    if base.part != "whole":
        return Flow(base.base, base.key, "subset of a part")
    return Flow(base.base, base.key, "subset", low, high)


def index_bounds(program: Program, node: ast.expr, depth: int = 4) -> tuple[int | None, int | None]:  # noqa: PLR0911 - one case a form of code
    """First and last of `range(a, b)`, `np.arange(a, b)`, `list(range(b))`."""
    if depth == 0:
        return None, None
    if name_of(node):
        values = program.values(node)
        if len(values) == 1 and not values[0].loop and values[0].index is None:
            return index_bounds(program, values[0].expression, depth - 1)
        return None, None
    if not isinstance(node, ast.Call):
        return None, None
    name = program.last_name(node)
    if name in {"list", "tuple", "array", "tensor"} and node.args:
        return index_bounds(program, node.args[0], depth - 1)
    if name in {"range", "arange"} and 1 <= len(node.args) <= 2:  # noqa: PLR2004
        numbers = [constant(program, a) for a in node.args]
        return (0, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])
    return None, None


def _bounds(program: Program, node: ast.Slice) -> tuple[int | None, int | None]:
    low = constant(program, node.lower) if node.lower is not None else 0
    high = constant(program, node.upper) if node.upper is not None else None
    return low, high


def transforms_of(program: Program, node: ast.expr, depth: int = DEPTH) -> list[ast.expr]:
    """The transforms that a dataset expression is made with, followed through subsets."""
    if depth == 0:
        return []
    if name_of(node):
        found = []
        for value in program.values(node):
            if value.loop or value.expression is node:
                continue
            found += transforms_of(program, value.expression, depth - 1)
        return found
    if not isinstance(node, ast.Call):
        return []
    name = program.last_name(node)
    if name in {"Subset", "random_split", "DataLoader"} and node.args:
        return transforms_of(program, node.args[0], depth - 1)
    return [k.value for k in node.keywords if k.arg in {"transform", "transforms"}]


def is_random_transform(program: Program, node: ast.expr, depth: int = 6) -> str:  # noqa: C901, PLR0911 - one case a form of code
    """The name of the first random step of a transform; empty when it has none for certain."""
    if depth == 0:
        return ""
    if name_of(node):
        values = [v for v in program.values(node) if not v.loop]
        if not values:
            return ""
        each = [is_random_transform(program, v.expression, depth - 1) for v in values]
        return each[0] if all(each) else ""
    if isinstance(node, ast.Call):
        name = program.last_name(node)
        if name.startswith(RANDOM) and name not in NOT_RANDOM:
            return name
        if name in {"Compose", "Sequential"}:
            for argument in node.args:
                inner = is_random_transform(program, argument, depth - 1)
                if inner:
                    return inner
    if isinstance(node, ast.List | ast.Tuple):
        found = (is_random_transform(program, e, depth - 1) for e in node.elts)
        return next((name for name in found if name), "")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return is_random_transform(program, node.left, depth - 1) or is_random_transform(
            program, node.right, depth - 1
        )
    return ""
