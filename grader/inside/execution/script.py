"""Runs a script as `python script.py` does, in the real `__main__`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .importer import compile_student

if TYPE_CHECKING:
    from ..shims.uses import Uses
    from ..source.sources import Source
    from .run import Run

__all__ = ["run_script"]


def run_script(run: Run, source: Source) -> None:
    """Run the whole file as one cell, number 0."""
    chunk = source.chunks[0]
    path = str(run.workspace.copy_of(source.path))
    main = run.session.main
    main.__file__ = path
    main.__dict__.setdefault("__builtins__", __builtins__)
    if "get_ipython(" in chunk.text and "import get_ipython" not in chunk.text:
        main.get_ipython = lambda: NoShell(run.uses)  # type: ignore[attr-defined]
    sys.argv = [path]

    def act() -> BaseException | None:
        try:
            code = compile_student(chunk.parsed.python or chunk.text, chunk.name)
            exec(code, main.__dict__)  # noqa: S102
        except SystemExit as error:
            return None if error.code in {None, 0} else error
        return None

    run.cell(0, chunk.name, act)


class NoShell:
    """What an exported notebook calls: nothing of it is run.

    Args:
        uses: Told.
    """

    def __init__(self, uses: Uses) -> None:
        self._uses = uses

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._uses.note("shim.ipython", "get_ipython() does nothing in a script; export without it")
        return lambda *_args, **_kwargs: None
