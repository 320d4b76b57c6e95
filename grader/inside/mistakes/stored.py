"""What a cell's stored outputs say, and which prints of the code may have written it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from .program import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..source.sources import Chunk
    from .program import Program

__all__ = [
    "FIELD",
    "SPECIFIER",
    "Printed",
    "cells_with_outputs",
    "is_count",
    "prints_of",
    "shown_by",
    "writes",
]

ANYTHING = "\0"
"""In a pattern, whatever a value prints."""
LINES, LINE_CHARS = 5000, 1000
SPACES = r"\s*"
NUMBER = r"\d*\.?\d+(?:[eE][-+]?\d+)?"
QUIET = frozenset(
    """
    torch torchvision numpy matplotlib sklearn pandas seaborn scipy PIL cv2 tqdm os sys time copy
    math random json pathlib collections typing functools itertools dataclasses pickle warnings re
    glob gc datetime csv shutil io zipfile tarfile __future__ abc enum operator statistics string
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
"""Packages that print no results of their own unless asked to."""
LOUD = frozenset(
    """
    system popen display stdout stderr globals locals vars set_description set_postfix write_line
    set_postfix_str register_forward_hook register_full_backward_hook register_backward_hook
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
RUNS_TEXT = frozenset({"exec", "eval", "__import__", "getattr"})
HARMLESS_MAGIC = re.compile(r"\s*(?:%+(?:matplotlib|time|timeit|config)\b|[!%]\s*pip\b)")
SPECIFIER = re.compile(r"%(?:\(\w+\))?[-+ #0]*[\d*]*(?:\.\d+)?[sdifgeEGr]")
RUNS_FILE = re.compile(r"\s*(?:python3?|run|bash)\s+\S+\.(?:py|ipynb|sh)\b")
FIELD = re.compile(r"\{[^{}]*\}")

Printed = ast.Call


def cells_with_outputs(program: Program) -> Iterator[tuple[Chunk, list[str]]]:
    """Cells of notebooks that parse, and the lines stored below them."""
    for source in program.files:
        outputs = {cell.number: cell.outputs for cell in source.cells if cell.outputs}
        for chunk in source.chunks:
            if chunk.tree is not None and chunk.cell in outputs:
                text = "\n".join(outputs[chunk.cell])
                lines = [line[:LINE_CHARS] for line in re.split(r"[\n\r]", text) if line.strip()]
                yield chunk, lines[:LINES]


def prints_of(program: Program, chunk: Chunk) -> list[Printed] | None:
    """Every print that a cell may reach; None when something else may print, too."""
    if not _only_quiet(program) or "print" in program.functions or chunk.tree is None:
        return None
    lines = chunk.text.split("\n")
    if any(re.match(r"\s*[!%]", li) and not HARMLESS_MAGIC.match(li) for li in lines):
        return None
    if any(RUNS_FILE.match(line) for line in lines) or _imported(chunk.tree) & _own(program):
        return None
    reached = list(_reached(program, chunk.tree))
    if any(_may_print(program, node) for node in reached):
        return None
    return [n for n in reached if isinstance(n, ast.Call) and program.called(n) == "print"]


def _may_print(program: Program, node: ast.AST) -> bool:
    """Whether more than `print(…)` may write there: `display`, `verbose=True`, `log = print`."""
    if isinstance(node, ast.keyword):
        return node.arg in {"verbose", "verbosity", "file", "desc"}
    if isinstance(node, ast.Call):
        runs = isinstance(node.func, ast.Name) and node.func.id in RUNS_TEXT
        return runs or program.called(node).endswith("tqdm.write")
    if isinstance(node, ast.Attribute | ast.Name) and _name(node) in LOUD:
        return True
    return isinstance(node, ast.Name) and node.id == "print" and not _is_called(program, node)


def _is_called(program: Program, node: ast.Name) -> bool:
    outer = program.parent(node)
    return isinstance(outer, ast.Call) and outer.func is node


def _name(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id


def _only_quiet(program: Program) -> bool:
    """Whether every chunk was read, and everything imported is known to print no results."""
    parsed = all(chunk.tree is not None for source in program.files for chunk in source.chunks)
    roots = set().union(*(_imported(chunk.tree) for chunk in program.chunks if chunk.tree))
    known = QUIET | _own(program)
    return parsed and not any(source.error for source in program.files) and roots <= known


def _own(program: Program) -> set[str]:
    """Names of the submission's own modules and folders."""
    paths = [source.path for source in program.files]
    folders = {part for path in paths for part in path.split("/")[:-1]}
    return folders | {path.rpartition("/")[2].rpartition(".")[0] for path in paths}


def _imported(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return found


def _reached(program: Program, tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of the cell, of all classes, and of what they name, however far."""
    waiting: list[ast.AST] = [tree, *(c for found in program.classes.values() for c in found)]
    waiting += [
        node.value
        for node in program.all(ast.Assign)
        if isinstance(node.targets[0], ast.Attribute) and isinstance(node.value, ast.Name)
    ]  # Net.report = report
    seen: set[ast.AST] = set()
    while waiting:
        for node in ast.walk(waiting.pop()):
            if node in seen:
                continue
            seen.add(node)
            yield node
            if isinstance(node, ast.Name | ast.Attribute):
                imported = program.name(node).rpartition(".")[2]  # from mine import fit as f
                for name in {_name(node), imported}:
                    waiting += program.functions.get(name, [])
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                waiting += [value.expression for value in program.assigned(node.id, node)]


def writes(call: Printed, line: str) -> bool:
    """Whether a print may have written a line, or a part of it."""
    return any(_follow(pattern, line) is not None for pattern in _patterns(call, None))


def shown_by(call: Printed, wanted: ast.expr, line: str) -> str:
    """The number in the line that stands for a value; empty when that cannot be told."""
    return next((n for p in _patterns(call, wanted) if (n := _follow(p, line))), "")


def _patterns(call: Printed, wanted: ast.expr | None) -> list[str]:
    """What a print may write, a pattern for each line; the number of `wanted` is a group."""
    whole = SPACES.join(_pattern(argument, wanted) for argument in call.args)
    return [line for line in whole.split("\n") if line.replace(SPACES, "")]


def _follow(pattern: str, line: str) -> str | None:
    """The number of the group; None when the texts do not follow one another in the line."""
    at, number = 0, ""
    for text in pattern.split(ANYTHING):
        bare = text.removeprefix(SPACES).removesuffix(SPACES)
        found = re.compile(bare).search(line, at)
        if found is None:
            return None
        at = found.end()
        if found.groups() and re.search(r"[A-Za-z]\W", bare.partition("(")[0]):
            number = found[1]
    return number


def _pattern(node: ast.expr, wanted: ast.expr | None) -> str:  # noqa: C901, PLR0911 - one case a form of code
    if isinstance(node, ast.Constant):
        return _literal(str(node.value))
    if node is wanted:
        return f"({NUMBER})"
    if isinstance(node, ast.JoinedStr):
        return "".join(_pattern(part, wanted) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return rf"\s*({NUMBER})" if node.value is wanted else ANYTHING
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant):
        text = node.left.value
        if isinstance(node.op, ast.Mod) and isinstance(text, str):
            return ANYTHING.join(_literal(part) for part in SPECIFIER.split(text))
        if isinstance(node.op, ast.Mult) and isinstance(text, str):
            return _literal(text)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _pattern(node.left, wanted) + _pattern(node.right, wanted)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = node.func.value
        nested = isinstance(owner, ast.Constant) and re.search(r"\{[^{}]*\{", str(owner.value))
        if node.func.attr == "format" and isinstance(owner, ast.Constant) and not nested:
            return ANYTHING.join(_literal(part) for part in FIELD.split(str(owner.value)))
    return ANYTHING


def _literal(text: str) -> str:
    """Text as a pattern: line breaks stay, spaces may be any, `%%` one or two characters."""
    lines = (re.split(r"[ \t]+", line) for line in re.split(r"[\n\r]", text))
    escaped = "\n".join(SPACES.join(map(re.escape, words)) for words in lines)
    return re.sub(r"%%|\\\{\\\{|\\\}\\\}", ".{1,2}", escaped)


def is_count(program: Program, node: ast.expr) -> bool:
    """Whether a name adds up right answers: begins with 0, then `+= ….sum()…`."""
    name = name_of(node)
    values = program.assigned(name, node) if name else []
    starts = [v for v in values if isinstance(v.expression, ast.Constant)]
    added = [n for n in program.all(ast.AugAssign) if name_of(n.target) == name]
    return (
        bool(added)
        and bool(values)
        and len(starts) == len(values)
        and all(s.expression.value == 0 for s in starts if isinstance(s.expression, ast.Constant))
        and all(_is_sum(n.value) for n in added)
    )


def _is_sum(node: ast.expr) -> bool:
    """`(a == b).sum().item()`, with nothing divided or weighted."""
    kinds = (ast.Mult, ast.Div, ast.FloorDiv)
    return (
        any(isinstance(n, ast.Attribute) and n.attr == "sum" for n in ast.walk(node))
        and not (any(isinstance(n, ast.BinOp) and isinstance(n.op, kinds) for n in ast.walk(node)))
        and any(isinstance(n, ast.Compare) for n in ast.walk(node))
    )
