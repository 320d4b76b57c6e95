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

SAMPLED = 16
"""Rows of a part that are looked for, here and there; one split must hold all of them."""
MOST = 16
"""Parts of a run."""
SECONDS = 6.0
"""For all of them, after the run ended."""

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
    parts = _unknown(loaders)
    samples = {key: sample for key, (part, *_) in parts.items() if (sample := _sample(part)).size}
    if not samples:
        return
    until = monotonic() + SECONDS
    for source, pixels in published:
        looks = as_pictures(pixels)
        if looks is not None:
            for key in _all_among(samples, looks, until):
                del samples[key]
                for part in parts[key]:
                    part.source = source
        if not samples or monotonic() > until:
            return


def _unknown(loaders: Iterable[Known]) -> dict[Any, list[Part]]:
    """Parts of unknown origin, those of the same rows together."""
    found: dict[Any, list[Part]] = {}
    for known in loaders:
        for part in known.parts:
            if part.array is not None and not part.source:
                key = id(part.array), None if part.index is None else part.index.tobytes()
                if key in found or len(found) < MOST:
                    found.setdefault(key, []).append(part)
    return found


def _sample(part: Part) -> Array:
    """Some of a part's rows; empty where they are no numbers."""
    rows = np.arange(len(part.array)) if part.index is None else part.index
    chosen = np.random.default_rng(0).choice(rows, min(SAMPLED, len(rows)), replace=False)
    try:
        taken = part.array[chosen.tolist()]
        if hasattr(taken, "detach"):
            taken = taken.detach().cpu().float().numpy()
        return np.asarray(taken, dtype=np.float32)
    except Exception:
        return np.empty(0, dtype=np.float32)


def _all_among(samples: dict[Any, Array], looks: Array, until: float) -> set[Any]:
    """Parts whose sampled rows are all among some pictures."""
    views = [(key, view) for key, one in samples.items() for view in _as(looks.shape[1:], one)]
    if not views:
        return set()
    best, _, _ = best_matches(np.concatenate([view for _, view in views]), looks, until)
    ends = np.cumsum([len(view) for _, view in views])[:-1]
    return {
        key
        for (key, _), found in zip(views, np.split(best, ends), strict=True)
        if (found >= EXACT).all()
    }


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
