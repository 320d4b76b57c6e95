"""Family `claim`: a number that the student states against the one measured here."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from grader.checks.requests import Source
from grader.model.base import Record

__all__ = ["ClaimMatches"]


class ClaimMatches(Record):
    """Parameters of `claim.matches`."""

    claim: str
    """What the number is, in words: `test error of the MLP`."""
    patterns: tuple[str, ...] = Field(min_length=1)
    """Regular expressions with one group `value`, for stored outputs and text files."""
    files: tuple[str, ...] = ()
    """Globs of text files that may state it."""
    model: str
    """A role of kind `module`."""
    dataset: str
    metric: Literal["accuracy", "error", "nll"]
    tolerance: float = Field(default=0.0005, ge=0)
    """In the metric's own unit (a share, or nats)."""
    coarsest: float = Field(default=0.005, ge=0)
    """How far rounding by the student may add to the tolerance."""
    which: Literal["last", "any", "all"] = "last"
    """Which of several claims counts."""
    missing: Literal["fail", "pending"] = "fail"
    """When no number is stated."""
    instead: tuple[str, ...] = ()
    """Other splits whose number the student may have stated by mistake; for the hint only."""
    source: Source = "saved"

    @model_validator(mode="after")
    def _patterns_have_value(self) -> ClaimMatches:
        for pattern in self.patterns:
            try:
                groups = re.compile(pattern).groupindex
            except re.error as error:
                msg = f"'{pattern}' is not a regular expression: {error}"
                raise ValueError(msg) from error
            if "value" not in groups:
                msg = f"'{pattern}' needs a group (?P<value>…)"
                raise ValueError(msg)
        return self
