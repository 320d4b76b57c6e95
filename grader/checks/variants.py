"""Rows of a table that tell of different runs: by settings or names, not by epochs. No I/O."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.model.base import Number

__all__ = ["turned", "variants"]

PROGRESS = re.compile(r"(?i)(?:^|[\W_])(?:epochs?|ep|steps?|iter(?:ation)?s?)(?:$|[\W_])")
RESULT = re.compile(r"(?i)loss|acc|err|score|train|val|test|mse|time|date|second|elapsed|duration")
NOT_A_NAME = re.compile(r"(?i)epochs?|steps?|iter(?:ation)?s?|\bep\b|\b(?:nan|none|inf|n/?a)\b")
LETTER = re.compile(r"[^\W\d_]")
ROWS_OF_A_COURSE = 3
"""From so many rows on, evenly rising epochs are one run's course."""


def variants(
    columns: Sequence[str], rows: Sequence[Sequence[Number | str]], settings: Sequence[str]
) -> int | None:
    """The number of rows that differ in settings or in a name.

    Args:
        columns: The header.
        rows: Those with results.
        settings: Regular expressions over names of columns that hold settings.

    Returns:
        None where nothing but results tells the rows apart, so that only a person can.
    """
    kinds = [_kind(at, name, rows, settings) for at, name in enumerate(columns)]
    keys = [at for at, kind in enumerate(kinds) if kind == "setting"]
    differing = [at for at in keys if len({_cell(row, at) for row in rows}) > 1]
    progress = [at for at, kind in enumerate(kinds) if kind == "progress"]
    if any(_course(rows, at) for at in progress) and len(differing) <= 1:
        return 0  # a schedule of the learning rate makes no variants
    if not keys:
        return 0 if progress else None
    return len({tuple(_cell(row, at) for at in keys) for row in rows})


def turned(
    columns: Sequence[str], rows: Sequence[Sequence[Number | str]]
) -> tuple[list[str], list[list[Number | str]]]:
    """A table whose rows are named at their left, as one whose columns are named above."""
    width = max((len(row) for row in rows), default=0)
    names = ["", *(str(row[0]) for row in rows if row)]
    over = [
        [columns[at] if at < len(columns) else "", *(_cell(row, at) for row in rows if row)]
        for at in range(1, width)
    ]
    return names, over


def _cell(row: Sequence[Number | str], at: int) -> Number | str:
    return row[at] if at < len(row) else ""


def _kind(
    at: int, name: str, rows: Sequence[Sequence[Number | str]], settings: Sequence[str]
) -> str:
    """Whether a column holds progress, results, or settings, of which a name is one."""
    if PROGRESS.search(name):
        return "progress"
    if RESULT.search(name):
        return "result"
    if any(re.search(one, name, re.IGNORECASE) for one in settings):
        return "setting"
    cells = [_cell(row, at) for row in rows]
    words = [
        one for one in cells if isinstance(one, str) and LETTER.search(NOT_A_NAME.sub("", one))
    ]
    return "setting" if words and 2 * len(words) > len(cells) else ""


def _course(rows: Sequence[Sequence[Number | str]], at: int) -> bool:
    """Whether a column rises evenly, as the epochs of one run do."""
    cells = [one for one in (_cell(row, at) for row in rows) if isinstance(one, float)]
    steps = {round(b - a, 6) for a, b in pairwise(cells)}
    return len(cells) >= ROWS_OF_A_COURSE and len(steps) == 1 and steps.pop() > 0
