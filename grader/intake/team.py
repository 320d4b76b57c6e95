"""Who handed in: `grade.toml` first, else the platform's export, else the folder's name.

| name                    | team                    | students               |
| ----------------------- | ----------------------- | ---------------------- |
| `123456789_987654321`   | the name                | `123456789`, `987654321` |
| `s123456+s987654`       | the name                | `s123456`, `s987654`   |
| `ada-grace`             | the name                | `ada`, `grace`         |
| `Team-07`, `group_3`    | the name                | the name               |
| `my solution (1)`       | the name                | nobody, which is flagged |
| anything else           | the name                | the name               |

An id has at least four digits and otherwise letters. Names joined by `-` are letters only, and the
first is no word for a team. A name with signs that no person's has, or with a word for the work,
is nobody's.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.intake.notes import shown

if TYPE_CHECKING:
    from pathlib import Path

    from grader.intake.exports import HandedIn
    from grader.intake.notes import Notes

__all__ = ["Team", "team_of"]

TEAM_FILE = "grade.toml"
FILE_BYTES = 64 * 1024
NAME_CHARACTERS = 100
STUDENTS = 20
ID = re.compile(r"[A-Za-z]{0,4}\d{4,}[A-Za-z]{0,4}")
PERSON = re.compile(r"[\w .,'\u2019&+-]+")
WORK_WORDS = frozenset(
    {"abgabe", "assignment", "copy", "exercise", "final", "homework", "hw", "kopie", "lösung"}
    | {"notebook", "solution", "submission", "untitled", "übung"}
)
TEAM_WORDS = frozenset({"team", "group", "gruppe", "groep", "groupe", "grupo", "gruppo", "pair"})


@dataclass(frozen=True)
class Team:
    """Who handed in, and for what where they say so."""

    name: str
    student_ids: tuple[str, ...]
    assignment: str = ""


def team_of(name: str, root: Path, notes: Notes, handed_in: HandedIn | None = None) -> Team:
    """The team of a submission. A `grade.toml` that cannot be used is a note, never a crash.

    Args:
        name: Of the submission.
        root: Its folder.
        notes: Told what cannot be used.
        handed_in: What a platform's export says of it.
    """
    said = _said(root / TEAM_FILE, notes)
    claimed = _students(said.get("students"), notes)
    known = handed_in.student_ids if handed_in is not None else ()
    students = claimed or known or students_of(name)
    if claimed and known and not set(known) <= set(claimed):
        notes.say(
            f"{TEAM_FILE} names {shown(', '.join(claimed))}; the platform says that"
            f" {shown(', '.join(known))} handed it in"
        )
    fallback = handed_in.team if handed_in is not None and handed_in.team else name
    team = _text(said.get("team"), "team", notes) or _clean(fallback) or name
    assignment = _text(said.get("assignment"), "assignment", notes)
    return Team(team, students, assignment)


def students_of(name: str) -> tuple[str, ...]:
    """The students that a folder's or a file's name speaks of; none where it names nobody."""
    ids = [part for part in re.split(r"[_+,&\s]+", name) if part]
    if ids and all(ID.fullmatch(part) for part in ids):
        return tuple(dict.fromkeys(ids))
    names = name.split("-")
    letters = all(part.isalpha() for part in names)
    if len(names) > 1 and letters and names[0].lower() not in TEAM_WORDS:
        return tuple(dict.fromkeys(names))
    words = {word.rstrip("0123456789") for word in re.split(r"[\W_]+", name.lower())}
    return () if words & WORK_WORDS or not PERSON.fullmatch(name) else (name,)


def _said(file: Path, notes: Notes) -> dict[str, Any]:
    if file.is_symlink() or not file.is_file():
        return {}
    try:
        with file.open("rb") as opened:
            data = opened.read(FILE_BYTES + 1)
        if len(data) > FILE_BYTES:
            notes.say(f"{TEAM_FILE} is larger than {FILE_BYTES // 1024} KiB and was not read")
            return {}
        return tomllib.loads(data.decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        notes.say(f"{TEAM_FILE} cannot be read and was not used: {shown(str(error))}")
        return {}


def _text(value: object, key: str, notes: Notes) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not _clean(value):
        notes.say(f'{TEAM_FILE}: {key} should be text, such as {key} = "…"; it was not used')
        return ""
    return _clean(value)


def _students(value: object, notes: Notes) -> tuple[str, ...]:
    if value is None:
        return ()
    listed = value if isinstance(value, list) else []
    plain = [
        str(entry)
        for entry in listed
        if isinstance(entry, str | int) and not isinstance(entry, bool)
    ]
    cleaned = tuple(dict.fromkeys(name for name in map(_clean, plain) if name))
    if not cleaned or len(plain) != len(listed) or len(cleaned) > STUDENTS:
        notes.say(f'{TEAM_FILE}: students should be a list, such as ["123456789"]; not used')
        return ()
    return cleaned


def _clean(text: str) -> str:
    """One printable line of bounded length."""
    line = " ".join(text.split())
    return "".join(char for char in line if char.isprintable())[:NAME_CHARACTERS]
