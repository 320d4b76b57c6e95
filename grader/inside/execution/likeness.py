"""Pictures compared by correlation, channel by channel: scaling and normalisation do not matter."""

from __future__ import annotations

from time import monotonic
from typing import Any

import numpy as np

__all__ = ["EXACT", "as_pictures", "best_matches", "standard"]

EXACT = 0.9995
"""A correlation that only the same picture reaches."""
CHUNK = 2048

Array = np.ndarray[Any, Any]


def as_pictures(rows: Array) -> Array | None:
    """Pictures as [N, H, W, C], where they were [N, H, W], [N, C, H, W] or that; else None."""
    if rows.ndim == 3:  # noqa: PLR2004
        return rows[..., None]
    if rows.ndim != 4:  # noqa: PLR2004
        return None
    return rows.transpose(0, 2, 3, 1) if rows.shape[1] in {1, 3} else rows


def best_matches(wanted: Array, looks: Array, until: float) -> tuple[Array, Array, Array]:
    """The two best correlations of each wanted picture, and the row of the best.

    Shapes:
        wanted: [M, H, W, C]
        looks: [N, H, W, C]
        returns: three of [M]

    Args:
        wanted: To look for.
        looks: To look among.
        until: When to stop looking, in seconds of the monotonic clock.
    """
    mine = standard(wanted)
    best = np.full(len(mine), -1.0)
    second = np.full(len(mine), -1.0)
    where = np.zeros(len(mine), dtype=np.int64)
    for start in range(0, len(looks), CHUNK):
        if monotonic() > until:
            break
        match = mine @ standard(looks[start : start + CHUNK]).T  # [wanted, chunk]
        top = match.argmax(axis=1)
        value = match[np.arange(len(mine)), top]
        match[np.arange(len(mine)), top] = -1.0
        other = match.max(axis=1)
        better = value > best
        second = np.where(better, np.maximum(best, other), np.maximum(second, value))
        where = np.where(better, start + top, where)
        best = np.where(better, value, best)
    return best, second, where


def standard(pictures: Array) -> Array:
    """Each channel with mean 0 and length 1: a product of two is their correlation.

    Shapes:
        pictures: [N, H, W, C]
        returns: [N, C * H * W]
    """
    flat = pictures.astype(np.float32).reshape(len(pictures), -1, pictures.shape[3])
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.sqrt((flat * flat).sum(axis=1, keepdims=True))
    flat = flat / np.where(length > 0, length, np.inf)
    together: Array = flat.transpose(0, 2, 1).reshape(len(flat), -1)
    return together / float(np.sqrt(pictures.shape[3]))
