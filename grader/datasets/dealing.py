"""How a split is filled up to its full length and its labels are hidden, before it is served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.datasets.base import Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["mark_repeats", "shown"]


def shown(
    labels: NDArray[np.int64],
    counts: Sequence[int] | None = None,
    order: Sequence[int] | None = None,
    mix: Sequence[int] | None = None,
) -> Shown:
    """What student code finds for a split.

    Args:
        labels: The true ones, [N].
        counts: Examples of each class in the complete split; None for the split as it is.
        order: A secret permutation of the served rows' labels; None leaves them true. Class counts
            stay as they are.
        mix: A secret permutation of the rows, where their order would tell the classes.
    """
    import numpy as np

    rows, repeats = _filled(labels, counts)
    if mix is not None:
        places = np.asarray(mix, dtype=np.int64)
        rows, repeats = rows[places], repeats[places]
    given = labels[rows]
    if order is not None:
        given = _permuted(given, np.asarray(order, dtype=np.int64))
    return Shown(rows, given, repeats)


def _permuted(labels: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Never the labels themselves, where there is any other way to order them."""
    import numpy as np

    for shift in range(len(labels)):
        other = labels[np.roll(order, shift)]
        if bool((other != labels).any()):
            return other
    return labels


def _filled(
    labels: NDArray[np.int64], counts: Sequence[int] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and repetitions: first every example, then repetitions, the classes well mixed."""
    import numpy as np

    have = np.arange(len(labels))
    if counts is None:
        return have, np.zeros(len(have), dtype=np.int64)
    rows, repeats, places = [], [], []
    for label, count in enumerate(counts):
        own = have[labels == label]
        lacking = count - len(own)
        if lacking <= 0 or len(own) == 0:
            continue
        index = np.arange(lacking)
        rows.append(own[index % len(own)])
        repeats.append(index // len(own) + 1)
        places.append((index + 0.5) / lacking)  # spread evenly, so that no class comes in a lump
    if not rows:
        return have, np.zeros(len(have), dtype=np.int64)
    mixed = np.argsort(np.concatenate(places), kind="stable")
    again = np.concatenate(rows)[mixed]
    times = np.concatenate(repeats)[mixed]
    zeros = np.zeros(len(have), dtype=np.int64)
    return np.concatenate([have, again]), np.concatenate([zeros, times])


def mark_repeats(images: NDArray[np.uint8], repeats: NDArray[np.int64]) -> None:
    """Make each repetition another picture by one number: its first pixel's, in place.

    Shapes:
        images: [M, H, W] or [M, H, W, C].
        repeats: [M]; k is added to the number, modulo 256.
    """
    import numpy as np

    corner = images.reshape(len(images), -1)[:, 0]
    corner += repeats.astype(np.uint8)
