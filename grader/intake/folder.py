"""Format `folder`: the files lie where they are; nothing is copied."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from grader.errors import IntakeError

if TYPE_CHECKING:
    from pathlib import Path

    from grader.intake.limits import Limits
    from grader.intake.notes import Notes

__all__ = ["FolderFormat"]


class FolderFormat:
    """A folder with a submission's files."""

    name = "folder"

    def accepts(self, path: Path) -> bool:
        """Any folder."""
        return path.is_dir()

    def stem(self, path: Path) -> str:
        """The folder's name."""
        return path.name

    def open(self, path: Path, workdir: Path, limits: Limits, notes: Notes) -> Path:
        """The folder itself.

        Raises:
            IntakeError: It may not be read.
        """
        del workdir, limits, notes
        if not os.access(path, os.R_OK | os.X_OK):
            raise IntakeError("the folder may not be read", mend="mend its permissions")
        return path
