"""Who is who: a CSV of the course that maps what platforms say to students, teams and times.

    identifier,student_id,name,team,submitted_at
    4711,123456789,Ada Lovelace,Team 1,2024-02-28T21:59:00+02:00
    alan,987654321,Alan Turing,Team 1,

Columns are found by their usual names, so that GitHub Classroom's roster and grades files, and most
gradebook exports, can be given as they are. Every column but name, team and time identifies.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grader.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from grader.model.submission import Submission

__all__ = ["Roster", "identified", "read_roster"]

STUDENT = (
    "student_id",
    "student id",
    "sis user id",
    "sid",
    "roster_identifier",
    "identifier",
    "id",
)
"""The first of these that is there says who the student is."""
NAMES = ("name", "full name", "student")
TEAMS = ("team", "group_name", "group")
TIMES = ("submitted_at", "submission_timestamp")
FILE_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class Row:
    """One student."""

    student_id: str
    known_as: frozenset[str]
    name: str
    team: str
    submitted_at: datetime | None


@dataclass(frozen=True)
class Roster:
    """The students of a course."""

    rows: tuple[Row, ...]

    def of(self, names: Iterable[str]) -> tuple[Row, ...]:
        """The rows of everybody whom these names identify, with the rest of their teams."""
        wanted = {_key(name) for name in names}
        direct = [row for row in self.rows if row.known_as & wanted]
        teams = {row.team for row in direct if row.team}
        return tuple(row for row in self.rows if row in direct or (row.team and row.team in teams))


def read_roster(file: Path) -> Roster:
    """Read a roster.

    Raises:
        ConfigurationError: It cannot be read, or no column says who the students are.
    """
    try:
        if file.stat().st_size > FILE_BYTES:
            raise ConfigurationError("a roster of such a size is none", where=str(file))
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        mend = "save it as CSV in UTF-8"
        raise ConfigurationError(f"cannot be read: {error}", where=str(file), mend=mend) from error
    first = text.partition("\n")[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if first.count(";") > 1 else ",")
    columns = {str(name).strip().lower(): name for name in reader.fieldnames or ()}
    student = next((columns[name] for name in STUDENT if name in columns), None)
    if student is None:
        raise ConfigurationError(
            "no column says who the students are",
            where=f"{file}:1",
            mend="name one student_id; beside it: identifier, name, team, submitted_at",
        )
    other = {columns[n] for n in (*NAMES, *TEAMS, *TIMES) if n in columns}
    rows = []
    for line, entry in enumerate(reader, start=2):
        values = {
            key: (value or "").strip()
            for key, value in entry.items()
            if key is not None and not isinstance(value, list)
        }
        if not values.get(student):
            continue
        known_as = {_key(v) for key, v in values.items() if v and key not in other}
        rows.append(
            Row(
                student_id=values[student],
                known_as=frozenset(known_as),
                name=_first(values, columns, NAMES),
                team=_first(values, columns, TEAMS),
                submitted_at=_time(_first(values, columns, TIMES), f"{file}:{line}"),
            )
        )
    return Roster(tuple(rows))


def identified(submissions: Iterable[Submission], roster: Roster | None) -> tuple[Submission, ...]:
    """Name the students of submissions, and note who is in two of them or in the roster of none."""
    named = tuple(_identified(one, roster) if roster else one for one in submissions)
    twice = Counter((s.assignment, student) for s in named for student in s.student_ids)
    return tuple(_told(one, named, twice) for one in named)


def _identified(submission: Submission, roster: Roster) -> Submission:
    rows = roster.of((submission.name, submission.team, *submission.student_ids))
    if not rows:
        note = "nobody in the roster is known by this submission's name or students"
        return submission.model_copy(update={"notes": (*submission.notes, note)})
    times = [row.submitted_at for row in rows if row.submitted_at is not None]
    team = rows[0].team or ", ".join(row.name or row.student_id for row in rows)
    changes = {
        "student_ids": tuple(dict.fromkeys(row.student_id for row in rows)),
        "team": team,
        "submitted_at": submission.submitted_at or (max(times) if times else None),
    }
    return submission.model_copy(update=changes)


def _told(
    submission: Submission, all_of_them: tuple[Submission, ...], twice: Counter[tuple[str, str]]
) -> Submission:
    notes = [
        f"student '{student}' is also in "
        + ", ".join(
            f"'{other.name}'"
            for other in all_of_them
            if other is not submission
            and other.assignment == submission.assignment
            and student in other.student_ids
        )
        for student in submission.student_ids
        if twice[submission.assignment, student] > 1
    ]
    if not notes:
        return submission
    return submission.model_copy(update={"notes": (*submission.notes, *notes)})


def _first(values: dict[str, str], columns: dict[str, str], names: tuple[str, ...]) -> str:
    return next((values[columns[n]] for n in names if n in columns and values[columns[n]]), "")


def _time(text: str, where: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ConfigurationError(
            f"'{text}' is no time with a zone",
            where=where,
            mend="such as 2024-02-28T23:59:00+02:00",
        )
    return moment


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
