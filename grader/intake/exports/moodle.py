"""Moodle: `First Last_<participant>_assignsubmission_file_/…`, or the same as a prefix of files.

Source: Moodle's "Download all submissions", with and without "in folders".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.intake.exports.base import HandedIn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Moodle"]

ENTRY = re.compile(
    r"(?P<who>.+)_(?P<participant>\d+)_assignsubmission_(?P<kind>file|onlinetext)_?(?P<rest>.*)",
    re.DOTALL,
)


class Moodle:
    """The submissions zip of an assignment."""

    name = "Moodle"

    def recognises(self, entries: Sequence[Path], assignment: str) -> bool:
        """By the mark in the names."""
        del assignment
        return any(ENTRY.fullmatch(path.name) for path in entries)

    def handed_in(self, entries: Sequence[Path], assignment: str) -> list[HandedIn]:
        """One submission a participant: their folders or files together."""
        del assignment
        found: dict[str, list[tuple[Path, str, str]]] = {}
        for path in entries:
            match = ENTRY.fullmatch(path.name)
            if match:
                rest = "" if path.is_dir() else match["rest"]
                found.setdefault(match["participant"], []).append((path, match["who"], rest))
        return [_one(participant, parts) for participant, parts in sorted(found.items())]


def _one(participant: str, parts: list[tuple[Path, str, str]]) -> HandedIn:
    who = parts[0][1]
    return HandedIn(
        name=f"{who}_{participant}",
        paths=tuple(path for path, _, _ in parts),
        renamed={path: rest for path, _, rest in parts if rest},
        student_ids=(participant,),
        team=who,
    )
