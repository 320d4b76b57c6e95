"""Families `accuracy` and `error`: predictions of a net against labels that never enter a box."""

from __future__ import annotations

from pydantic import model_validator

from grader.checks.bands import Band, well_formed
from grader.checks.requests import Source
from grader.model.base import Points, Record

__all__ = ["AccuracyAtLeast", "ErrorAtMost"]


class Measured(Record):
    """What both families need."""

    model: str
    """A role of kind `module`."""
    dataset: str
    """Such as `digits/test`."""
    bands: tuple[Band, ...]
    """Such as `[{ at = 0.65, fraction = 1 }, { at = 0.55, fraction = 0.5 }]`."""
    source: Source = "saved"
    chance: Points | None = None
    """Accuracy of guessing; default: the share of the most frequent class."""


class AccuracyAtLeast(Measured):
    """Parameters of `accuracy.at_least`. Accuracies are shares, 0 to 1."""

    @model_validator(mode="after")
    def _bands_rise(self) -> AccuracyAtLeast:
        well_formed(self.bands, rising=True)
        return self


class ErrorAtMost(Measured):
    """Parameters of `error.at_most`. Errors are shares of misclassified examples, 0 to 1."""

    @model_validator(mode="after")
    def _bands_fall(self) -> ErrorAtMost:
        well_formed(self.bands, rising=False)
        return self
