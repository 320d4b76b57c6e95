"""Points become decimals here, once, and nowhere else."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from grader.model.scorecard import ScoredCriterion, ScoredTask

__all__ = [
    "FEEDBACK_ONLY",
    "NO_POINTS",
    "as_number",
    "as_text",
    "criterion_share",
    "rounded",
    "settled",
    "task_share",
    "worth_points",
]

THOUSANDTHS = 1000

FEEDBACK_ONLY = "feedback only"
"""What stands where points would, in an assignment without any."""
NO_POINTS = "no points"
"""What stands where points would, of a task or criterion without any."""
OPEN = "\u2013"
"""What stands for points while nothing of them is decided: no zero."""


def rounded(points: Fraction) -> Decimal:
    """Round to at most three decimal places, a tie to the even neighbour (0.0625 → 0.062).

    Half-even, so that rounding many results neither lifts nor lowers a class.
    """
    return Decimal(round(points * THOUSANDTHS)) / THOUSANDTHS


def as_text(points: Fraction) -> str:
    """Write points without trailing zeros: `3.5`, `10`, `0.333`."""
    text = f"{rounded(points):.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def as_number(points: Fraction) -> float:
    """Points as JSON holds them."""
    return float(rounded(points))


def settled(task: ScoredTask) -> Fraction | None:
    """A task's points, or None where nothing of it is decided yet."""
    return task.points if any(one.outcome.decided for one in task.criteria) else None


def worth_points(task: ScoredTask) -> bool:
    """Whether any criterion of a task carries points."""
    return any(one.max_points for one in task.criteria)


def task_share(task: ScoredTask) -> str:
    """`3.5 / 4`, `\u2013 / 4` while nothing is decided, `no points`."""
    return _share(settled(task), task.max_points) if worth_points(task) else NO_POINTS


def criterion_share(criterion: ScoredCriterion) -> str:
    """The same of a criterion."""
    earned = criterion.points if criterion.outcome.decided else None
    return _share(earned, criterion.max_points) if criterion.max_points else NO_POINTS


def _share(earned: Fraction | None, possible: Fraction) -> str:
    return f"{OPEN if earned is None else as_text(earned)} / {as_text(possible)}"
