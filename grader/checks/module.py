"""Family `module`: what a net is made of and what goes in and comes out."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from pydantic import Field, model_validator

from grader.checks.requests import Source
from grader.model.base import Points, Record

__all__ = ["ModuleContract", "ModuleLayers"]


class ModuleContract(Record):
    """Parameters of `module.contract`. The shapes are the role's."""

    model: str
    """A role of kind `module`."""
    rows: Literal["any", "log_probabilities", "probabilities"] = "any"
    """What a row of outputs must be."""
    dataset: str = ""
    """Judge the rows on this split's inputs; empty: on a few random inputs."""
    tolerance: float = Field(default=1e-3, gt=0)
    """Of a row's probabilities' sum from 1."""
    shape_fraction: Points = Fraction(0)
    """Share for the right output shape when the rows are not what was asked."""
    source: Source = "any"


class ModuleLayers(Record):
    """Parameters of `module.layers`. Types are class names such as `Conv2d`; `A|B` is either."""

    model: str
    """A role of kind `module`."""
    contains: tuple[str, ...] = ()
    """Each must be there, as torch's own layer."""
    only: tuple[str, ...] = ()
    """When given, no other type may be there."""
    none_of: tuple[str, ...] = ()
    """None of these may be there."""
    source: Source = "any"

    @model_validator(mode="after")
    def _asks_something(self) -> ModuleLayers:
        if not (self.contains or self.only or self.none_of):
            msg = "say what to look for: contains, only or none_of"
            raise ValueError(msg)
        return self
