"""Who is who: a CSV of the course that maps what platforms say to students, teams and times.

    identifier,student_id,name,team,submitted_at
    4711,123456789,Ada Lovelace,Team 1,2024-02-28T21:59:00+02:00
    alan,987654321,Alan Turing,Team 1,

Columns are found by their usual names, so that GitHub Classroom's roster and grades files, and most
gradebook exports, can be given as they are. Every column but name, team and time identifies.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from grader.errors import ConfigurationError
from grader.intake.notes import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from grader.model.submission import Submission

__all__ = ["Roster", "identified", "latest", "read_roster"]

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
PARTICIPANT = re.compile(r"\D+(\d+)")
"""Moodle's worksheet: `Participant 4711`, in the language of the site."""
FILE_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class Row:
    """One student."""

    student_id: str
    known_as: frozenset[str]
    name: str
    team: str
    submitted_at: datetime | None
    line: int


@dataclass(frozen=True)
class Roster:
    """The students of a course."""

    rows: tuple[Row, ...]

    def of(self, names: Iterable[str]) -> tuple[Row, ...]:
        """The rows of everybody whom these names identify, with the rest of their teams."""
        wanted = {_key(name) for name in names}
        direct = [row for row in self.rows if row.known_as & wanted]
        team = self.team_of(direct)
        if not team:
            return tuple(direct)
        return tuple(row for row in self.rows if row in direct or row.team == team)

    def team_of(self, direct: Sequence[Row]) -> str:
        """The one team that all of them are in; empty when there is none, or more than one."""
        teams: dict[str, set[str]] = {}
        for row in direct:
            teams.setdefault(row.student_id, set()).add(row.team)
        shared = set.intersection(*teams.values()) - {""} if teams else set()
        return shared.pop() if len(shared) == 1 else ""

    def teams_of(self, student_id: str) -> tuple[str, ...]:
        """Every team that has a student."""
        return tuple(
            dict.fromkeys(r.team for r in self.rows if r.team and r.student_id == student_id)
        )


def read_roster(file: Path) -> Roster:
    """Read a roster.

    Raises:
        ConfigurationError: It cannot be read, or no column says who the students are.
    """
    try:
        if file.stat().st_size > FILE_BYTES:
            raise ConfigurationError("a roster of such a size is none", where=str(file))
        text = _decoded(file.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        mend = "save it as CSV in UTF-8"
        raise ConfigurationError(f"cannot be read: {error}", where=str(file), mend=mend) from error
    try:
        names, entries = _table(text)
    except csv.Error as error:
        mend = "open it in a spreadsheet and save it as CSV in UTF-8"
        raise ConfigurationError(f"is no CSV: {error}", where=str(file), mend=mend) from error
    columns = {str(name).strip().lower(): name for name in names}
    present = [columns[name] for name in STUDENT if name in columns]
    told = [
        name for name in present if any((entry.get(name) or "").strip() for _, entry in entries)
    ]
    student = next(iter(told or present), None)
    if student is None:
        raise ConfigurationError(
            "no column says who the students are",
            where=f"{file}:1",
            mend="name one student_id; beside it: identifier, name, team, submitted_at",
        )
    other = {columns[n] for n in (*NAMES, *TEAMS, *TIMES) if n in columns}
    rows = []
    for line, entry in entries:
        values = {key: value.strip() for key, value in entry.items()}
        if not values.get(student):
            continue
        known_as = {_key(v) for key, v in values.items() if v and key not in other}
        participant = PARTICIPANT.fullmatch(_first(values, columns, ("identifier",)))
        if participant:
            known_as.add(participant[1])
        rows.append(
            Row(
                student_id=values[student],
                known_as=frozenset(known_as),
                name=_first(values, columns, NAMES),
                team=_first(values, columns, TEAMS),
                submitted_at=_time(_first(values, columns, TIMES), f"{file}:{line}"),
                line=line,
            )
        )
    _one_name_an_id(rows, file)
    return Roster(_telling(rows))


def _one_name_an_id(rows: Iterable[Row], file: Path) -> None:
    """Two people under one id would be given each other's points."""
    names: dict[str, Row] = {}
    for row in rows:
        other = names.setdefault(row.student_id, row)
        if row.name and other.name and _key(row.name) != _key(other.name):
            raise ConfigurationError(
                f"student '{shown(row.student_id)}' is both '{shown(other.name)}'"
                f" and '{shown(row.name)}'",
                where=f"{file}:{row.line}",
                mend="give everybody an id of their own, or write the name alike",
            )


def _decoded(data: bytes) -> str:
    """A spreadsheet's "Unicode text" is UTF-16 with a mark; everything else should be UTF-8."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def _table(text: str) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The columns' names, and each row with its line. A quoted value may go over lines."""
    lines = io.StringIO(text, newline="")
    separator = re.match(r"sep=(.)\r?\n", text)
    if separator:
        lines.readline()
        delimiter, skipped = separator[1], 1
    else:
        first = text.partition("\n")[0]
        delimiter, skipped = max(",;\t", key=first.count), 0
    reader = csv.reader(lines, delimiter=delimiter)
    names = next(reader, [])
    entries = []
    at = reader.line_num
    for row in reader:
        entries.append((skipped + at + 1, dict(zip(names, row, strict=False))))
        at = reader.line_num
    return names, entries


def _telling(rows: list[Row]) -> tuple[Row, ...]:
    """What several students are known as identifies nobody: a section, an assignment, a grade."""
    owners: dict[str, set[str]] = {}
    for row in rows:
        for name in row.known_as:
            owners.setdefault(name, set()).add(row.student_id)
    return tuple(
        replace(row, known_as=frozenset(n for n in row.known_as if len(owners[n]) == 1))
        for row in rows
    )


def identified(submissions: Iterable[Submission], roster: Roster | None) -> tuple[Submission, ...]:
    """Name the students of submissions, and note who is in two of them or in the roster of none."""
    named = tuple(_identified(one, roster) if roster else one for one in submissions)
    twice = Counter((s.assignment, student) for s in named for student in s.student_ids)
    return tuple(_told(one, named, twice) for one in named)


def latest(submissions: Iterable[Submission]) -> tuple[tuple[Submission, ...], tuple[str, ...]]:
    """Of what the same students handed in several times, the latest counts, and it is said.

    Only times tell which is the latest: where one has none, or two have the same, all stay.
    """
    same: dict[tuple[str, frozenset[str]], list[Submission]] = {}
    for one in submissions:
        key = frozenset(one.student_ids) or frozenset({f"\0{one.name}"})
        same.setdefault((one.assignment, key), []).append(one)
    kept: list[Submission] = []
    notes = []
    for several in same.values():
        times = [one.submitted_at for one in several if one.submitted_at is not None]
        if len(several) == 1 or len(times) < len(several) or times.count(max(times)) > 1:
            kept += several
            continue
        last = next(one for one in several if one.submitted_at == max(times))
        earlier = ", ".join(
            f"'{one.name}' of {one.submitted_at}" for one in several if one is not last
        )
        text = f"handed in again: '{last.name}' of {last.submitted_at} counts, {earlier} does not"
        notes.append(text)
        kept.append(last.model_copy(update={"notes": (*last.notes, text)}))
    return tuple(sorted(kept, key=lambda s: (s.assignment, s.name))), tuple(notes)


def _identified(submission: Submission, roster: Roster) -> Submission:
    rows = roster.of((submission.name, submission.team, *submission.student_ids))
    if not rows:
        note = "nobody in the roster is known by this submission's name or students"
        return submission.model_copy(update={"notes": (*submission.notes, note)})
    team = roster.team_of(rows)
    rows = tuple(row for row in rows if not team or row.team == team) or rows
    name = _key(submission.name)
    named = [row for row in rows if name in row.known_as or (team and row.team == team)]
    times = [row.submitted_at for row in named or rows if row.submitted_at is not None]
    students = tuple(dict.fromkeys(row.student_id for row in rows))
    people = {row.student_id: row.name or row.student_id for row in rows}
    notes = [
        f"the roster has student '{shown(one)}' in {len(teams)} teams: "
        + ", ".join(f"'{shown(name)}'" for name in teams)
        + ("" if team else "; it was taken as the work of those named here")
        for one in students
        if len(teams := roster.teams_of(one)) > 1
    ]
    changes = {
        "student_ids": students,
        "team": team or ", ".join(people.values()),
        "submitted_at": submission.submitted_at or (max(times) if times else None),
        "notes": (*submission.notes, *notes),
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
