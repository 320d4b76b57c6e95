"""A confusion matrix as a table whose cells are shaded by their share of the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.report.charts.svg import short

if TYPE_CHECKING:
    from grader.model.scorecard import ConfusionMatrix

__all__ = ["Cell", "Matrix", "matrix"]

SHADES = 8
FIRST_DARK = 5
"""From this shade on, the text is light (dark in the dark scheme)."""
MOST_CLASSES = 40


@dataclass(frozen=True)
class Cell:
    """One count and how it is drawn."""

    count: int
    css: str


@dataclass(frozen=True)
class Matrix:
    """Rows of cells under short labels."""

    labels: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    more: int
    """Classes left out."""
    most_confused: tuple[str, str, int] | None
    """True class, predicted class, count."""


def matrix(exhibit: ConfusionMatrix) -> Matrix:
    """Prepare the table; classes beyond the first forty are left out."""
    size = min(len(exhibit.labels), MOST_CLASSES)
    rows = []
    worst: tuple[int, int, int] = (0, 0, 0)
    for truth, counts in enumerate(exhibit.counts[:size]):
        total = sum(counts) or 1
        cells = []
        for predicted, count in enumerate(counts[:size]):
            shade = min(SHADES, -(-count * SHADES // total)) if count > 0 else 0
            tone = "zero" if count == 0 else "high" if shade >= FIRST_DARK else "low"
            mark = " right" if truth == predicted else ""
            cells.append(Cell(count, f"h{shade} {tone}{mark}"))
            if truth != predicted and count > worst[0]:
                worst = (count, truth, predicted)
        rows.append(tuple(cells))
    count, truth, predicted = worst
    names = exhibit.labels
    confused = (names[truth], names[predicted], count) if count else None
    labels = tuple(short(label, 10) for label in names[:size])
    return Matrix(labels, tuple(rows), max(len(names) - size, 0), confused)
