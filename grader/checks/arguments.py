"""Inputs that the rubric's seed draws on the host, and the form in which they enter a box."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue, model_validator

from grader.model.base import Record

__all__ = ["Argument"]


class Argument(Record):
    """One argument of a student's function, given or drawn anew for each call."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """What `expected.py` calls it; the student's code too, when passed by keyword."""
    draw: Literal["value", "normal", "uniform", "integers", "one_hot", "net"] = "value"
    """`value` as given; `integers` below `high`; `net`: a linear net with log-softmax on top."""
    value: JsonValue = None
    """For `value`: a number, text, true, false, or a list, passed as Python has it."""
    shape: tuple[int, ...] = ()
    """Of the drawn tensor; for `one_hot` (N, classes), for `net` (inputs, classes)."""
    low: float = 0.0
    high: float = 1.0
    dtype: Literal["float32", "float64", "int64"] = "float64"
    by: Literal["position", "keyword"] = "position"

    @model_validator(mode="after")
    def _shape_fits(self) -> Argument:
        if self.draw in ("one_hot", "net") and len(self.shape) != 2:  # noqa: PLR2004 - a matrix
            msg = f"'{self.name}': draw = \"{self.draw}\" needs a shape of two numbers"
            raise ValueError(msg)
        if self.draw in ("uniform", "integers") and not self.low < self.high:
            msg = f"'{self.name}': low must be below high"
            raise ValueError(msg)
        return self
