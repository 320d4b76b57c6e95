"""Family `api`: what the assignment asks the student to write without."""

from __future__ import annotations

from pydantic import Field

from grader.model.base import Record

__all__ = ["ApiForbidden"]


class ApiForbidden(Record):
    """Parameters of `api.forbidden`."""

    names: tuple[str, ...] = Field(min_length=1)
    """Full names, such as `torch.nn.CrossEntropyLoss`."""
    within: tuple[str, ...] = ()
    """Functions or classes in which they are forbidden; empty: anywhere."""
    dynamic: bool = False
    """Whether the names also raise in a run of their own, which finds what the text hides."""
