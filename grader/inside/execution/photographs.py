"""Drawn pictures among the files of the data at hand: which row of `imagenette/val` one shows.

1. every file small, whole and in the usual crops, beside what was drawn, as small
2. the likeliest few again, at the size that was drawn, or nearly
3. of several files with that picture, the one whose differences were drawn

A file is found whatever normalisation, resizing or flip it went through, or it stays unknown. Where
the crop left out what tells two files apart, the split is known and the row is not.
"""

from __future__ import annotations

import re
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np

from .likeness import EXACT, standard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from PIL.Image import Image

    from ..shims.served import Copy, Served

__all__ = ["SMALL", "Found", "Photographs", "files_of"]

SMALL = 16
"""Pixels of a side, when all files are compared."""
CROPS = (1.0, 224 / 256, 224 / 232)
"""Sides of the square in the middle, as shares of the shorter side; beside the whole picture."""
NEAR = 0.06
FEW = 32
"""Files that are compared at full size: the likeliest, and those that come so near."""
ALIKE = 4
"""Files of which several views are compared: crops of nearly one size look alike, when small."""
LIKELY, CLEARLY = 0.9, 0.1
"""Resized otherwise, or clipped by `imshow`, it matches less well; then no other may come near."""
SAME = 0.98
"""Correlation of files that hold one picture, but for a corner."""
TELLS = 8.0
"""Of 255: by so much a pixel of two such files differs, if it tells them apart."""
SIDE = 96
"""Pixels of the longer side, when few files are compared."""
KEPT = 128
"""Decoded files."""

Array = np.ndarray[Any, Any]
View = tuple[float | None, bool]
"""The share of a crop, None for the whole; and whether it is flipped."""
Found = tuple[str, list[int]]
"""A split, and the row, where it is known."""


def files_of(served: Served) -> Iterator[tuple[str, list[str]]]:
    """The splits of files at hand and their files, row after row; those for tests first."""
    for copy in served.copies:
        reader = READERS.get(copy.family)
        if reader is not None:
            for split in ("test", "val", "train"):
                files = reader(copy, split)
                if files:
                    yield f"{copy.name}/{split}", files


def _in_folders(copy: Copy, split: str) -> list[str]:
    """Class after class, as torchvision reads them."""
    found = Path(copy.path).glob(f"imagenette2*/{split}/*/*")
    return [str(path) for path in sorted(found)]


def _listed(copy: Copy, split: str) -> list[str]:
    """Line after line of the split's list."""
    for place in sorted(Path(copy.path).glob(f"**/{split}.txt")):
        lines = place.read_text(encoding="utf-8").splitlines()
        return [str(place.parent / re.split(r",\s*", line)[0]) for line in lines if line.strip()]
    return []


READERS: dict[str, Callable[[Copy, str], list[str]]] = {
    "torchvision.Imagenette": _in_folders,
    "grocery": _listed,
}
"""Family of a dataset → the files of a split, in the order of its rows."""


class Photographs:
    """The files of one split.

    Args:
        source: The split.
        files: One for each row.
        until: When to stop, in processor time: how busy the machine is must not change a verdict.
    """

    def __init__(self, source: str, files: list[str], until: float) -> None:
        self.source = source
        self._files = files
        self._until = until
        self._looks: dict[int, Image] = {}
        self._small: dict[float | None, Array] = {}

    def find(self, drawn: list[Array]) -> list[Found | None]:
        """What each drawn picture shows; None where that is not certain.

        Shapes:
            drawn: of each, [H, W, 3].
        """
        nothing: list[Found | None] = [None] * len(drawn)
        if not drawn or not self._read():
            return nothing
        return [None if process_time() > self._until else self._find(one) for one in drawn]

    def _read(self) -> bool:
        """Read every file, small; what is not read whole could hide a better match."""
        from PIL import Image

        views: dict[float | None, list[Array]] = {share: [] for share in (None, *CROPS)}
        for file in self._files:
            if process_time() > self._until:
                return False
            with Image.open(file) as opened:
                opened.draft("RGB", (2 * SMALL, 2 * SMALL))
                picture = opened.convert("RGB")
            for share, rows in views.items():
                whole = share == 1.0 and picture.width == picture.height
                seen = views[None][-1] if whole else _seen(picture, (SMALL, SMALL), share)
                rows.append(seen)
        self._small = {share: standard(np.stack(rows)) for share, rows in views.items() if rows}
        if self._small and (self._small[None] == self._small[1.0]).all():
            del self._small[1.0]  # all are square
        return bool(self._small)

    def _find(self, drawn: Array) -> Found | None:
        height, width = drawn.shape[:2]
        if max(height, width) > SIDE:
            share = SIDE / max(height, width)
            size = max(SMALL, round(width * share)), max(SMALL, round(height * share))
            drawn = _resized(drawn, size)
        near, beyond = self._nearest(drawn, square=height == width)
        looks = {(row, view): self._look(row, view, drawn.shape) for row, view in near}
        matches = {key: _match(look, drawn) for key, look in looks.items()}
        row, view = max(matches, key=lambda key: matches[key])
        first, mine = matches[row, view], looks[row, view]
        if first < LIKELY:
            return None
        same = {}
        for other in sorted({row for row, _ in near}):
            look = looks.get((other, view))
            look = self._look(other, view, drawn.shape) if look is None else look
            if other == row or _match(look, mine) >= SAME:
                same[other] = look
        second = max([beyond, *(match for (r, _), match in matches.items() if r not in same)])
        if first < EXACT and first - second < CLEARLY:
            return None
        which = row if len(same) == 1 else _told_apart(same, row, drawn)
        return self.source, [] if which is None else [which]

    def _nearest(self, drawn: Array, *, square: bool) -> tuple[list[tuple[int, View]], float]:
        """Views of files that come nearest, when small, and how near the others come."""
        small = _resized(drawn, (SMALL, SMALL))
        scores: dict[View, Array] = {}
        for flipped in (False, True):
            look = small[:, ::-1] if flipped else small
            wanted = standard(look[None])[0]
            for share, rows in self._small.items():
                if share is None or square:
                    scores[share, flipped] = rows @ wanted
        every = np.stack(list(scores.values())).max(axis=0)  # [files]
        order = np.argsort(-every, kind="stable")
        least = every[order[0]] - NEAR
        chosen = [int(row) for row in order[:FEW] if every[row] >= least]
        likeliest = max(scores, key=lambda view: float(scores[view].max()))
        near = [(row, likeliest) for row in chosen]
        for row in chosen[:ALIKE]:
            near += [(row, v) for v in scores if v != likeliest and scores[v][row] >= least]
        others = np.delete(every, chosen)
        return near, float(others.max()) if len(others) else -1.0

    def _look(self, row: int, view: View, shape: tuple[int, ...]) -> Array:
        """A file as it would have been drawn, in grey levels."""
        from PIL import Image

        if row not in self._looks:
            if len(self._looks) >= KEPT:
                self._looks.clear()
            with Image.open(self._files[row]) as opened:
                self._looks[row] = opened.convert("RGB")
        share, flipped = view
        found = _seen(self._looks[row], (shape[1], shape[0]), share)
        return found[:, ::-1] if flipped else found


def _seen(picture: Image, size: tuple[int, int], share: float | None) -> Array:
    """A picture, or the square in its middle, resized: [H, W, C]."""
    from PIL import Image

    width, height = picture.size
    box = (0.0, 0.0, float(width), float(height))
    if share is not None:
        side = share * min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR, box=box), np.float32)


def _resized(drawn: Array, size: tuple[int, int]) -> Array:
    """Any numbers, [H, W, C] → [size, C]."""
    from PIL import Image

    planes: Iterable[Array] = np.moveaxis(drawn.astype(np.float32), 2, 0)
    small = [Image.fromarray(p).resize(size, Image.Resampling.BILINEAR) for p in planes]
    return np.stack([np.asarray(one) for one in small], axis=2)


def _match(one: Array, other: Array) -> float:
    """Correlation of two pictures of the same shape."""
    first, second = standard(np.stack([one, other]))
    return float(first @ second)


def _told_apart(same: dict[int, Array], likeliest: int, drawn: Array) -> int | None:
    """Of files with one picture the one that was drawn; None where their differences are not seen.

    Shapes:
        same: row → [H, W, C], in grey levels.
    """
    looks = np.stack(list(same.values()))
    telling = (looks.max(axis=0) - looks.min(axis=0)).max(axis=2) > TELLS  # [H, W]
    if not telling.any() or telling.all():
        return None
    wrong = np.zeros(len(looks))
    noise = 0.0
    for channel in range(drawn.shape[2]):
        shown = drawn[..., channel]
        low, high = shown.min(), shown.max()
        plain = ~telling & (shown > low) & (shown < high)  # what `imshow` clipped tells no scale
        known = same[likeliest][..., channel]
        if plain.sum() < SMALL or known[plain].std() == 0:
            return None
        scale, offset = np.polyfit(known[plain], shown[plain], 1)
        if scale == 0:
            return None
        apart = (np.clip(scale * looks[..., channel] + offset, low, high) - shown) / scale
        wrong += (apart[:, telling] ** 2).mean(axis=1)
        noise += float((apart[:, plain][list(same).index(likeliest)] ** 2).mean())
    levels = np.sqrt(wrong / drawn.shape[2])  # root mean squares, of 255
    first, second = np.argsort(levels, kind="stable")[:2]
    likely = levels[first] <= TELLS / 2 + 2 * np.sqrt(noise / drawn.shape[2])
    if likely and levels[second] >= 2 * levels[first] + TELLS / 2:
        return list(same)[int(first)]
    return None
