"""Family `loss`: a student's loss against the negative log-likelihood computed outside the box."""

from __future__ import annotations

from pydantic import Field

from grader.model.base import Record

__all__ = ["LossMatches"]


class LossMatches(Record):
    """Parameters of `loss.matches`: a class around a net, with `forward(x, y, reduction)`."""

    role: str
    """Of kind `class`."""
    method: str = "forward"
    net_argument: str = "classnet"
    """The class's argument that takes the net."""
    reduction_argument: str = "reduction"
    mean: tuple[str, ...] = ("avg", "mean")
    """Names for the mean over the batch, tried in order; empty: not asked for."""
    sum: tuple[str, ...] = ("sum",)
    """Names for the sum over the batch; empty: not asked for."""
    features: int = Field(default=64, ge=1, le=4096)
    classes: int = Field(default=10, ge=2, le=1000)
    batch: int = Field(default=16, ge=2, le=256)
    seed: int = Field(default=0, ge=0)
    relative: float = Field(default=1e-4, ge=0)
    absolute: float = Field(default=1e-5, ge=0)
    partial: bool = True
    """Whether each right reduction earns its share."""
