"""Family `notebook`: a restart-and-run-all under the rubric's budget."""

from __future__ import annotations

from fractions import Fraction

from pydantic import model_validator

from grader.checks.bands import Band, well_formed
from grader.model.base import Record

__all__ = ["NotebookRuns"]


class NotebookRuns(Record):
    """Parameters of `notebook.runs`."""

    bands: tuple[Band, ...] = (Band(at=Fraction(1), fraction=Fraction(1)),)
    """By the share of code cells that ran; the default: all or nothing."""
    forgive: tuple[str, ...] = ()
    """Error kinds that are not counted, such as `FileNotFoundError`."""
    forgive_timeouts: bool = False
    """Whether a cell that did not end within the budget is not counted."""

    @model_validator(mode="after")
    def _bands_rise(self) -> NotebookRuns:
        well_formed(self.bands, rising=True)
        return self
