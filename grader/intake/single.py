"""Format `file`: one notebook or script is a whole submission."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from grader.errors import IntakeError

if TYPE_CHECKING:
    from pathlib import Path

    from grader.intake.limits import Limits
    from grader.intake.notes import Notes

__all__ = ["SOURCE_SUFFIXES", "SingleFileFormat"]

SOURCE_SUFFIXES = frozenset({".ipynb", ".py"})


class SingleFileFormat:
    """A notebook or a script. It is copied alone, since what lies beside it is not its work."""

    name = "file"

    def accepts(self, path: Path) -> bool:
        """By its suffix."""
        return path.suffix.lower() in SOURCE_SUFFIXES and path.is_file()

    def stem(self, path: Path) -> str:
        """The file's name without its suffix."""
        return path.stem

    def open(self, path: Path, workdir: Path, limits: Limits, notes: Notes) -> Path:
        """Copy it into a new folder.

        Raises:
            IntakeError: It is too large or may not be read.
        """
        del notes
        if path.stat().st_size > limits.file_bytes:
            message = f"the file is larger than {limits.file_bytes // 2**20} MiB"
            raise IntakeError(message, mend="clear its outputs")
        workdir.mkdir(parents=True)
        try:
            shutil.copyfile(path, workdir / path.name, follow_symlinks=False)
        except OSError as error:
            message = f"the file cannot be read: {error.strerror}"
            raise IntakeError(message, mend="mend its permissions") from error
        return workdir
