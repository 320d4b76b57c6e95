"""nbgrader: `submitted/<student>/<assignment>/*.ipynb`, with a `timestamp.txt`.

Source: nbgrader's `CourseDirectory.directory_structure`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from grader.intake.exports.base import HandedIn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Nbgrader"]

SUBMITTED = "submitted"
TIMESTAMP = "timestamp.txt"
LINE_CHARACTERS = 200


class Nbgrader:
    """The `submitted` folder of a course."""

    name = "nbgrader"

    def recognises(self, entries: Sequence[Path], assignment: str) -> bool:
        """When every folder holds the assignment's, and they are `submitted` or timestamped."""
        folders = [path for path in entries if path.is_dir()]
        return bool(folders) and all(
            (path / assignment).is_dir()
            and (path.parent.name == SUBMITTED or (path / assignment / TIMESTAMP).is_file())
            for path in folders
        )

    def handed_in(self, entries: Sequence[Path], assignment: str) -> list[HandedIn]:
        """One submission a student."""
        return [
            HandedIn(
                name=path.name,
                paths=(path / assignment,),
                student_ids=(path.name,),
                team=path.name,
                submitted_at=_time(path / assignment / TIMESTAMP),
            )
            for path in entries
            if path.is_dir()
        ]


def _time(file: Path) -> datetime | None:
    """`2015-02-02 14:58:23.948203 America/Los_Angeles`, or with UTC."""
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(LINE_CHARACTERS).strip()
        moment, _, zone = text.rpartition(" ")
        return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone))
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return None
