"""What a rubric file says, after strict validation."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Literal

from pydantic import Field, JsonValue, model_validator

from grader.model.base import Points, Record
from grader.model.outcome import Visibility

__all__ = [
    "Assignment",
    "Budget",
    "Criterion",
    "Data",
    "FileRule",
    "Late",
    "OwnDataset",
    "Role",
    "Rubric",
    "Task",
    "TeamSize",
]

Identifier = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)


class TeamSize(Record):
    """How many students may hand in together."""

    min: int = Field(default=1, ge=1)
    max: int = Field(default=1, ge=1)


class Late(Record):
    """What lateness costs, taken from the total."""

    grace_minutes: int = Field(default=0, ge=0)
    """Minutes after the date that cost nothing."""
    per_day: Points
    """Share of the assignment's points for each begun day."""
    at_most: Points = Fraction(1)
    """Share of the assignment's points that lateness can cost."""

    @model_validator(mode="after")
    def _are_shares(self) -> Late:
        if not (0 <= self.per_day <= 1 and 0 <= self.at_most <= 1):
            msg = "per_day and at_most are shares of the points, from 0 to 1"
            raise ValueError(msg)
        return self


class Assignment(Record):
    """What is handed out."""

    id: str = Identifier
    title: str
    team_size: TeamSize = TeamSize()
    due: datetime | None = None
    """With a time zone."""
    late: Late | None = None
    """None: lateness costs nothing by itself."""
    feedback_only: bool = False
    """No points: comments and corrections alone. Every criterion then has 0 points."""

    @model_validator(mode="after")
    def _due_has_zone(self) -> Assignment:
        if self.due is not None and self.due.tzinfo is None:
            msg = "due needs a time zone, such as 2024-02-28T23:59:00+02:00"
            raise ValueError(msg)
        if self.late is not None and self.due is None:
            msg = "late needs due: the date from which days are counted"
            raise ValueError(msg)
        return self


class FileRule(Record):
    """A file, or files, that a submission may or must hold."""

    pattern: str
    """Glob over relative paths; `{student_ids}` stands for the ids joined by `_`."""
    required: bool = False
    source: str = ""
    """The handout's sentence."""


class Role(Record):
    """Something in the student's code that criteria speak about: a net, a class, a function.

    Bound to student code in the order of DESIGN §5; the scorecard says how.
    """

    kind: Literal["module", "class", "function", "dataset"]
    names: tuple[str, ...] = ()
    """The template's name first, then aliases seen in real submissions."""
    weights: tuple[str, ...] = ()
    """Globs of weight files for this role, most likely first. Kind `module` only."""
    input_shape: tuple[int, ...] | None = None
    """Of one example, without the batch dimension. Kind `module` only."""
    output_shape: tuple[int, ...] | None = None
    """Of one example, without the batch dimension. Kind `module` only."""
    unwrap: tuple[str, ...] = ()
    """Attributes that hold the net when the bound object wraps it (`classnet`)."""
    contains: tuple[str, ...] = ()
    """Layer types that tell this role from another of the same shape (`Conv2d`); one that is named
    several times must be there so often."""
    lacks: tuple[str, ...] = ()
    """Layer types that a net of this role does not have."""
    arguments: dict[str, JsonValue] = {}
    """Keyword arguments that construct it. Kinds `class` and `dataset`."""
    source_data: str = ""
    """Where the student's dataset class reads from, such as `sklearn.digits`. Kind `dataset`."""


class Budget(Record):
    """What one submission may spend in its box."""

    wall_seconds: float = Field(default=120.0, gt=0)
    """For the restart-and-run-all. On a busy machine up to twice as long."""
    cell_seconds: float = Field(default=60.0, gt=0)
    """For one cell of it, before its training loops are told to end."""
    optimizer_steps: int = Field(default=300, gt=0)
    """For each optimizer, before the epochs end."""
    batches_per_loader: int = Field(default=50, gt=0)
    """For each pass over a loader."""
    probe_seconds: float = Field(default=60.0, gt=0)
    """For every other probe. On a busy machine up to twice as long."""
    memory_bytes: int = Field(default=4 * 1024**3, gt=0)
    processes: int = Field(default=256, gt=0)
    disk_bytes: int = Field(default=1024**3, gt=0)
    output_bytes: int = Field(default=1024**2, gt=0)


class Data(Record):
    """What student code finds when it runs."""

    serve: tuple[str, ...] = ()
    """Datasets at hand in the box, whatever path or constructor the code uses: `mnist`, …"""
    given: str = ""
    """The rubric's folder of files that the course hands out (`utils.py`, pictures): laid beside
    the submissions that came without them."""


class OwnDataset(Record):
    """A course's own dataset, read by the grader alone unless it is served.

    Paths are relative to the rubric's folder, or, where nothing is there, to the root of datasets.
    """

    kind: Literal["image_folder", "csv", "npz"]
    title: str = ""
    path: str
    """A folder with one folder per class, a CSV file, or an `.npz` file; `{split}` stands for the
    split's name."""
    splits: tuple[str, ...] = ("test",)
    classes: tuple[str, ...] = ()
    """Names in the order of the labels; of an image folder, its sorted folder names by default."""
    label: str = "label"
    """The column, or the array, of labels."""
    inputs: tuple[str, ...] = ()
    """The columns, or the one array, of inputs; by default all that are not the label."""
    shape: tuple[int, ...] = ()
    """Of one input, where a CSV's columns are an image's pixels."""
    private: bool = True
    """Whether no student has it."""


class Criterion(Record):
    """The smallest thing that carries points."""

    id: str = Identifier
    title: str = ""
    points: Points
    check: str
    visibility: Visibility = Visibility.VISIBLE
    bonus: bool = False
    """On top of the task's points."""
    source: str
    """The handout's sentence that this grades."""
    requires: tuple[str, ...] = ()
    """Criteria (`task/criterion`) that must have earned something, else this is blocked."""
    with_: dict[str, JsonValue] = Field(default={}, alias="with")
    """The check's parameters."""

    @model_validator(mode="after")
    def _points_not_negative(self) -> Criterion:
        if self.points < 0:
            msg = "points cannot be negative"
            raise ValueError(msg)
        return self


class Task(Record):
    """A numbered part of an assignment."""

    id: str = Identifier
    title: str
    points: Points
    optional: bool = False
    """A starred question: not handed in is no mistake."""
    marked: str = ""
    """Regular expression over headings: without such a heading the task is not looked at."""
    elsewhere: str = ""
    """Regular expression over the headings above such a heading: below one it marks another task,
    as `X 1` does in another part."""
    criterion: tuple[Criterion, ...] = Field(min_length=1)


class Rubric(Record):
    """How one assignment is graded."""

    schema_version: Literal[1] = Field(alias="schema")
    assignment: Assignment
    files: dict[str, FileRule] = {}
    roles: dict[str, Role] = {}
    budget: Budget = Budget()
    data: Data = Data()
    datasets: dict[str, OwnDataset] = {}
    task: tuple[Task, ...] = Field(min_length=1)

    def criteria(self) -> dict[str, Criterion]:
        """All criteria by `task/criterion`, in order."""
        return {f"{t.id}/{c.id}": c for t in self.task for c in t.criterion}

    @property
    def max_points(self) -> Fraction:
        """Without bonus."""
        return sum((t.points for t in self.task), Fraction(0))
