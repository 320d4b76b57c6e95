"""Labels that a dataset holds in a list or array, read without asking for its pictures."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from .rows import length_of

if TYPE_CHECKING:
    from .rows import Part

__all__ = ["counts_of"]

USUAL = ("targets", "labels", "_labels", "y", "Y", "target", "label", "classes_of_rows")


def counts_of(parts: list[Part]) -> Counter[int] | None:
    """Label → count over all rows; None when some part's labels cannot be told."""
    total: Counter[int] = Counter()
    for part in parts:
        base, index = part.labelled or (part.base, part.index)
        labels = _labels_in(base)
        if labels is None:
            return None
        if index is not None:
            labels = labels[index]
        values, counts = np.unique(labels, return_counts=True)
        renamed = getattr(base, "target_transform", None)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            total[_renamed(value, renamed)] += count
    return total


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
    for name in ("samples", "imgs", "_samples"):
        pairs = space.get(name)
        if isinstance(pairs, list) and len(pairs) == rows and rows and isinstance(pairs[0], tuple):
            return _as_labels([pair[-1] for pair in pairs], rows)
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
