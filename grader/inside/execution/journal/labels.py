"""Labels that a dataset holds in a list or array, read without asking for its pictures."""

from __future__ import annotations

from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from .batches import inputs_and_labels
from .random_states import kept_random_states
from .rows import length_of

if TYPE_CHECKING:
    from .rows import Part

__all__ = ["counts_of", "gives_them"]

USUAL = ("targets", "labels", "_labels", "y", "Y", "target", "label", "classes_of_rows")
ASKED = 8
"""Rows of different labels that a dataset of the student's own is asked for."""
ASKING_SECONDS = 0.25
THEIRS = ("torch.", "torchvision.")


def counts_of(parts: list[Part]) -> Counter[int] | None:
    """Label → count over all rows; None when some part's labels cannot be told."""
    total: Counter[int] = Counter()
    for part in parts:
        base, labels = _labels_of(part)
        if labels is None:
            return None
        values, counts = np.unique(labels, return_counts=True)
        renamed = getattr(base, "target_transform", None)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            total[_renamed(value, renamed)] += count
    return total


def gives_them(dataset: Any, parts: list[Part]) -> bool:
    """Whether a dataset gives the labels that were found: one of the student's own is asked.

    Args:
        dataset: The outermost.
        parts: Of all its rows.
    """
    if len(parts) != 1 or all(_is_theirs(one) for one in parts[0].around):
        return True
    base, labels = _labels_of(parts[0])
    if labels is None or not len(labels):
        return True
    renamed = getattr(base, "target_transform", None)
    _, rows = np.unique(labels, return_index=True)
    chosen = rows[np.linspace(0, len(rows) - 1, min(ASKED, len(rows))).astype(int)]
    until = monotonic() + ASKING_SECONDS
    with kept_random_states():
        for row in chosen.tolist():
            given = _given(dataset, row)
            if given is not None and given != _renamed(int(labels[row]), renamed):
                return False
            if monotonic() > until:
                break
    return True


def _is_theirs(dataset: Any) -> bool:
    return type(dataset).__module__.startswith(THEIRS)


def _given(dataset: Any, row: int) -> float | None:
    try:
        _, label = inputs_and_labels(dataset[row])
        return float(label)
    except Exception:
        return None


def _labels_of(part: Part) -> tuple[Any, np.ndarray[Any, Any] | None]:
    """What holds the labels of a part, and one for each of its rows."""
    base, index = part.labelled or (part.base, part.index)
    labels = _labels_in(base)
    return base, labels if labels is None or index is None else labels[index]


def _renamed(value: int, transform: Any) -> int:
    if transform is None:
        return value
    try:
        return int(transform(value))
    except Exception:
        return value


def _labels_in(base: Any) -> np.ndarray[Any, Any] | None:
    rows = length_of(base)
    space = vars(base) if hasattr(base, "__dict__") else {}
    tensors = space.get("tensors")
    if isinstance(tensors, tuple | list) and len(tensors) > 1:
        return _as_labels(tensors[1], rows)
    for name in [*(name for name in USUAL if name in space), *space]:
        found = _as_labels(space[name], rows)
        if found is not None:
            return found
    return next(
        (found for one in space.values() if (found := _in_rows(one, rows)) is not None), None
    )


def _in_rows(value: Any, rows: int) -> np.ndarray[Any, Any] | None:
    """Labels at the end of each row of a list, as `samples` has them, or in a table's column."""
    try:
        if isinstance(value, list) and len(value) == rows and isinstance(value[0], tuple | list):
            return _as_labels([row[-1] for row in value], rows)
        if hasattr(value, "columns") and hasattr(value, "iloc"):
            columns = [name for name in USUAL if name in value.columns] or list(value.columns)[-1:]
            return _as_labels(value[columns[0]], rows)
    except Exception:
        return None
    return None


def _as_labels(value: Any, rows: int) -> np.ndarray[Any, Any] | None:
    """One whole number a row."""
    array = _as_array(value, rows)
    if array is None or len(array) != rows or not rows:
        return None
    if array.ndim == 2 and array.shape[1] == 1:  # noqa: PLR2004
        array = array[:, 0]
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.number):
        return None
    if not np.issubdtype(array.dtype, np.integer):
        if not np.isfinite(array).all() or (array != np.round(array)).any():
            return None
        array = array.astype(np.int64)
    return array if len(np.unique(array)) <= 1000 else None  # noqa: PLR2004 - an index, not labels


def _as_array(value: Any, rows: int) -> np.ndarray[Any, Any] | None:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    elif hasattr(value, "to_numpy"):
        value = value.to_numpy()
    elif isinstance(value, list | tuple):
        if len(value) != rows or not rows or not isinstance(value[0], int | np.integer):
            return None
        try:
            value = np.asarray(value)
        except ValueError:
            return None
    return value if isinstance(value, np.ndarray) and value.ndim else None
