"""`grades.json`: everything a script may want, in a shape with a JSON Schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from grader.report.points import FEEDBACK_ONLY, as_number
from grader.report.schema import (
    CriterionRow,
    FlagRow,
    GradesFile,
    SubmissionRow,
    TaskRow,
    UnreadableRow,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.model.scorecard import Scorecard, ScoredCriterion, ScoredTask
    from grader.report.contents import Contents

__all__ = ["grades_json"]


def _criterion(criterion: ScoredCriterion) -> CriterionRow:
    result = criterion.result
    return CriterionRow(
        id=criterion.id,
        check=criterion.check,
        outcome=criterion.outcome,
        points=as_number(criterion.points),
        max_points=as_number(criterion.max_points),
        message=result.message,
        measured=result.measured,
        threshold=result.threshold,
        baseline=None if result.baseline is None else result.baseline.mean,
        unit=result.unit,
        bound_by=result.bound_by,
    )


def _task(task: ScoredTask) -> TaskRow:
    return TaskRow(
        id=task.id,
        title=task.title,
        points=as_number(task.points),
        max_points=as_number(task.max_points),
        criteria=tuple(_criterion(criterion) for criterion in task.criteria),
    )


def _flags(card: Scorecard) -> tuple[FlagRow, ...]:
    flags = [FlagRow(code=flag.code, message=flag.message) for flag in card.flags]
    if card.feedback_only:
        text = "Feedback only: this assignment carries no points."
        flags.insert(0, FlagRow(code=FEEDBACK_ONLY.replace(" ", "_"), message=text))
    return tuple(flags)


def _submission(card: Scorecard) -> SubmissionRow:
    return SubmissionRow(
        assignment=card.assignment,
        submission=card.submission,
        team=card.team,
        student_ids=card.student_ids,
        points=as_number(card.points),
        max_points=as_number(card.max_points),
        bonus=as_number(card.bonus),
        pending_points=as_number(card.pending_points),
        penalty=as_number(card.penalty),
        status=card.status,
        flags=_flags(card),
        tasks=tuple(_task(task) for task in card.tasks),
        attempts=card.attempts,
    )


def grades_json(contents: Contents) -> Iterator[tuple[str, bytes]]:
    """Write `grades.json` (ASCII: everything else is escaped)."""
    assignments = contents.assignments
    grades = GradesFile(
        schema_version=1,
        generated_by=contents.generated_by,
        assignment=assignments[0] if len(assignments) == 1 else None,
        submissions=tuple(_submission(seen.scorecard) for seen in contents.overview),
        unreadable=tuple(
            UnreadableRow(assignment=u.assignment, name=u.name, message=u.message, mend=u.mend)
            for u in contents.unreadable
        ),
    )
    plain = grades.model_dump(mode="json", by_alias=True)
    yield "grades.json", (json.dumps(plain, indent=2, allow_nan=False) + "\n").encode()
