"""What was handed in: submissions, their files, and what could not be read."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from grader.model.base import Digest, Record

__all__ = ["Submission", "SubmittedFile", "Unreadable"]


class SubmittedFile(Record):
    """One file of a submission."""

    path: str
    """Relative to the submission's root, with forward slashes."""
    size_bytes: int
    sha256: Digest


class Submission(Record):
    """The files one team handed in for one assignment."""

    assignment: str
    name: str
    """Unique within the assignment: the folder's or archive's name."""
    root: Path
    """Where the files lie on this machine. Never part of a scorecard."""
    team: str
    student_ids: tuple[str, ...]
    files: tuple[SubmittedFile, ...]
    """Regular files only, sorted by path."""
    submitted_at: datetime | None = None
    """With a time zone; None where nothing tells."""
    marked_late: bool = False
    """Whether the platform marks it as late, which does not say by how much."""
    notes: tuple[str, ...] = ()
    """What intake left out or changed, for the staff (links, sockets, macOS litter)."""

    @property
    def digest(self) -> str:
        """SHA-256 over the paths and contents of all files."""
        whole = hashlib.sha256()
        for file in self.files:
            whole.update(f"{file.path}\0{file.sha256}\n".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()


class Unreadable(Record):
    """Something in the folder of submissions that could not be read. Others go on."""

    assignment: str
    name: str
    message: str
    mend: str
