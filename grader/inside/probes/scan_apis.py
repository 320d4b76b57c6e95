"""Probe `scan_apis`: where names are used, by syntax and through aliases; strings do not count."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from ..source.names import Aliases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..reply import Reply
    from ..session import Session
    from ..source.sources import Chunk

__all__ = ["scan_apis", "uses_in"]

USE_LIMIT = 2000
STATEMENT_LINES = 20
COMMENT = re.compile(r"""\s*\#[^'"]*$""")
METHOD_OWNERS = frozenset({"Tensor", "Module", "Optimizer", "ndarray"})
"""`Tensor.backward` is a method: whose, the syntax cannot tell, so any `.backward(` counts."""
SAME = {"torch.nn.modules": "torch.nn", "torch.functional": "torch"}


def scan_apis(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: ApiUses."""
    names, within = list(params["names"]), list(params.get("within") or [])
    chunks = [chunk for chunk in session.sources().chunks if chunk.tree is not None]
    aliases = _per_file(chunks)
    uses: list[dict[str, Any]] = []
    for chunk in chunks:
        for name, line in uses_in(chunk.tree, names, within, aliases[chunk.file]):
            if len(uses) < USE_LIMIT:
                uses.append(_use(chunk, name, line))
    reply.payload = {"uses": uses, "searched": names}


def _per_file(chunks: list[Chunk]) -> dict[str, Aliases]:
    found: dict[str, Aliases] = {}
    for chunk in chunks:
        if chunk.tree is not None:
            found.setdefault(chunk.file, Aliases()).add(chunk.tree)
    return found


def _use(chunk: Chunk, name: str, line: int) -> dict[str, Any]:
    text = _statement(chunk.text.split("\n"), line)
    return {"name": name[:300], "place": chunk.place(line), "how": "static", "text": text}


def _statement(lines: list[str], line: int) -> str:
    """The line, and those after it until its brackets close, as one line."""
    taken: list[str] = []
    for text in lines[max(0, line - 1) : line - 1 + STATEMENT_LINES] if line > 0 else ():
        taken.append(text.strip())
        whole = " ".join(taken)
        if sum(map(whole.count, "([{")) <= sum(map(whole.count, ")]}")):
            break
        taken[-1] = COMMENT.sub("", taken[-1])
    return " ".join(taken)[:500]


def uses_in(
    tree: ast.AST | None, names: list[str], within: list[str], aliases: Aliases
) -> Iterator[tuple[str, int]]:
    """Each use of a forbidden name, as (name, line), once a line.

    Args:
        tree: Of a cell or script.
        names: Dotted names; a module's name stands for everything in it.
        within: Functions and classes to look into; empty: everywhere.
        aliases: What local names stand for.
    """
    seen: set[tuple[str, int]] = set()
    for top in _inside(tree, within):
        for name, line in _uses(top, names, aliases):
            if (name, line) not in seen:
                seen.add((name, line))
                yield name, line


def _inside(tree: ast.AST | None, within: list[str]) -> Iterator[ast.AST]:
    if tree is None:
        return
    if not within:
        yield tree
        return
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and node.name in within:
            yield node
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, kinds) and f"{node.name}.{method.name}" in within:
                    yield method


def _uses(top: ast.AST, names: list[str], aliases: Aliases) -> Iterator[tuple[str, int]]:
    for node in ast.walk(top):
        for dotted in _named(node, aliases):
            for name in names:
                if _is(dotted, name):
                    yield name, getattr(node, "lineno", 0)
        if isinstance(node, ast.Attribute):
            yield from ((name, node.lineno) for name in names if _is_method(node.attr, name))
        if isinstance(node, ast.Call):
            for inner in _literal_code(node):
                copy = Aliases([inner])
                copy.table = {**aliases.table, **copy.table}
                for name, _ in _uses(inner, names, copy):
                    yield name, node.lineno


def _is_method(attribute: str, name: str) -> bool:
    owner, _, method = name.rpartition(".")
    return attribute == method and owner.rsplit(".", 1)[-1] in METHOD_OWNERS


def _named(node: ast.AST, aliases: Aliases) -> Iterator[str]:
    """Dotted names that a node stands for. Importing a thing is a use of it."""
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            yield aliases.resolve(node)
            yield from (f"{module}.{node.id}" for module in aliases.starred)
    elif isinstance(node, ast.Attribute | ast.Call):
        yield aliases.resolve(node)
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is(dotted: str, name: str) -> bool:
    if not dotted:
        return False
    for long, short in SAME.items():
        if dotted.startswith(f"{long}."):
            rest = dotted.removeprefix(f"{long}.")
            dotted = f"{short}.{rest.rpartition('.')[2] if long == 'torch.nn.modules' else rest}"
    return dotted == name or dotted.startswith(f"{name}.")


def _literal_code(node: ast.Call) -> Iterator[ast.AST]:
    """The code in `eval("…")` and `exec("…")`."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in {"eval", "exec"} and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            try:
                yield ast.parse(first.value.strip())
            except (SyntaxError, ValueError, RecursionError):
                return
