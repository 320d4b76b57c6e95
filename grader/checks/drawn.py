"""Lines, pictures and words of the figures that a run drew, as several checks look for them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.model.base import to_float
from grader.model.evidence import Place
from grader.model.scorecard import FigureShown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from grader.model.evidence import Evidence
    from grader.model.measurements import Axes, Execution, FigureSeen, ImageSeen, LineSeen

__all__ = [
    "DrawnLine",
    "largest",
    "lines_about",
    "names_it",
    "pictures",
    "place_of_figure",
    "regex_problem",
    "shown_figures",
    "where_drawn",
    "words",
]

MOST_SHOWN = 8
"""Figures shown under one criterion."""


@dataclass(frozen=True)
class DrawnLine:
    """A line of a figure.

    Attributes:
        x: Its abscissae.
        y: Its values.
        label: As the legend names it.
        figure: The figure's index in the run.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    label: str
    figure: int


def regex_problem(patterns: tuple[str, ...]) -> str:
    """Why one of these is not a regular expression, or nothing."""
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            return f"'{pattern}' is not a regular expression: {error}"
    return ""


def words(figure: FigureSeen, axes: Axes) -> str:
    """What names a set of axes: title, axis labels, legend and file name, in this order."""
    parts = (axes.title, axes.y_label, axes.x_label, *axes.legend, figure.saved_as)
    return "; ".join(part for part in parts if part)


def names_it(patterns: tuple[str, ...], text: str) -> bool:
    """Whether some pattern is in a text, whatever the case; without patterns, always."""
    return not patterns or any(re.search(one, text, re.IGNORECASE) for one in patterns)


def lines_about(run: Execution, patterns: tuple[str, ...]) -> Iterator[DrawnLine]:
    """Lines that title, axis labels, own label or file name (`title; y; label; file`) speak of."""
    for number, figure in enumerate(run.figures):
        for axes in figure.axes:
            for line in axes.lines:
                parts = (axes.title, axes.y_label, line.label, figure.saved_as)
                if names_it(patterns, "; ".join(part for part in parts if part)):
                    yield _line(line, number)


def _line(line: LineSeen, figure: int) -> DrawnLine:
    return DrawnLine(
        x=tuple(to_float(value) for value in line.x),
        y=tuple(to_float(value) for value in line.y),
        label=line.label,
        figure=figure,
    )


def pictures(run: Execution) -> Iterator[tuple[FigureSeen, Axes, ImageSeen]]:
    """Every picture that `imshow` and `matshow` drew."""
    for figure in run.figures:
        for axes in figure.axes:
            for picture in axes.pictures:
                yield figure, axes, picture


def largest(figure: FigureSeen) -> int:
    """Pixels of a figure's largest picture."""
    shapes = [one.shape for axes in figure.axes for one in axes.pictures]
    return max((math.prod(shape[:2]) for shape in shapes), default=0)


def place_of_figure(run: Execution, figure: FigureSeen) -> Place:
    """The cell that drew it."""
    return Place(file=run.entry, cell=figure.cell)


def where_drawn(run: Execution, figure: FigureSeen) -> str:
    """`hw.ipynb, cell 7`, `main.py, saved as loss.png`."""
    place = str(place_of_figure(run, figure))
    return f"{place}, saved as {figure.saved_as}" if figure.saved_as else place


def shown_figures(
    evidence: Evidence, run: Execution, numbers: Iterable[int]
) -> tuple[FigureShown, ...]:
    """Figures of a run, by their numbers, as a report shows them."""
    shown = []
    for number in list(numbers)[:MOST_SHOWN]:
        array = evidence.arrays.get(f"figure_{number}")
        if array is None or len(array.shape) != 3:  # noqa: PLR2004 - height, width, colour
            continue
        figure = run.figures[number]
        title = next((axes.title for axes in figure.axes if axes.title), "Figure")
        shown.append(
            FigureShown(
                title=f"{title} ({where_drawn(run, figure)})",
                sha256=array.sha256,
                height=array.shape[0],
                width=array.shape[1],
            )
        )
    return tuple(shown)
