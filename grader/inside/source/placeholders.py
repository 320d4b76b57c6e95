"""Finds where a template still says PLEASE FILL IN and nothing was filled in. Pure syntax.

Students leave the comment and write below it, so the comment alone says nothing.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .sources import Chunk

__all__ = ["module_names", "placeholder_lines"]

PLACEHOLDER = re.compile(
    r"#.*(?:PLEASE\s+(?:FILL|COMPLETE|WRITE|ADD|INSERT)|(?:YOUR|ADD)\s+(?:OWN\s+)?CODE\b"
    r"|FILL\s+(?:IT\s+)?IN\b)",
    re.IGNORECASE,
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.ClassDef, ast.Lambda)
HEADER = re.compile(r"(?:def|class|for|while|if|elif|else|with|try|return)\b.*[:\w]$|@|[)\]}]")


def placeholder_lines(chunk: Chunk, known: set[str]) -> list[int]:
    """Lines that ask for code which is not there.

    Args:
        chunk: A cell; scripts have no placeholders.
        known: Names that exist at module level anywhere in the submission.
    """
    if chunk.cell is None:
        return []
    lines = chunk.text.split("\n")
    asked = [number for number, line in enumerate(lines, start=1) if PLACEHOLDER.search(line)]
    if not asked:
        return []
    if chunk.tree is None:  # such as `def f(x):` with nothing but a comment below it
        return asked[:1] if _only_headers(lines) else []
    if all(map(_hollow, chunk.tree.body)):
        return asked[:1]
    return [number for number in asked if _unfilled(chunk.tree, lines, number, known)]


def _unfilled(tree: ast.Module, lines: list[str], number: int, known: set[str]) -> bool:
    """Whether nothing was written after the comment, or what follows needs names it never gets."""
    code = (line.strip() for line in lines[number:])
    following = next((line for line in code if line and not line.startswith("#")), "")
    if following.startswith(("pass", "...", "raise NotImplemented")):
        return True
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, FUNCTIONS) and node.lineno <= number <= (node.end_lineno or 0)
    ]
    return bool(around) and bool(_undefined(around[-1], known))


def _undefined(function: ast.AST, known: set[str]) -> set[str]:
    """Names that a function reads and nobody ever sets."""
    read: set[str] = set()
    stored = set(known)
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else stored).add(node.id)
        elif isinstance(node, ast.arg):
            stored.add(node.arg)
        elif isinstance(node, ast.alias):
            stored.add((node.asname or node.name).split(".", 1)[0])
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler)) and node.name:
            stored.add(node.name)
    return read - stored - {"__class__", "__file__"}


def module_names(tree: ast.AST) -> set[str]:
    """Names bound at module level."""
    names: set[str] = set()
    for node in _outside_functions(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".", 1)[0])
    return names


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, SCOPES):
            yield from _outside_functions(node)


def _only_headers(lines: list[str]) -> bool:
    """Whether a cell that does not parse holds signatures and comments only."""
    code = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return sum(HEADER.match(line) is None for line in code) <= len(code) // 2


def _hollow(node: ast.stmt) -> bool:
    """Whether a statement does nothing: pass, a docstring, an ellipsis, NotImplementedError."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return all(map(_hollow, node.body))
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Raise):
        return node.exc is not None and "NotImplemented" in ast.unparse(node.exc)
    if isinstance(node, ast.Assign | ast.Return):
        value = node.value
        return value is None or (isinstance(value, ast.Constant) and value.value in {None, ...})
    return isinstance(node, ast.Pass | ast.Import | ast.ImportFrom)
