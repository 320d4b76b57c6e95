"""Splits kept as contact sheets: lossless WebP of 25 x 40 tiles, 32x32 each, and a CSV of labels.

    cifar10/train.csv, cifar10/train_00.webp, cifar10/train_01.webp, …

The layout of the data pack that tests and offline machines use.
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.datasets.base import Split
from grader.datasets.digests import Stamp, known_bytes, refuse_other_bytes, stamp_of, sums_of
from grader.datasets.standard import short_version
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from grader.datasets.base import DatasetProperty

__all__ = ["SheetsCopy", "sheets_copy"]

TILE = 32
TILES_DOWN, TILES_ACROSS = 25, 40
TILES = TILES_DOWN * TILES_ACROSS
LABELS_AT_MOST = 10


@dataclass(frozen=True)
class SheetsCopy:
    """Some splits as sheets.

    Attributes:
        name: Of the dataset.
        path: The folder.
        root: Of all datasets; its `SHA256SUMS` is looked at where there is one.
        stems: (split, name of its files) of what is here.
        said: (split, in what it differs from the official one).
    """

    name: str
    path: Path
    root: Path
    stems: tuple[tuple[str, str], ...]
    said: tuple[tuple[str, str], ...] = ()

    @property
    def stamp(self) -> Stamp:
        """Of all files."""
        return stamp_of(file for split in self.sizes for file in self._files(split))

    @property
    def version(self) -> str:
        """By the checksums where there are any, else by names and sizes."""
        known = self._known(*self.sizes)
        if known:
            return short_version(f"{self.name}-sheets", *sorted(known.values()))
        files = [f for split in self.sizes for f in self._files(split)]
        sizes = [f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files]
        return short_version(f"{self.name}-sheets", *sizes)

    @property
    def sizes(self) -> dict[str, int]:
        """Examples of each split."""
        tables = {split: self.path / f"{stem}.csv" for split, stem in self.stems}
        return {s: len(_labels(table, stamp_of([table]))) for s, table in tables.items()}

    @property
    def notes(self) -> Mapping[str, str]:
        """In what a split differs from the official one."""
        return dict(self.said)

    def files(self) -> tuple[Path, ...]:
        """Tables and sheets."""
        return tuple(file for split in self.sizes for file in self._files(split))

    def load(self, split: str) -> Split:
        """Read one split: uint8 [N, 32, 32, 3]."""
        import numpy as np

        refuse_other_bytes(self._known(split), self.name)
        table, *pictures = self._files(split)
        labels = np.array(_labels(table, stamp_of([table])), dtype=np.int64)
        try:
            tiles = [_tiles(picture) for picture in pictures]
        except (OSError, ValueError) as error:
            message = f"a sheet cannot be read: {error}"
            raise DatasetMissingError(
                message, where=str(self.path), mend="copy it again"
            ) from error
        return Split(np.concatenate(tiles)[: len(labels)], labels)

    def verify(self) -> Iterator[DatasetProperty]:
        """The checksums of the pack, where it has any."""
        known = self._known(*self.sizes)
        if known:
            yield known_bytes(known, self.name, "checksums")

    def _files(self, split: str) -> list[Path]:
        stem = dict(self.stems)[split]
        count = -(-self.sizes[split] // TILES)
        table = self.path / f"{stem}.csv"
        return [table, *(self.path / f"{stem}_{i:02d}.webp" for i in range(count))]

    def _known(self, *splits: str) -> dict[Path, str]:
        sums = sums_of(self.root)
        named = {
            file: file.relative_to(self.root).as_posix() for s in splits for file in self._files(s)
        }
        return {file: sums[name] for file, name in named.items() if name in sums}


def sheets_copy(
    name: str,
    root: Path,
    folder: str,
    stems: Mapping[str, str],
    said: Mapping[str, str],
) -> SheetsCopy | None:
    """The copy in a folder, or None.

    Args:
        name: Of the dataset.
        root: Of all datasets.
        folder: Below it.
        stems: Split → name of its files.
        said: Split → in what it differs from the official one.
    """
    path = root / folder
    here = []
    for split, stem in stems.items():
        table = path / f"{stem}.csv"
        if table.is_file() and (path / f"{stem}_00.webp").is_file():
            here.append((split, stem))
    return SheetsCopy(name, path, root, tuple(here), tuple(said.items())) if here else None


@functools.lru_cache(maxsize=16)
def _labels(table: Path, _stamp: Stamp) -> tuple[int, ...]:
    """The column `label`.

    Raises:
        DatasetMissingError: The file is damaged.
    """
    try:
        with table.open(newline="", encoding="utf-8") as file:
            labels = [int(row["label"]) for row in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError) as error:
        message = f"labels cannot be read: {error}"
        raise DatasetMissingError(message, where=str(table), mend="copy it again") from error
    if any(not 0 <= label < LABELS_AT_MOST for label in labels):
        message = "holds labels that are no digits"
        raise DatasetMissingError(message, where=str(table), mend="copy it again")
    return tuple(labels)


def _tiles(picture: Path) -> NDArray[np.uint8]:
    """The pictures of one sheet, row by row: [1000, 32, 32, 3]."""
    import numpy as np
    from PIL import Image

    with Image.open(picture, formats=["WEBP"]) as opened:
        sheet = np.asarray(opened.convert("RGB"))
    tiles = sheet.reshape(TILES_DOWN, TILE, TILES_ACROSS, TILE, 3).transpose(0, 2, 1, 3, 4)
    return tiles.reshape(TILES, TILE, TILE, 3)
