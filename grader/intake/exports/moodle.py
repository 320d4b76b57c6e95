"""Moodle: `First Last_<participant>_assignsubmission_file_/…`, or the same as a prefix of files.

Where students submit in groups, the same files come once for every member, whose name has the
group's in front: `Team 7-Ada Lovelace_4711_…`. They are put together again where the files are the
same to the byte and the text before a hyphen is too.

Source: Moodle's "Download all submissions", with and without "in folders"; `mod/assign/locallib`
for groups.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

from grader.intake.exports.base import HandedIn
from grader.intake.walk import files_below

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    Parts = list[tuple[Path, str, str]]
    """Path, who, and the name that the student gave; of one participant."""

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
        members = {participant: parts[0][1] for participant, parts in found.items()}
        groups = _groups({p: who for p, who in members.items() if "-" in who}, found)
        grouped = {participant for _, people in groups for participant in people}
        alone = [_one(p, parts) for p, parts in sorted(found.items()) if p not in grouped]
        return sorted(
            [*alone, *(_group(name, people, found) for name, people in groups)],
            key=lambda one: one.name,
        )


def _groups(members: dict[str, str], found: dict[str, Parts]) -> list[tuple[str, list[str]]]:
    """Groups as (name, participants): the same files, and the same text before a hyphen."""
    alike: dict[str, list[str]] = {}
    if len(members) > 1:
        for participant in sorted(members):
            alike.setdefault(_fingerprint(found[participant]), []).append(participant)
    groups: dict[tuple[str, str], list[str]] = {}
    for print_, people in alike.items():
        fronts = {p: _fronts(members[p]) for p in people}
        shared = [front for listed in fronts.values() for front in listed]
        for participant in people:
            both = [front for front in fronts[participant] if shared.count(front) > 1]
            if both:
                groups.setdefault((print_, max(both, key=len)), []).append(participant)
    return [(name, people) for (_, name), people in groups.items() if len(people) > 1]


def _fronts(who: str) -> list[str]:
    words = who.split("-")
    return [front for n in range(1, len(words)) if (front := "-".join(words[:n]).strip())]


def _fingerprint(parts: Parts) -> str:
    whole = hashlib.sha256()
    for path, _, rest in sorted(parts, key=lambda part: (part[2], part[0].name)):
        kind = "file" if "_assignsubmission_file" in path.name else "text"
        for relative, file in _files(path):
            name = os.fsencode(f"{kind}/{rest}/{relative}")
            with file.open("rb") as opened:
                inside = hashlib.file_digest(opened, "sha256").digest()
            whole.update(len(name).to_bytes(8, "big") + name + inside)
    return whole.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """Regular files, in a fixed order. What cannot be read is nobody's."""
    if path.is_file() and not path.is_symlink():
        yield "", path
    for file in files_below(path):
        if os.access(file, os.R_OK):
            yield file.relative_to(path).as_posix(), file


def _group(name: str, people: list[str], found: dict[str, Parts]) -> HandedIn:
    """One submission of a group, from the files of its first member."""
    one = _one(people[0], found[people[0]])
    return HandedIn(
        name=f"{name}_{people[0]}",
        paths=one.paths,
        renamed=one.renamed,
        student_ids=tuple(people),
        team=name,
        notes=(f"the same files came for participants {', '.join(people)}: one group",),
        also=tuple(path for p in people[1:] for path, _, _ in found[p]),
    )


def _one(participant: str, parts: list[tuple[Path, str, str]]) -> HandedIn:
    who = parts[0][1]
    return HandedIn(
        name=f"{who}_{participant}",
        paths=tuple(path for path, _, _ in parts),
        renamed={path: rest for path, _, rest in parts if rest},
        student_ids=(participant,),
        team=who,
    )
