"""Canvas: flat files `<lastfirst>[_LATE]_<user>_<submission>_<original name>`.

A file that was handed in again under its name arrives as `<name>-1.ext`. Where a notebook or an
archive comes under both names, the one with the highest submission number counts, and it is said.
Other names are kept as they come, since a student's own name may end that way too.

Source: Canvas's "Download Submissions".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.intake.exports.base import HandedIn
from grader.intake.notes import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Part = tuple[Path, re.Match[str]]

__all__ = ["Canvas"]

ENTRY = re.compile(
    r"(?P<who>[^_]+)(?P<late>_LATE)?_(?P<user>\d+)_(?P<submission>\d+)_(?P<rest>.+)", re.DOTALL
)
PACKED = r"(?P<suffix>\.ipynb|\.zip|\.tar\.gz|\.tgz)"
AGAIN = re.compile(rf"(?P<stem>.+)-\d{{1,3}}{PACKED}", re.IGNORECASE | re.DOTALL)
AGAIN_SUFFIX = re.compile(rf".+{PACKED}", re.IGNORECASE | re.DOTALL)
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


def _one(who: str, user: str, parts: list[Part]) -> HandedIn:
    names = {path: match["rest"] for path, match in parts}
    again, notes = _handed_in_again(parts)
    kept = [part for part in parts if part[0] not in again]
    for earlier, later in again.items():
        names[later] = names[earlier] if len(names[earlier]) < len(names[later]) else names[later]
    return HandedIn(
        name=f"{who}_{user}",
        paths=tuple(path for path, _ in kept),
        renamed={path: names[path] for path, _ in kept},
        student_ids=(user,),
        team=who,
        marked_late=any(match["late"] for _, match in kept),
        notes=tuple(notes),
        also=tuple(again),
    )


def _handed_in_again(parts: list[Part]) -> tuple[dict[Path, Path], list[str]]:
    """Earlier path → the one that counts, and what to say of them."""
    named = {match["rest"] for _, match in parts}
    versions: dict[str, list[Part]] = {}
    for path, match in parts:
        numbered = AGAIN.fullmatch(match["rest"])
        first = f"{numbered['stem']}{numbered['suffix']}" if numbered else match["rest"]
        if AGAIN_SUFFIX.fullmatch(match["rest"]) and first in named:
            versions.setdefault(first, []).append((path, match))
    earlier: dict[Path, Path] = {}
    notes = []
    for first, several in versions.items():
        *older, (latest, match) = sorted(several, key=lambda part: int(part[1]["submission"]))
        earlier |= {path: latest for path, _ in older}
        if older:
            left = ", ".join(f"'{shown(m['rest'])}'" for _, m in older)
            notes.append(
                f"'{shown(first)}' was handed in again: '{shown(match['rest'])}' is the latest and"
                f" counts; {left} does not"
            )
    return earlier, notes
