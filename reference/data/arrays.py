"""Datasets whose images all have one size, in torchvision's layouts or as sheets of tiles.

A sheet is a lossless WebP of 25 rows x 40 columns of 32x32 tiles, with a CSV of labels beside it.
Where a dataset lies in torchvision's layout, that is read.

Shapes: inputs [N, C, H, W] uint8, labels [N] int64.
"""

from __future__ import annotations

import csv
import functools
import gzip
import pickle
from typing import TYPE_CHECKING

import numpy as np
import torch

from reference.data.splits import Data, DataMissingError, Split, data_root, held_out, of_classes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["HALVES", "load_cifar10", "load_fashion", "load_fm", "load_mnist", "load_svhn"]

HALVES = {"fm1": (0, 1, 4, 5, 8), "fm2": (2, 3, 6, 7, 9)}
"""Source: "fm1 = classes 0, 1, 4, 5, 8, fm2 = 2, 3, 6, 7, 9" (handout fashion-transfer)."""

TILE = 32
SHEET_COLUMNS = 40
IDX_HEADER_BYTES = {3: 16, 1: 8}  # by rank: images, labels


def load_mnist(val_share: float = 1 / 6) -> Data:
    """MNIST: 50,000 to train, 10,000 to validate, 10,000 to test, of 1x28x28 pixels."""
    return _load_idx("MNIST", val_share)


def load_fashion(val_share: float = 1 / 6) -> Data:
    """Fashion-MNIST: 50,000 to train, 10,000 to validate, 10,000 to test, of 1x28x28 pixels."""
    return _load_idx("FashionMNIST", val_share)


def load_fm(half: str) -> Data:
    """A half of Fashion-MNIST: five classes, 25,000 to train, 5,000 to validate, 5,000 to test.

    Args:
        half: `fm1` or `fm2`. Labels are 0 to 4, in the order of the original classes.

    Source: "each 25,000 train, 5,000 validation, 5,000 test; class balanced; labels re-indexed
    0..4" (handout fashion-transfer).
    """
    whole, classes = load_fashion(), HALVES[half]
    train, val, test = (of_classes(s, classes) for s in (whole.train, whole.val, whole.test))
    return Data(train, val, test)


@functools.cache
def load_cifar10(val_share: float = 0.2) -> Data:
    """CIFAR-10, of 3x32x32 pixels: all of it, or 30,000 + 1,000 images as sheets.

    Source: "split of 20% of training as validation" (handout cifar10-cnn, 1.1).
    """
    root = data_root()
    folder = _first(root / "cifar-10-batches-py", root / "cifar10" / "cifar-10-batches-py")
    if folder is not None:
        names = [f"data_batch_{number}" for number in range(1, 6)]
        train, test = _cifar_batches(folder, names), _cifar_batches(folder, ["test_batch"])
    elif (root / "cifar10" / "train.csv").is_file():
        train = _sheets(root / "cifar10", "train")
        test = _sheets(root / "cifar10", "test1000")
    else:
        raise DataMissingError(
            f"no CIFAR-10 in {root}: neither cifar-10-batches-py/ nor cifar10/train.csv; "
            "fetch it: grade data fetch cifar10"
        )
    return Data(*held_out(train, val_share), test)


@functools.cache
def load_svhn(val_share: float = 0.1) -> Data:
    """SVHN's digits, of 3x32x32 pixels: the `.mat` files, or 14,865 + 4,962 grey ones as sheets."""
    root = data_root()
    folder = _first(root, root / "svhn", name="train_32x32.mat")
    if folder is not None:
        train, test = _mat(folder / "train_32x32.mat"), _mat(folder / "test_32x32.mat")
    elif (root / "svhn" / "grey_train.csv").is_file():
        train = _sheets(root / "svhn", "grey_train")
        test = _sheets(root / "svhn", "grey_test")
    else:
        raise DataMissingError(
            f"no SVHN in {root}: neither train_32x32.mat nor svhn/grey_train.csv; "
            "fetch it: grade data fetch svhn"
        )
    return Data(*held_out(train, val_share), test)


def _first(*folders: Path, name: str = "") -> Path | None:
    """The first folder that is there, with the file `name` in it."""
    return next((folder for folder in folders if (folder / name).exists()), None)


@functools.cache
def _load_idx(name: str, val_share: float) -> Data:
    """Read the four files of MNIST's format, packed or not."""
    raw = data_root() / name / "raw"
    train, test = (
        Split(
            _idx(raw, f"{prefix}-images-idx3-ubyte", 3).reshape(-1, 1, 28, 28),
            _idx(raw, f"{prefix}-labels-idx1-ubyte", 1).long(),
        )
        for prefix in ("train", "t10k")
    )
    return Data(*held_out(train, val_share), test)


def _idx(folder: Path, name: str, rank: int) -> torch.Tensor:
    """All bytes after the header."""
    packed, plain = folder / f"{name}.gz", folder / name
    if plain.is_file():
        content = plain.read_bytes()
    elif packed.is_file():
        content = gzip.decompress(packed.read_bytes())
    else:
        dataset = "mnist" if folder.parent.name == "MNIST" else "fashion"
        raise DataMissingError(f"no {plain}, nor packed; fetch it: grade data fetch {dataset}")
    return _uint8(np.frombuffer(content, np.uint8)[IDX_HEADER_BYTES[rank] :])


def _cifar_batches(folder: Path, names: Sequence[str]) -> Split:
    """The official pickles. They are data of this machine's owner, never of a submission."""
    images, labels = [], []
    for name in names:
        with (folder / name).open("rb") as file:
            batch = pickle.load(file, encoding="latin1")  # noqa: S301  the official format
        images.append(np.asarray(batch["data"], np.uint8).reshape(-1, 3, TILE, TILE))
        labels.extend(batch["labels"])
    return Split(_uint8(np.concatenate(images)), torch.tensor(labels))


def _mat(file: Path) -> Split:
    """The official file: images [32, 32, 3, N], the digit zero labelled 10."""
    from scipy.io import loadmat

    content = loadmat(str(file))
    images = _uint8(content["X"].transpose(3, 2, 0, 1))  # [32, 32, 3, N] → [N, 3, 32, 32]
    return Split(images, torch.from_numpy(content["y"].astype(np.int64)).squeeze(1) % 10)


def _sheets(folder: Path, name: str) -> Split:
    """Cut the sheets `<name>_00.webp`, … into tiles; the last sheet may be partly filled."""
    from PIL import Image

    with (folder / f"{name}.csv").open(newline="") as file:
        labels = torch.tensor([int(row["label"]) for row in csv.DictReader(file)])
    tiles = []
    for sheet in sorted(folder.glob(f"{name}_[0-9][0-9].webp")):
        with Image.open(sheet) as picture:
            grid = np.asarray(picture.convert("RGB"))
        grid = grid.reshape(-1, TILE, SHEET_COLUMNS, TILE, 3).transpose(0, 2, 4, 1, 3)
        tiles.append(grid.reshape(-1, 3, TILE, TILE))  # [25, 40, 3, 32, 32] → [1000, 3, 32, 32]
    images = np.concatenate(tiles)
    if len(images) < len(labels):
        raise DataMissingError(
            f"{folder}/{name}_*.webp hold {len(images)} images, {name}.csv {len(labels)} labels"
        )
    return Split(_uint8(images[: len(labels)]), labels)


def _uint8(array: NDArray[np.uint8]) -> torch.Tensor:
    """A tensor with memory of its own."""
    return torch.from_numpy(array.copy())
