"""Datasets of the student's own around another one: which of its rows they give.

    self.svhn[i + self.first]     →   positions first, first + 1, …
    self.base[self.chosen[i]]     →   the positions in `chosen`

Told by asking for a few rows and watching which rows of the inner dataset they come from.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from .random_states import kept_random_states

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["rows_inside"]

ASKED = 12
"""Rows that are asked for, beside the first and the last."""

Rows = np.ndarray[Any, Any]


def rows_inside(dataset: Any, length: int) -> tuple[Any, Rows] | None:
    """The one dataset that a dataset takes its rows from, and which of them; None if not told.

    Shapes:
        rows: [length], int64: row of the inner dataset.
    """
    from torch.utils.data import Dataset

    space = vars(dataset) if hasattr(dataset, "__dict__") else {}
    inner = {id(value): value for value in space.values() if isinstance(value, Dataset)}
    for found in inner.values():
        seen = _seen(dataset, length, found)
        rows = _rows(seen, length, space) if seen else None
        if rows is not None:
            return found, rows
    return None


def _seen(dataset: Any, length: int, inner: Any) -> dict[int, int]:
    """Row → row of the inner dataset, for a few rows; empty when it is not one for each."""
    some = np.random.default_rng(20240607).integers(0, max(length, 1), ASKED).tolist()
    found: dict[int, int] = {}
    try:
        with kept_random_states(), _watched(inner) as asked:
            for row in sorted({0, length - 1, *some}) if length else ():
                asked.clear()
                dataset[row]
                if len(asked) != 1:
                    return {}
                found[row] = int(asked[0])
    except Exception:
        return {}
    return found


@contextmanager
def _watched(dataset: Any) -> Iterator[list[Any]]:
    """Note which rows are asked for."""
    kind, asked = type(dataset), []

    def noted(self: Any, row: Any) -> Any:
        asked.append(row)
        return kind.__getitem__(self, row)

    dataset.__class__ = type(kind.__name__, (kind,), {"__getitem__": noted})
    try:
        yield asked
    finally:
        dataset.__class__ = kind


def _rows(seen: dict[int, int], length: int, space: dict[str, Any]) -> Rows | None:
    """All rows, when they are a range or stand in a list that the dataset holds."""
    offsets = {inner - row for row, inner in seen.items()}
    if len(offsets) == 1:
        return np.arange(length, dtype=np.int64) + offsets.pop()
    for value in space.values():
        rows = _whole_numbers(value, length)
        if rows is not None and all(rows[row] == inner for row, inner in seen.items()):
            return rows
    return None


def _whole_numbers(value: Any, length: int) -> Rows | None:
    if isinstance(value, str | bytes | dict) or not hasattr(value, "__len__"):
        return None
    try:
        if len(value) != length:
            return None
        found = np.asarray(value)
    except Exception:
        return None
    return found.astype(np.int64) if found.ndim == 1 and found.dtype.kind in "iu" else None
