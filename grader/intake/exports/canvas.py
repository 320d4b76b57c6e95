"""Canvas: flat files `<lastfirst>[_LATE]_<user>_<submission>_<original name>`.

A file that was handed in again under its name arrives as `<name>-1.ext`; the names are kept as
they come, since a student's own name may end that way too.

Source: Canvas's "Download Submissions".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.intake.exports.base import HandedIn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Canvas"]

ENTRY = re.compile(
    r"(?P<who>[^_]+)(?P<late>_LATE)?_(?P<user>\d+)_(?P<submission>\d+)_(?P<rest>.+)", re.DOTALL
)
ENOUGH = 2 / 3
"""Share of the entries that must look so."""


class Canvas:
    """The submissions zip of an assignment."""

    name = "Canvas"

    def recognises(self, entries: Sequence[Path], assignment: str) -> bool:
        """By the two numbers in most names."""
        del assignment
        files = [path for path in entries if path.is_file()]
        fitting = sum(ENTRY.fullmatch(path.name) is not None for path in files)
        return fitting > 0 and fitting >= ENOUGH * len(entries)

    def handed_in(self, entries: Sequence[Path], assignment: str) -> list[HandedIn]:
        """One submission a user: their files together, under the names they gave them."""
        del assignment
        found: dict[tuple[str, str], list[tuple[Path, re.Match[str]]]] = {}
        for path in entries:
            match = ENTRY.fullmatch(path.name)
            if match and path.is_file():
                found.setdefault((match["who"], match["user"]), []).append((path, match))
        return [_one(who, user, parts) for (who, user), parts in sorted(found.items())]


def _one(who: str, user: str, parts: list[tuple[Path, re.Match[str]]]) -> HandedIn:
    late = any(match["late"] for _, match in parts)
    return HandedIn(
        name=f"{who}_{user}",
        paths=tuple(path for path, _ in parts),
        renamed={path: match["rest"] for path, match in parts},
        student_ids=(user,),
        team=who,
        marked_late=late,
    )
