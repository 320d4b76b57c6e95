"""Runs a notebook's cells in order, and other files that `%run` names."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..source.magics import parse_code
from ..source.notebooks import read_notebook
from ..source.sources import read_text
from .cells import words_of
from .importer import compile_student
from .shell import CellShell, make_shell

if TYPE_CHECKING:
    from ..source.sources import Chunk, Source
    from .run import Run

__all__ = ["run_notebook"]


def run_notebook(run: Run, source: Source) -> None:
    """Run every code cell, those after an error too."""
    shell = make_shell(run.session.main, run.uses)
    shell.runner = OtherFiles(run, shell)
    sys.argv = [source.path]
    for chunk in source.chunks:
        run.session.show_source(chunk)
        run.cell(chunk.cell or 0, chunk.name, _cell(shell, chunk))


def _cell(shell: CellShell, chunk: Chunk) -> Any:
    def act() -> BaseException | None:
        error = shell.run(chunk.text, chunk.name)
        if isinstance(error, Exception) and "raises-exception" in chunk.tags:
            return None  # Jupyter goes on after it
        return error

    return act


class OtherFiles:
    """`%run other.ipynb`, `%run script.py arguments`, `!python script.py`.

    Args:
        run: The run.
        shell: Whose cell asks.
    """

    def __init__(self, run: Run, shell: CellShell) -> None:
        self._run = run
        self._shell = shell

    def run_magic(self, line: str) -> None:
        """Run a file in the student's namespace.

        Raises:
            FileNotFoundError: It is not there.
        """
        words = words_of(line)
        while words and words[0].startswith("-") and words[0] != "--":
            words.pop(0)
        if not words:
            return
        path = self._find(words[0])
        name = self._run.workspace.shown_as(str(path.absolute()))
        argv, sys.argv = sys.argv, [str(path), *words[1:]]
        try:
            if path.suffix == ".ipynb":
                self._notebook(path, name)
            else:
                self._script(path, name)
        finally:
            sys.argv = argv

    def _find(self, name: str) -> Path:
        for candidate in (name, f"{name}.py", f"{name}.ipynb"):
            path = Path(candidate)
            if path.is_file():
                return path
            found = self._run.places.submitted(candidate)
            if found is not None and Path(found).is_file():
                return Path(found)
        raise FileNotFoundError(2, "No such file or directory", name)

    def _notebook(self, path: Path, name: str) -> None:
        for cell in read_notebook(read_text(path)):
            if cell.kind != "code":
                continue
            error = self._shell.run(cell.text, f"{name}#cell{cell.number}")
            if error is not None:
                raise error

    def _script(self, path: Path, name: str) -> None:
        text = read_text(path)
        parsed = parse_code(text)
        linecache.checkcache(name)
        space = self._shell.user_ns
        space["__file__"] = str(path.absolute())
        try:
            exec(compile_student(parsed.python or text, name), space)  # noqa: S102
        except SystemExit as error:
            if error.code not in {None, 0}:
                raise
        finally:
            space.pop("__file__", None)
