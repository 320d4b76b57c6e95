"""MNIST and Fashion-MNIST, as torchvision lays them out: `<root>/MNIST/raw/*-ubyte[.gz]`.

Source: the MD5 of the packed files are those of `torchvision.datasets`; those of the unpacked ones
are of the same bytes. Counts: Deng, "The MNIST database", 2012; Xiao et al., "Fashion-MNIST", 2017.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.datasets import fetching
from grader.datasets.dealing import mark_repeats
from grader.datasets.idx import STEMS, idx_copy, write_idx
from grader.datasets.standard import Standard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from grader.datasets.base import Deal
    from grader.datasets.idx import IdxCopy

__all__ = ["FashionMnist", "Mnist"]


class _Idx(Standard):
    """A dataset in idx files below `<folder>/raw`."""

    folder: str
    checksums: Mapping[str, str]

    def copies(self, root: Path) -> Iterator[IdxCopy]:
        """The one layout."""
        copy = idx_copy(self.name, root / self.folder / "raw", self.checksums, self.sizes)
        if copy is not None:
            yield copy

    def download(self, root: Path) -> None:
        """Through torchvision."""
        fetching.torchvision(self.name, self.folder, root, ({"train": True}, {"train": False}))

    def serve(self, folder: Path, root: Path | None, deal: Deal) -> None:
        """Write unpacked files: the reader of torchvision wants them so."""
        import numpy as np

        raw = folder / self.folder / "raw"
        raw.mkdir(parents=True)
        for split, (images, labels) in STEMS.items():
            inputs = self.load(split, root).inputs
            shown = self.shown(split, root, deal)
            given = np.asarray(inputs)[shown.rows]
            mark_repeats(given, shown.repeats)
            write_idx(raw / images, given)
            write_idx(raw / labels, shown.labels.astype(np.uint8))


class Mnist(_Idx):
    """Handwritten digits, 28x28 grey."""

    name = "mnist"
    title = "MNIST"
    classes = tuple("0123456789")
    family = "torchvision.MNIST"
    folder = "MNIST"
    counts = {
        "train": (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        "test": (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
    }
    checksums = {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }


class FashionMnist(_Idx):
    """Pieces of clothing, 28x28 grey."""

    name = "fashion"
    title = "Fashion-MNIST"
    classes = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
    family = "torchvision.FashionMNIST"
    folder = "FashionMNIST"
    counts = {"train": (6000,) * 10, "test": (1000,) * 10}
    checksums = {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    }
