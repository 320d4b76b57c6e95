"""One step's view of the submission: its files, its parsed sources, its lifted definitions."""

from __future__ import annotations

import linecache
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .reply import Reply
from .source.sources import Chunk, Source, Sources, read_sources

if TYPE_CHECKING:
    from types import ModuleType

    from .definitions.lifted import Definitions

__all__ = ["Session"]


class Session:
    """What probes share.

    Args:
        job: The whole job.
        main_module: The real `__main__`: student code is defined there.

    Attributes:
        root: The submission's folder.
        scratch: A writable folder, and the working directory.
        inputs: The folder of the grader's inputs.
        datasets: Name → `{"file", "encoding", "dtype", "shape", "family", "rows", "total_rows"}`,
            and `offsets` where the encoding is `encoded`.
        torch_home: The folder of official weights, empty when there is none.
        served: Name → `{"path", "family", "partial", "splits"}`: what student code finds.
        reply: The reply of the probe that runs now.
        live: The namespace alive after `execute`, None before.
        main: The `__main__` module.
    """

    def __init__(self, job: dict[str, Any], main_module: ModuleType) -> None:
        self.job = job
        self.root = Path(job["submission"])
        self.scratch = Path(job["scratch"])
        self.inputs = Path(job["inputs"])
        self.datasets: dict[str, dict[str, Any]] = job.get("datasets", {})
        self.served: dict[str, dict[str, Any]] = job.get("served", {})
        self.torch_home = str(job.get("torch_home") or "")
        self.reply = Reply()
        self.live: dict[str, Any] | None = None
        self.main = main_module
        self._sources: Sources | None = None
        self._definitions: Definitions | None = None
        self.shims: Any = None
        """What `shims.install` made; None before student code may run."""

    def remark(self, code: str, message: str, place: dict[str, Any] | None = None) -> None:
        """Tell the student something, through the reply of the probe that runs now."""
        self.reply.remark(code, message, place)

    def sources(self) -> Sources:
        """The parsed notebooks and scripts."""
        if self._sources is None:
            self._sources = read_sources(self.root)
            if self._sources.settings_error:
                self.remark("grade_toml", self._sources.settings_error, _file("grade.toml"))
        return self._sources

    def prepare(self) -> None:
        """Make the box look like the student's machine. Once, before any of their code runs."""
        if self.shims is None:
            from . import shims

            shims.install(self)
            assert self.shims is not None, "or every call would patch the patches again"

    def definitions(self) -> Definitions:
        """What is lifted from the sources; after an execution, what is alive."""
        if self.live is not None:
            from .binding.alive import alive_definitions

            return alive_definitions(self.live, self.sources())
        if self._definitions is None:
            from .definitions.lift import lift

            sources = self.sources()
            self.prepare()
            for chunk in sources.chunks:
                self.show_source(chunk)
            sys.argv = [sources.entry or "submission"]
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - until the step ends
            self._definitions = lift(sources, self.main, str(self.root))
        return self._definitions

    def show_source(self, chunk: Chunk) -> None:
        """Let tracebacks and `inspect` find the source of a cell."""
        text = chunk.parsed.python or chunk.text
        lines = [line + "\n" for line in text.split("\n")]
        linecache.cache[chunk.name] = (len(text), None, lines, chunk.name)

    def place_of(self, filename: str, lineno: int | None) -> dict[str, Any] | None:
        """The student's file, cell and line behind a compiled file name; None when not theirs."""
        path, mark, cell = filename.rpartition("#cell")
        if not mark or not cell.isdigit():
            path, cell = filename, ""
        whole = Path(path) if path.startswith("/") else self.root / path
        try:
            relative = whole.relative_to(self.root).as_posix()
        except ValueError:
            return None
        source: Source | None = self.sources().source(relative)
        if source is None and not whole.is_file():
            return None
        return {"file": relative, "cell": int(cell) if cell else None, "line": lineno}


def _file(path: str) -> dict[str, Any]:
    return {"file": path, "cell": None, "line": None}
