"""A range of numbers in a rubric: `{ at_least = 0.1, at_most = 0.3 }` or `{ exactly = 40000 }`."""

from __future__ import annotations

import math

from pydantic import model_validator

from grader.checks.phrases import decimal
from grader.model.base import Record

__all__ = ["Range"]


class Range(Record):
    """Bounds, both included."""

    at_least: float | None = None
    at_most: float | None = None
    exactly: float | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> Range:
        if self.exactly is None and self.at_least is None and self.at_most is None:
            msg = "say at_least, at_most or exactly"
            raise ValueError(msg)
        if self.exactly is not None and (self.at_least, self.at_most) != (None, None):
            msg = "exactly stands alone, without at_least and at_most"
            raise ValueError(msg)
        low, high = self.at_least, self.at_most
        if low is not None and high is not None and low > high:
            msg = "at_least is above at_most"
            raise ValueError(msg)
        return self

    def holds(self, value: float) -> bool:
        """Whether a number lies in it; NaN never does. `exactly` to a millionth of its size."""
        if self.exactly is not None:
            return math.isclose(value, self.exactly, rel_tol=1e-6, abs_tol=1e-12)
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        return low <= value <= high

    def __str__(self) -> str:
        if self.exactly is not None:
            return decimal(self.exactly)
        if self.at_least is None:
            return f"at most {decimal(self.at_most or 0)}"
        if self.at_most is None:
            return f"at least {decimal(self.at_least)}"
        return f"{decimal(self.at_least)} to {decimal(self.at_most)}"
