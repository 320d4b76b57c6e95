"""Turns IPython's syntax into plain Python, line for line, so that places stay true.

Lines are mended only where the parser stops at them: a line of a string that looks like a magic
stays as it is.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from dataclasses import dataclass

__all__ = ["Parsed", "parse_code"]

TRANSPARENT_CELL_MAGICS = frozenset({"time", "timeit", "capture", "prun", "python", "python3"})
"""The cell below them is Python."""

SHELL_WORDS = (
    "apt|apt-get|bash|cat|cd|chmod|conda|cp|curl|gdown|git|kaggle|load_ext|ls|mamba|matplotlib|mkdir"
    "|mv|nvidia-smi|pip|pip3|pwd|python|python3|reload_ext|rm|run|sudo|tar|unzip|uv|wget"
)
BARE_COMMAND = re.compile(rf"(?:{SHELL_WORDS})(?:\s+[^\s=(].*)?$")
MAGIC_LINE = re.compile(r"[%!?]")
TIMED = re.compile(r"%(?:time|timeit)\s+(?:-\S+\s+(?:\d+\s+)?)*(?P<code>.*)$")
ASSIGNED = re.compile(r"(?P<left>[\w\s,.\[\]'\"]+=\s*)[!%].*$")
HELP = re.compile(r"[\w.]+\?{1,2}$")
WRITEFILE = re.compile(r"%%(?:writefile|file)\s+(?:-a\s+)?\S+\.py\s*$")

MEND_LIMIT = 200
SOURCE_LIMIT_BYTES = 5_000_000


@dataclass(frozen=True)
class Parsed:
    """Source as plain Python.

    Attributes:
        python: The mended text, with the same line numbers; empty when it does not parse.
        tree: Its syntax tree; None when it does not parse.
        error: Why it does not parse.
        line: Where, from 1.
    """

    python: str
    tree: ast.Module | None
    error: str = ""
    line: int | None = None


def parse_code(text: str, *, notebook: bool = True) -> Parsed:
    """Parse a cell or a script.

    Args:
        text: The source as the student wrote it.
        notebook: Whether magics and shell lines are allowed in it.
    """
    if len(text) > SOURCE_LIMIT_BYTES:
        return Parsed("", None, f"the source is longer than {SOURCE_LIMIT_BYTES} bytes")
    if not notebook:
        return _parse(text)
    text = _without_cell_magic(text)
    if text[:1] in {" ", "\t"}:
        text = textwrap.dedent(text)  # IPython allows a cell to be indented as a whole
    lines = text.split("\n")
    for _ in range(MEND_LIMIT):
        parsed = _parse("\n".join(lines))
        if parsed.tree is not None or parsed.line is None:
            return parsed
        if not _mend(lines, parsed.line - 1):
            return parsed
    return parsed


def _parse(text: str) -> Parsed:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = compile(
                text, "<student>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            )
    except SyntaxError as error:
        return Parsed("", None, f"{type(error).__name__}: {error.msg}", error.lineno)
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return Parsed("", None, f"{type(error).__name__}: {error}")
    assert isinstance(tree, ast.Module)
    return Parsed(text, tree)


def _without_cell_magic(text: str) -> str:
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None or not lines[first].startswith("%%"):
        return text
    stripped = lines[first][2:].strip()
    name = stripped.split(None, 1)[0] if stripped else ""
    if name in TRANSPARENT_CELL_MAGICS or WRITEFILE.match(lines[first]):
        lines[first] = "#" + lines[first]
        return "\n".join(lines)
    return "\n".join("#" + line for line in lines)  # another language


def _mend(lines: list[str], at: int) -> bool:
    """Make the line where the parser stopped plain Python; say whether that changed anything."""
    for index in (at, at - 1):
        if 0 <= index < len(lines):
            mended = _plain(lines[index])
            if mended is not None:
                continued = lines[index].rstrip().endswith("\\")
                lines[index] = mended
                while continued and index + 1 < len(lines):  # a shell line may go on
                    index += 1  # noqa: PLW2901
                    continued = lines[index].rstrip().endswith("\\")
                    lines[index] = "#" + lines[index]
                return True
    return False


def _plain(line: str) -> str | None:
    """The line without IPython's syntax, or None when it holds none."""
    stripped = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    timed = TIMED.match(stripped)
    if timed and timed["code"]:
        return indent + timed["code"]
    if MAGIC_LINE.match(stripped) or HELP.match(stripped) or BARE_COMMAND.match(stripped):
        return f"{indent}pass  # {stripped}".rstrip("\\ ")
    assigned = ASSIGNED.match(stripped)
    if assigned:
        return f"{indent}{assigned['left']}None"
    return None
