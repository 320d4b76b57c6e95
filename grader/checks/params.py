"""Family `params`: how many numbers a net learns, counted in its saved tensors."""

from __future__ import annotations

from pydantic import Field

from grader.checks.requests import Source
from grader.model.base import Record

__all__ = ["ParamsLimit"]


class ParamsLimit(Record):
    """Parameters of `params.fewer_than` and `params.at_most`."""

    model: str
    """A role of kind `module`."""
    limit: int = Field(gt=0)
    """Numbers in all parameters; buffers do not count."""
    source: Source = "any"
