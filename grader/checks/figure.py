"""Family `figure`: what the student drew, by its structure and pixels."""

from __future__ import annotations

from fractions import Fraction

from pydantic import Field

from grader.model.base import Points, Record

__all__ = ["FigureHas"]


class FigureHas(Record):
    """Parameters of `figure.has`."""

    figures: int = Field(default=1, ge=1)
    """How many figures must fit."""
    lines: int = Field(default=0, ge=0)
    """Lines a figure must have at least, over all its axes."""
    length: int = Field(default=2, ge=1)
    """Points a line needs to count as a curve."""
    points: int = Field(default=0, ge=0)
    """Scattered points."""
    images: int = Field(default=0, ge=0)
    bars: int = Field(default=0, ge=0)
    about: tuple[str, ...] = ()
    """Regular expressions, one of which must match a title, label, legend or saved name."""
    axis_labels: bool = False
    legend: bool = False
    title: bool = False
    unlabelled_fraction: Points = Fraction(1, 2)
    """Share when the figure is there but labels, legend or title are missing."""
