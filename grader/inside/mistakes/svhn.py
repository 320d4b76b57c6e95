"""Loaders named after SVHN that wrap the digits data of the exercise before."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .datasets import loader_calls
from .detector import Detector
from .program import name_of, text_of
from .roles import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

__all__ = ["SVHN_IS_DIGITS", "WHY_SVHN"]

WHY_SVHN = (
    "The results of this part are then of the 8 x 8 digits again: training and errors say nothing"
    " about SVHN."
)
DEPTH = 6


def find(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Loaders called svhn… whose dataset is made of `load_digits`."""
    for call, dataset in loader_calls(program):
        statement = program.statement(call)
        if not isinstance(statement, ast.Assign):
            continue
        target = statement.targets[0]
        if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            pairs = zip(target.elts, statement.value.elts, strict=False)
            target = next((t for t, v in pairs if v is call), target)
        name = name_of(target)
        if "svhn" not in words(name) or "svhn" in words(name_of(dataset)):
            continue
        if _is_digits(program, dataset):
            yield call, f"`{name}` is a loader of `{text_of(dataset, 60)}`: the 8 x 8 digits"


def _is_digits(program: Program, node: ast.expr, depth: int = DEPTH) -> bool:
    if depth == 0:
        return False
    if name_of(node):
        values = [v for v in program.values(node) if program.order(v.node) < program.order(node)]
        return bool(values) and _is_digits(program, values[-1].expression, depth - 1)
    if not isinstance(node, ast.Call):
        return False
    name = program.last_name(node)
    if name == "load_digits":
        return True
    for made in program.classes.get(name, []):
        inner = [n for n in ast.walk(made) if isinstance(n, ast.Call)]
        return any(program.last_name(n) == "load_digits" for n in inner)
    return any(_is_digits(program, argument, depth - 1) for argument in node.args[:1])


SVHN_IS_DIGITS = Detector(
    "svhn_is_digits",
    WHY_SVHN,
    "Make the loaders from the SVHN datasets; after copying a cell, change every name in it.",
    find,
)
