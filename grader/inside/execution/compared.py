"""Whether code that draws holds things against each other, as one who looks for errors does.

for x, y in test_set: plt.imshow(x)                          no
wrong = [i for i in rows if guesses[i] != labels[i]]         yes, also in an earlier cell
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..source.sources import Chunk

__all__ = ["compares"]

CALLS = frozenset({"ne", "eq", "not_equal", "equal"})
"""Names of comparisons that are calls."""
ADDING = frozenset({"append", "extend", "add"})
DEPTH = 3
"""Of names made by other names; behind them is how the net was trained."""


def compares(chunks: Iterable[Chunk], file: str, cell: int | None) -> bool:
    """Whether a cell, or what made the names that it uses, compares two things that may vary.

    Args:
        chunks: Of the submission.
        file: The notebook or script.
        cell: Its number; in a script all is looked at.
    """
    known = list(chunks)
    mine = [
        statement
        for chunk in known
        if chunk.file == file and chunk.cell in (cell, None) and chunk.tree is not None
        for statement in chunk.tree.body
    ]
    every = [statement for chunk in known if chunk.tree for statement in chunk.tree.body]
    made = [(_stored(statement), statement) for statement in every]
    seen: list[ast.stmt] = []
    for _ in range(DEPTH):
        if any(_is_comparison(node) for one in mine for node in ast.walk(one)):
            return True
        seen += mine
        used = {name for one in mine for name in _names(one, ast.Load)}
        used -= {name for one in mine for name in _stored(one)}  # such as the `i` of a loop
        mine = [one for stored, one in made if stored & used and one not in seen]
    return False


def _stored(statement: ast.stmt) -> set[str]:
    """Names that a statement makes, or adds to: `wrong.append(row)`."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}  # what is made inside stays there
    found = _names(statement, ast.Store)
    for node in ast.walk(statement):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.attr in ADDING
        ):
            found.add(node.func.value.id)
    return found


def _names(statement: ast.stmt, context: type[ast.expr_context]) -> set[str]:
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, context)
    }


def _is_comparison(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        sides = (node.left, *node.comparators)
        equal = any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops)
        return equal and not any(isinstance(side, ast.Constant) for side in sides)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CALLS
    )
