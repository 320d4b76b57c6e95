"""The shape of `grades.json`, and its JSON Schema (`grades.schema.json` beside this file).

python -m grader.report.schema      writes the schema anew
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from grader.model.base import Number, Record
from grader.model.evidence import Attempt
from grader.model.outcome import Outcome, Status

__all__ = [
    "CriterionRow",
    "FlagRow",
    "GradesFile",
    "SubmissionRow",
    "TaskRow",
    "UnreadableRow",
    "schema_file",
    "schema_text",
]


class FlagRow(Record):
    """Something a person should look at."""

    code: str
    message: str


class CriterionRow(Record):
    """One criterion of one submission."""

    id: str
    check: str
    outcome: Outcome
    points: float
    max_points: float
    message: str
    """What was found."""
    measured: Number | str | None
    """A diverged number is `"nan"`, `"inf"` or `"-inf"`."""
    threshold: Number | str | None
    baseline: float | None
    """What the reference solution reached on the same measurement: the mean over its seeds."""
    unit: str
    bound_by: str
    """How the student's code was found for this criterion."""


class TaskRow(Record):
    """One task of one submission."""

    id: str
    title: str
    points: float
    max_points: float
    criteria: tuple[CriterionRow, ...]


class SubmissionRow(Record):
    """One submission. Points have at most three decimals, rounded half to even."""

    assignment: str
    submission: str
    team: str
    student_ids: tuple[str, ...]
    points: float
    """Bonus and penalty included."""
    max_points: float
    """Without bonus."""
    bonus: float
    pending_points: float
    """Still to be decided by a person, or by us once our error is mended."""
    penalty: float
    status: Status
    flags: tuple[FlagRow, ...]
    tasks: tuple[TaskRow, ...]
    attempts: tuple[Attempt, ...]
    """The only part that holds times, and so the only part that differs between equal runs."""


class UnreadableRow(Record):
    """Something that was handed in and could not be read."""

    assignment: str
    name: str
    message: str
    mend: str


class GradesFile(Record):
    """`grades.json`: all submissions of one report, sorted by name."""

    schema_version: Literal[1] = Field(alias="schema")
    generated_by: str
    assignment: str | None
    """Null when the report covers several; each submission names its own."""
    submissions: tuple[SubmissionRow, ...]
    unreadable: tuple[UnreadableRow, ...]


def schema_text() -> str:
    """The JSON Schema of `grades.json`."""
    schema: dict[str, Any] = GradesFile.model_json_schema(mode="serialization", by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "grades.json"
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def schema_file() -> Path:
    """Where the schema lies in the package."""
    return Path(__file__).with_name("grades.schema.json")


if __name__ == "__main__":
    schema_file().write_text(schema_text(), encoding="utf-8")
