"""Family `weights`: the saved weights and the class they were saved from."""

from __future__ import annotations

from grader.model.base import Record

__all__ = ["WeightsLoad"]


class WeightsLoad(Record):
    """Parameters of `weights.load`."""

    model: str
    """A role of kind `module`."""
