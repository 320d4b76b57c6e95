"""Probe `inspect_source`: what the submission's source is, without running it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from ..absent import OTHER_FRAMEWORKS
from ..sources import imports_of

if TYPE_CHECKING:
    from ..reply import Reply
    from ..session import Session
    from ..sources import Chunk, Source

__all__ = ["inspect_source"]

FRAMEWORKS = ("torch", *OTHER_FRAMEWORKS[:3])
MANY = 2000
PLACEHOLDER = re.compile(
    r"PLEASE\s+(?:FILL|COMPLETE|WRITE|ADD|INSERT)|(?:YOUR|ADD)\s+(?:OWN\s+)?CODE\b|FILL\s+(?:IT\s+)?IN\b",
    re.IGNORECASE,
)


def inspect_source(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: SourceFacts."""
    del params
    sources = session.sources()
    imports = sorted({n.split(".", 1)[0] for s in sources.files for n in imports_of(s)})
    reply.payload = {
        "files": [_file(source) for source in sources.files],
        "entry": sources.entry,
        "imports": imports[:MANY],
        "frameworks": [name for name in FRAMEWORKS if name in imports],
        "definitions": sum(source.definitions for source in sources.files),
        "placeholders": [
            chunk.place(line)
            for chunk in sources.chunks
            if (line := placeholder_line(chunk)) is not None
        ][:MANY],
    }


def _file(source: Source) -> dict[str, Any]:
    error, place = source.error, None
    for chunk in source.chunks:
        if not error and chunk.tree is None:
            error, place = chunk.parsed.error, chunk.place(chunk.parsed.line)
    return {
        "path": source.path[:300],
        "kind": source.kind,
        "cells": len(source.chunks) if source.kind == "notebook" else 0,
        "parse_error": error[:1000],
        "place": place,
    }


def placeholder_line(chunk: Chunk) -> int | None:
    """The line that still asks to be filled in, in a cell that has no code of its own."""
    line = next(
        (
            number
            for number, text in enumerate(chunk.text.split("\n"), start=1)
            if PLACEHOLDER.search(text)
        ),
        None,
    )
    if line is None or chunk.cell is None:
        return None
    if chunk.tree is None:  # a stub such as `def f(x):` with nothing but a comment below it
        return line if _only_headers(chunk.text) else None
    return line if all(map(_hollow, chunk.tree.body)) else None


def _only_headers(text: str) -> bool:
    """Whether a cell that does not parse holds signatures and comments only."""
    code = [t.strip() for t in text.split("\n") if t.strip() and not t.strip().startswith("#")]
    header = re.compile(r"(?:def|class|for|while|if|elif|else|with|try|return)\b.*[:\w]$|@|[)\]}]")
    return sum(header.match(line) is None for line in code) <= len(code) // 2


def _hollow(node: ast.stmt) -> bool:
    """Whether a statement does nothing: pass, a docstring, an ellipsis, a raise of NotImplemented."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return all(map(_hollow, node.body))
    if isinstance(node, ast.ClassDef):
        methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
        return all(map(_hollow, node.body)) or any(
            all(map(_hollow, n.body)) for n in methods if n.name != "__init__"
        )
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Raise):
        return node.exc is not None and "NotImplemented" in ast.unparse(node.exc)
    if isinstance(node, ast.Assign | ast.Return):
        value = node.value
        return value is None or (isinstance(value, ast.Constant) and value.value in {None, ...})
    return isinstance(node, ast.Pass | ast.Import | ast.ImportFrom)
