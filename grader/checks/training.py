"""Family `training`: whether the student's own training loop learns within a budget."""

from __future__ import annotations

from fractions import Fraction

from pydantic import Field

from grader.model.base import Points, Record

__all__ = ["TrainingLearns"]


class TrainingLearns(Record):
    """Parameters of `training.learns`."""

    model: str = ""
    """A role of kind `module`, measured after the budgeted run; empty: only the losses."""
    dataset: str = ""
    """Such as `digits/test`; needed with `model`."""
    ratio: float = Field(default=0.9, gt=0, lt=1)
    """The median loss of the last quarter of steps must be below this share of the first's."""
    steps: int = Field(default=8, ge=4)
    """Fewer recorded losses than this say nothing."""
    loss_fraction: Points = Fraction(1, 2)
    """Share for a falling loss when the accuracy is not above chance."""
    confidence: float = Field(default=0.999, gt=0.5, lt=1)
    """One-sided, for the accuracy to be above chance."""
