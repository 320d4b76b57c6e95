"""In what form a submission, or a folder of them, may come. One format per file, tried in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from grader.intake.folder import FolderFormat
from grader.intake.single import SingleFileFormat
from grader.intake.tar import TarFormat
from grader.intake.zip import ZipFormat
from grader.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from grader.intake.limits import Limits
    from grader.intake.notes import Notes

__all__ = ["FORMATS", "Format", "format_of"]


class Format(Protocol):
    """Turns a path into a folder on this machine."""

    @property
    def name(self) -> str:
        """Of the format."""

    def accepts(self, path: Path) -> bool:
        """Whether a path is of this format. At most one format accepts a path."""

    def stem(self, path: Path) -> str:
        """The submission's name, from its path."""

    def open(self, path: Path, workdir: Path, limits: Limits, notes: Notes) -> Path:
        """The folder that holds the files; made as `workdir` when they lie elsewhere.

        Raises:
            IntakeError: It cannot be read.
        """


FORMATS: Registry[Format] = Registry("intake format")
for _format in (FolderFormat(), SingleFileFormat(), ZipFormat(), TarFormat()):
    FORMATS.register(_format.name, _format)


def format_of(path: Path) -> Format | None:
    """The format of a path, None when it is no submission."""
    if path.is_symlink():
        return None
    return next((entry for entry in FORMATS.values() if entry.accepts(path)), None)
