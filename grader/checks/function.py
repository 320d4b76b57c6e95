"""Family `function`: a student's function against one computed outside the box."""

from __future__ import annotations

from fractions import Fraction

from pydantic import Field

from grader.checks.arguments import Argument
from grader.model.base import Points, Record

__all__ = ["FunctionMatches"]


class FunctionMatches(Record):
    """Parameters of `function.matches`."""

    role: str
    """Of kind `function` or `class`."""
    method: str = ""
    """Of the class; empty for a function."""
    made_with: tuple[Argument, ...] = ()
    """Arguments that make the object, drawn once."""
    arguments: tuple[Argument, ...] = ()
    """Arguments of each call."""
    calls: int = Field(default=3, ge=1, le=50)
    """How many calls with newly drawn inputs."""
    seed: int = Field(default=0, ge=0)
    accepted: tuple[str, ...] = Field(min_length=1)
    """Functions in the rubric's `expected.py`: the one asked for, then other conventions.

    Each is called as `f(**made_with, **arguments)` on float64 (int64) numpy arrays; a `net` comes
    as an object with `weight`, `bias` and `log_probabilities(x)`.
    """
    convention_fraction: Points = Fraction(1)
    """Share for matching another convention than the first."""
    relative: float = Field(default=1e-4, ge=0)
    absolute: float = Field(default=1e-6, ge=0)
    dtypes: tuple[str, ...] = ()
    """Such as `["int64"]`; empty: any."""
    same_shape: bool = True
    """Whether the result must have the expected shape, beyond axes of length 1."""
