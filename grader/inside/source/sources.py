"""The submission's notebooks and scripts, found and parsed, never run. Imports no torch."""

from __future__ import annotations

import ast
import os
import re
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .magics import Parsed, parse_code
from .notebooks import Cell, NotebookError, read_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Chunk",
    "Source",
    "Sources",
    "explicit_settings",
    "files_below",
    "imported_packages",
    "imports_of",
    "is_main_guard",
    "read_sources",
    "read_text",
]

SKIPPED_FOLDERS = frozenset(
    {"__pycache__", "__MACOSX", "node_modules", "site-packages", "venv", "env", "wandb"}
)
FILE_LIMIT = 5000
SOURCE_LIMIT = 200
NOTEBOOK_LIMIT_BYTES = 200_000_000
MAIN_NAMES = ("main.py", "run.py", "train.py", "solution.py")


@dataclass(frozen=True)
class Chunk:
    """A code cell, or a whole script.

    Attributes:
        file: Path relative to the submission's root.
        cell: Its number in the notebook; None for a script.
        text: As the student wrote it.
        parsed: As plain Python.
        tags: The cell's tags.
        name: What it is compiled under, so that tracebacks lead back to it.
    """

    file: str
    cell: int | None
    text: str
    parsed: Parsed
    tags: tuple[str, ...] = ()
    name: str = ""

    @property
    def tree(self) -> ast.Module | None:
        """The syntax tree, None when the chunk does not parse."""
        return self.parsed.tree

    def place(self, line: int | None = None) -> dict[str, Any]:
        """A place in it."""
        return {"file": self.file, "cell": self.cell, "line": line}


@dataclass(frozen=True)
class Source:
    """A notebook or a script."""

    path: str
    kind: str
    chunks: tuple[Chunk, ...] = ()
    cells: tuple[Cell, ...] = ()
    """All cells of a notebook."""
    error: str = ""
    """Why the whole file cannot be read."""

    @property
    def definitions(self) -> int:
        """Functions and classes in it, at any depth."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return sum(isinstance(n, kinds) for c in self.chunks if c.tree for n in ast.walk(c.tree))

    @property
    def statements(self) -> int:
        """Statements at module level."""
        return sum(len(c.tree.body) for c in self.chunks if c.tree)


@dataclass(frozen=True)
class Sources:
    """All notebooks and scripts of a submission."""

    files: tuple[Source, ...]
    entry: str = ""
    """The one that is run: path, empty when there is none."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The submission's grade.toml."""
    settings_error: str = ""

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """Every chunk: the entry's first, then the others in the order of their paths."""
        first = [s for s in self.files if s.path == self.entry]
        rest = [s for s in self.files if s.path != self.entry]
        return tuple(chunk for source in first + rest for chunk in source.chunks)

    def source(self, path: str) -> Source | None:
        """Look one up by its path."""
        return next((source for source in self.files if source.path == path), None)


def files_below(root: Path) -> Iterator[Path]:
    """Regular files, the shallow ones first, without links, hidden folders and environments."""
    found: list[tuple[int, str, Path]] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith(".")
        )
        for name in names:
            path = Path(folder) / name
            try:
                regular = stat.S_ISREG(path.lstat().st_mode)
            except OSError:
                continue
            if regular and not name.startswith("._"):
                relative = path.relative_to(root)
                found.append((len(relative.parts), relative.as_posix(), path))
        if len(found) >= FILE_LIMIT:
            break
    for _, _, path in sorted(found)[:FILE_LIMIT]:
        yield path


def read_text(path: Path, limit: int = NOTEBOOK_LIMIT_BYTES) -> str:
    """Read text in whatever encoding a student's editor wrote.

    Raises:
        ValueError: The file is larger than the limit.
    """
    if path.stat().st_size > limit:
        raise ValueError(f"the file is larger than {limit // 1_000_000} MB")
    data = path.read_bytes()
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_sources(root: Path) -> Sources:
    """Find and parse every notebook and script below a folder."""
    files: list[Source] = []
    for path in files_below(root):
        if len(files) >= SOURCE_LIMIT:
            break
        suffix = path.suffix.lower()
        if suffix == ".ipynb":
            files.append(_notebook(root, path))
        elif suffix in {".py", ".pyw"}:
            files.append(_script(root, path))
    settings, error = explicit_settings(root)
    wanted = settings.get("entry")
    known = {source.path for source in files}
    entry = wanted if isinstance(wanted, str) and wanted in known else _entry(files)
    if isinstance(wanted, str) and wanted not in known and not error:
        error = f"grade.toml names the entry '{wanted}', which is not there"
    return Sources(tuple(files), entry, settings, error)


def explicit_settings(root: Path) -> tuple[dict[str, Any], str]:
    """The submission's own grade.toml, and what is wrong with it."""
    path = root / "grade.toml"
    if not path.is_file() or path.is_symlink():
        return {}, ""
    try:
        return tomllib.loads(read_text(path, 1_000_000)), ""
    except (ValueError, RecursionError) as error:
        return {}, f"grade.toml cannot be read: {error}"


def _notebook(root: Path, path: Path) -> Source:
    relative = path.relative_to(root).as_posix()
    try:
        cells = read_notebook(read_text(path))
    except (NotebookError, ValueError) as error:
        return Source(relative, "notebook", error=str(error))
    chunks = tuple(
        Chunk(
            relative,
            cell.number,
            cell.text,
            parse_code(cell.text),
            cell.tags,
            f"{path}#cell{cell.number}",
        )
        for cell in cells
        if cell.kind == "code"
    )
    return Source(relative, "notebook", chunks, cells)


def _script(root: Path, path: Path) -> Source:
    relative = path.relative_to(root).as_posix()
    try:
        text = read_text(path, 50_000_000)
    except ValueError as error:
        return Source(relative, "script", error=str(error))
    parsed = parse_code(text, notebook=False)
    if parsed.tree is None:
        exported = parse_code(text)  # an exported notebook keeps its magics
        parsed = exported if exported.tree is not None else parsed
    return Source(relative, "script", (Chunk(relative, None, text, parsed, (), str(path)),))


def _entry(files: list[Source]) -> str:
    """The notebook with most definitions; without notebooks, the script that starts the others."""
    notebooks = [s for s in files if s.kind == "notebook" and s.statements]
    if notebooks:
        return max(notebooks, key=lambda s: (s.definitions, s.statements)).path
    scripts = [s for s in files if s.kind == "script" and s.statements]
    if not scripts:
        broken = [s for s in files if s.chunks or s.error]
        return broken[0].path if broken else ""
    imported = {name for s in scripts for name in imports_of(s)}

    def rank(source: Source) -> tuple[bool, bool, bool, int, int]:
        name = source.path.rsplit("/", 1)[-1]
        module = source.path[:-3].replace("/", ".")
        return (
            module not in imported,
            name in MAIN_NAMES,
            any(is_main_guard(n) for c in source.chunks if c.tree for n in c.tree.body),
            source.definitions,
            source.statements,
        )

    return max(scripts, key=rank).path


def is_main_guard(node: ast.stmt) -> bool:
    """Whether a statement is `if __name__ == "__main__":`."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and len(node.test.ops) == 1
        and isinstance(node.test.ops[0], ast.Eq)
        and {
            operand.id if isinstance(operand, ast.Name) else getattr(operand, "value", None)
            for operand in (node.test.left, *node.test.comparators)
        }
        == {"__name__", "__main__"}
    )


IMPORT_LINE = re.compile(r"^\s*(?:from\s+([\w.]+)\s+import\b|import\s+([\w., ]+))")


def imports_of(source: Source) -> set[str]:
    """Dotted names that one source imports anywhere."""
    names: set[str] = set()
    for chunk in source.chunks:
        names |= _imports_in(chunk)
    return names


def _imports_in(chunk: Chunk) -> set[str]:
    names: set[str] = set()
    if chunk.tree is None:  # the cell is lost, its imports still say what the code is made with
        for line in chunk.text.split("\n"):
            found = IMPORT_LINE.match(line)
            if found and found[1]:
                names.add(found[1])
            elif found:
                names |= {part.split()[0] for part in found[2].split(",") if part.split()}
        return names
    for node in ast.walk(chunk.tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*"}
    return names


def imported_packages(root: Path) -> list[str]:
    """Dotted names imported anywhere below a folder, such as `matplotlib.pyplot`."""
    names: set[str] = set()
    for source in read_sources(root).files:
        names |= imports_of(source)
    return sorted(names)
