"""What the pure function makes: check results, scored criteria, scorecards, human decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from grader.model.base import Digest, Number, Points, Record
from grader.model.evidence import Attempt, Place, Remark
from grader.model.outcome import Outcome, Status, Visibility

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = [
    "Baseline",
    "CheckResult",
    "ConfusionMatrix",
    "Curves",
    "Decision",
    "Exhibit",
    "FigureShown",
    "Flag",
    "Interval",
    "Provenance",
    "Scorecard",
    "ScoredCriterion",
    "ScoredTask",
    "Series",
]


class Flag(Record):
    """Something a person should look at. It never changes points by itself."""

    code: str
    message: str


class Interval(Record):
    """A 95% confidence interval."""

    low: float
    high: float


class Baseline(Record):
    """What the reference solution reached on the same measurement."""

    mean: float
    spread: float
    """Standard deviation over the seeds."""
    seeds: int
    source: str
    """The reference's name, such as `reference.digits_mlp`."""


class ConfusionMatrix(Record):
    """Rows: true class. Columns: predicted class."""

    kind: Literal["confusion_matrix"] = "confusion_matrix"
    title: str
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Series(Record):
    """One curve."""

    label: str
    x: tuple[float, ...]
    y: tuple[Number, ...]


class Curves(Record):
    """Curves over a common axis."""

    kind: Literal["curves"] = "curves"
    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]


class FigureShown(Record):
    """A captured figure: its pixels are in the evidence store under this digest."""

    kind: Literal["figure"] = "figure"
    title: str
    sha256: Digest
    height: int
    width: int


Exhibit = Annotated[ConfusionMatrix | Curves | FigureShown, Field(discriminator="kind")]


class CheckResult(Record):
    """What one check concludes from evidence."""

    outcome: Outcome
    fraction: Points
    """Share of the criterion's points, 0 to 1."""
    message: str
    """What was found, to the student, in full sentences."""
    expected: str = ""
    """What was expected."""
    hint: str = ""
    """What to try."""
    measured: Number | str | None = None
    threshold: Number | str | None = None
    unit: str = ""
    interval: Interval | None = None
    baseline: Baseline | None = None
    places: tuple[Place, ...] = ()
    bound_by: str = ""
    """How the role was bound, such as `name: classnet (hw.ipynb, cell 7)`."""
    flags: tuple[Flag, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    spoilt: bool = False
    """Whether the machine's load spoilt what it rests on: the next run measures that again."""
    builds_on: str = ""
    """Of a blocked one: the `task/criterion` to mend first, the earliest of its chain."""

    @classmethod
    def banded(cls, fraction: Fraction, message: str, **more: object) -> CheckResult:
        """Pass, partial or fail, by the fraction earned."""
        outcome = (
            Outcome.PASS if fraction == 1 else Outcome.PARTIAL if fraction > 0 else Outcome.FAIL
        )
        return cls.model_validate(
            {"outcome": outcome, "fraction": fraction, "message": message, **more}
        )


class Decision(Record):
    """What a person decided about one criterion of one submission. It outlives every regrade."""

    assignment: str
    submission: str
    criterion: str
    """`task/criterion`."""
    points: Points
    comment: str = ""
    decided_by: str
    decided_at: str
    """ISO 8601 with zone."""


class ScoredCriterion(Record):
    """A criterion with its result and points."""

    id: str
    title: str
    check: str
    outcome: Outcome
    points: Points
    max_points: Points
    bonus: bool
    visibility: Visibility
    source: str
    result: CheckResult
    decision: Decision | None = None

    def waits(self, feedback_only: bool) -> bool:  # noqa: FBT001 - the assignment's
        """Whether a person must decide: where there are points, what carries none may stay open."""
        return self.outcome is Outcome.PENDING and (feedback_only or self.max_points > 0)


class ScoredTask(Record):
    """A task with its criteria."""

    id: str
    title: str
    points: Points
    max_points: Points
    criteria: tuple[ScoredCriterion, ...]


class Provenance(Record):
    """What the scorecard rests on."""

    generated_by: str
    rubric_digest: Digest
    submission_digest: Digest
    sandbox: str
    self_check: bool
    """Made without isolation on a student's own machine: not official."""
    limits: dict[str, str] = {}
    environment: dict[str, str] = {}
    evidence: dict[str, str] = {}
    """Probe request digest → state."""


class Scorecard(Record):
    """One submission's outcomes, points and remarks."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    assignment: str
    title: str
    feedback_only: bool = False
    """No points: comments and corrections alone."""
    submission: str
    team: str
    student_ids: tuple[str, ...]
    points: Points
    """Bonus and penalty included."""
    max_points: Points
    bonus: Points
    pending_points: Points
    """Still to be decided by a person, or lost to our error until it is mended."""
    penalty: Points
    status: Status
    flags: tuple[Flag, ...]
    remarks: tuple[Remark, ...]
    tasks: tuple[ScoredTask, ...]
    attempts: tuple[Attempt, ...]
    provenance: Provenance

    def criterion(self, name: str) -> ScoredCriterion:
        """Look up `task/criterion`.

        Raises:
            KeyError: There is none.
        """
        for task in self.tasks:
            for criterion in task.criteria:
                if f"{task.id}/{criterion.id}" == name:
                    return criterion
        raise KeyError(name)
