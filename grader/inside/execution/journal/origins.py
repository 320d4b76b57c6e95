"""Which published split a bare array's rows are from, told by some of its pictures.

`x = data.data[rows] / 255` keeps no trace of `FashionMNIST(train=False)`, but its pictures do.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from ..likeness import EXACT, as_pictures, best_matches
from .rows import split_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...shims.served import Served
    from .loaders import Known
    from .rows import Part

__all__ = ["find_origins", "published"]

ARRAYS = frozenset({"MNIST", "FashionMNIST", "CIFAR10", "SVHN"})
"""Torchvision's classes that hold all pictures in one array."""

SAMPLED = 12
"""Rows of an array that are looked for, evenly spread."""
AGREE = 0.9
"""Share of them that one split must hold."""
MOST = 40
"""Arrays of a run."""
SECONDS = 6.0
"""For all arrays of a run, after it ended."""

Array = np.ndarray[Any, Any]


def published(served: Served) -> Iterator[tuple[str, Array]]:
    """The splits at hand, such as `fashion/test`, and their pictures."""
    from torchvision import datasets

    for copy in served.copies:
        name = copy.family.removeprefix("torchvision.")
        if name not in ARRAYS:
            continue
        with served.replaced([copy]):
            for train in (True, False):
                split = (
                    {"split": "train" if train else "test"} if name == "SVHN" else {"train": train}
                )
                dataset = getattr(datasets, name)(copy.path, **split)
                yield split_of(dataset), np.asarray(dataset.data)


def find_origins(loaders: Iterable[Known], published: Iterable[tuple[str, Array]]) -> None:
    """Name the source of parts that are arrays of unknown origin.

    Args:
        loaders: Of the run; what is found is written to their parts.
        published: The splits at hand and their pictures, [N, H, W], [N, C, H, W] or [N, H, W, C].
            Read only when there is something to look for.
    """
    unknown: dict[int, list[Part]] = {}
    for known in loaders:
        for part in known.parts:
            if part.array is not None and not part.source and len(unknown) < MOST:
                unknown.setdefault(id(part.array), []).append(part)
    if not unknown:
        return
    until = monotonic() + SECONDS
    samples = {key: _sample(parts[0].array) for key, parts in unknown.items()}
    for source, pixels in published:
        looks = as_pictures(pixels)
        if looks is None or monotonic() > until:
            continue
        for key, parts in unknown.items():
            if not parts[0].source and _are_among(samples[key], looks, until):
                for part in parts:
                    part.source = source


def _sample(array: Any) -> Array:
    rows = np.unique(np.linspace(0, len(array) - 1, SAMPLED).astype(np.int64))
    chosen = array[rows.tolist()] if hasattr(array, "detach") else np.asarray(array)[rows]
    if hasattr(chosen, "detach"):
        chosen = chosen.detach().cpu().float().numpy()
    return np.asarray(chosen, dtype=np.float32)


def _are_among(sample: Array, looks: Array, until: float) -> bool:
    for wanted in _as(looks.shape[1:], sample):
        best, _, _ = best_matches(wanted, looks, until)
        if (best >= EXACT).mean() >= AGREE:
            return True
    return False


def _as(shape: tuple[int, ...], sample: Array) -> Iterator[Array]:
    """A sample as pictures of a shape (H, W, C), in the ways that its numbers may lie."""
    height, width, channels = shape
    if sample[0].size != height * width * channels:
        return
    pictures = as_pictures(sample)
    if pictures is not None:
        if pictures.shape[1:] == shape:
            yield pictures
        return
    if sample.ndim == 2:  # noqa: PLR2004 - flattened
        yield sample.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
        if channels > 1:
            yield sample.reshape(-1, *shape)
