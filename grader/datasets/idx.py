"""The idx format of MNIST: a header of sizes, then bytes. Packed with gzip or not."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.datasets.base import DatasetProperty, Split
from grader.datasets.digests import (
    Stamp,
    file_digest,
    known_bytes,
    refuse_other_bytes,
    stamp_of,
)
from grader.datasets.standard import short_version
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["STEMS", "IdxCopy", "idx_copy", "read_idx", "write_idx"]

STEMS = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""Split → its files of images and labels, without `.gz`."""
UNSIGNED_BYTES = 8
"""The format's code for uint8."""


def read_idx(file: Path) -> NDArray[np.uint8]:
    """Read one file.

    Raises:
        DatasetMissingError: It is damaged.
    """
    import numpy as np

    try:
        data = file.read_bytes()
        raw = gzip.decompress(data) if file.suffix == ".gz" else data
        zeros, code, rank = raw[:2], raw[2], raw[3]
        start = 4 + 4 * rank
        checked = zeros == b"\0\0" and code == UNSIGNED_BYTES
        shape = [int.from_bytes(raw[at : at + 4], "big") for at in range(4, start, 4)]
        array = np.frombuffer(raw, np.uint8, offset=start).reshape(shape)
    except (OSError, EOFError, IndexError, ValueError) as error:
        message = f"cannot be read: {error}"
        raise DatasetMissingError(message, where=str(file), mend="fetch it again") from error
    if not checked:
        message = "is not in the idx format"
        raise DatasetMissingError(message, where=str(file), mend="fetch it again")
    return array.copy()


def write_idx(file: Path, array: NDArray[np.uint8]) -> None:
    """Write one file, not packed."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    file.write_bytes(bytes([0, 0, UNSIGNED_BYTES, array.ndim]) + sizes + array.tobytes())


@dataclass(frozen=True)
class IdxCopy:
    """A folder `raw/` with idx files.

    Attributes:
        name: Of the dataset.
        path: The folder.
        known: File → published checksum.
        sizes_here: (split, examples) of the splits that are here.
    """

    name: str
    path: Path
    known: tuple[tuple[Path, str], ...]
    sizes_here: tuple[tuple[str, int], ...]

    @property
    def stamp(self) -> Stamp:
        """Of the files."""
        return stamp_of(file for file, _ in self.known)

    @property
    def version(self) -> str:
        """The published checksums: other bytes are refused."""
        return short_version(self.name, *(file_digest(file, "md5") for file, _ in self.known))

    @property
    def sizes(self) -> dict[str, int]:
        """Examples of each split."""
        return dict(self.sizes_here)

    @property
    def notes(self) -> Mapping[str, str]:
        """The official files have none."""
        return {}

    def files(self) -> tuple[Path, ...]:
        """Those of the splits that are here."""
        return tuple(file for file, _ in self.known)

    def load(self, split: str) -> Split:
        """Read one split: uint8 [N, 28, 28]."""
        import numpy as np

        files = [file for file, _ in self.known if file.name.split(".")[0] in STEMS[split]]
        refuse_other_bytes({f: digest for f, digest in self.known if f in files}, self.name)
        images, labels = (read_idx(file) for file in files)
        return Split(images, labels.astype(np.int64))

    def verify(self) -> Iterator[DatasetProperty]:
        """The published checksums."""
        yield known_bytes(dict(self.known), self.name, "checksums")


def idx_copy(
    name: str, folder: Path, checksums: Mapping[str, str], sizes: Mapping[str, int]
) -> IdxCopy | None:
    """The copy in a folder, or None.

    Args:
        name: Of the dataset.
        folder: `MNIST/raw`.
        checksums: File name, packed or not → MD5.
        sizes: Split → its examples.
    """
    known: list[tuple[Path, str]] = []
    here = []
    for split, stems in STEMS.items():
        files = [_one_of(folder, stem) for stem in stems]
        found = [file for file in files if file is not None]
        if len(found) == len(stems):
            known += [(file, checksums[file.name]) for file in found]
            here.append((split, sizes[split]))
    return IdxCopy(name, folder, tuple(known), tuple(here)) if here else None


def _one_of(folder: Path, stem: str) -> Path | None:
    packed, plain = folder / f"{stem}.gz", folder / stem
    return plain if plain.is_file() else packed if packed.is_file() else None
