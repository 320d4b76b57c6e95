"""Pictures of different sizes as tensors: the Grocery Store dataset and Imagenette.

Decoded once, shrunk to a short side, cut to the middle square. Nothing else happens here, so every
net does its own augmentation and normalisation. Each is found in its original layout and in the
reduced one:

    <root>/GroceryStoreDataset/dataset/{train,val,test}.txt   or   <root>/grocery128/{...}.txt
    <root>/imagenette2-160/{train,val}/<wnid>/*.JPEG          or   <root>/imagenette2/...

`<root>` is what the variable `GRADE_DATA` names.

Shapes: inputs [N, 3, size, size] uint8, labels [N] int64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from reference.data.splits import Data, DataMissingError, Split, data_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from torch import Tensor

__all__ = [
    "GROCERY_CLASSES",
    "IMAGENETTE_CLASSES",
    "grocery_class_names",
    "load_grocery",
    "load_imagenette",
    "picture",
]

GROCERY_CLASSES = 43
"""Coarse classes.

Source: "43 coarse classes" (handout hw1, Q3.I).
"""
IMAGENETTE_CLASSES = (
    "tench",
    "English springer",
    "cassette player",
    "chain saw",
    "church",
    "French horn",
    "garbage truck",
    "gas pump",
    "golf ball",
    "parachute",
)
"""In the order of the folders' names, which is the order of the labels."""
IMAGENETTE_VAL_SHARE = 0.15


def folder(name: str, places: Sequence[str], proof: str, fetch: str) -> Path:
    """The first place that holds a dataset.

    Raises:
        DataMissingError: None does; the message says where it was looked for.
    """
    root = data_root()
    for place in places:
        if (root / place / proof).exists():
            return root / place
    looked = " nor ".join(f"{place}/{proof}" for place in places)
    raise DataMissingError(
        f"no {name} in {root}: neither {looked}; fetch it: grade data fetch {fetch}"
    )


def picture(path: Path, size: int) -> Tensor:
    """The middle square of a picture file: [3, size, size] uint8."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    scale = size / min(image.size)
    if scale != 1:
        wide, high = (max(size, round(side * scale)) for side in image.size)
        image = image.resize((wide, high), Image.Resampling.LANCZOS)
    left, top = (image.width - size) // 2, (image.height - size) // 2
    square = np.asarray(image.crop((left, top, left + size, top + size)))  # [size, size, 3]
    return torch.from_numpy(square.copy()).permute(2, 0, 1).contiguous()


def load(entries: Iterable[tuple[Path, int]], size: int) -> Split:
    """Decode pictures into one tensor."""
    pictures, labels = [], []
    for path, label in entries:
        pictures.append(picture(path, size))
        labels.append(label)
    return Split(torch.stack(pictures), torch.tensor(labels))


def grocery_folder() -> Path:
    """Where the Grocery Store dataset is."""
    places = ("GroceryStoreDataset/dataset", "grocery128")
    return folder("Grocery Store", places, "train.txt", "grocery")


def grocery_class_names() -> tuple[str, ...]:
    """Names of the 43 coarse classes, in the order of their labels."""
    names: dict[int, str] = {}
    for row in (grocery_folder() / "classes.csv").read_text().splitlines()[1:]:
        cells = row.split(",")
        names[int(cells[3])] = cells[2]
    return tuple(names[label] for label in sorted(names))


def load_grocery(size: int = 128, limit: int | None = None) -> Data:
    """Load the Grocery Store dataset with its coarse labels, in its own splits.

    Args:
        size: Side of the pictures in pixels.
        limit: At most so many pictures of each split, spread over the classes.
    """
    base = grocery_folder()

    def split(name: str) -> Split:
        rows = [row.split(",") for row in (base / f"{name}.txt").read_text().splitlines() if row]
        entries = [(base / path.strip(), int(coarse)) for path, _fine, coarse in rows]
        return load(spread(entries, limit), size)

    return Data(train=split("train"), val=split("val"), test=split("test"))


def load_imagenette(size: int = 160, limit: int | None = None) -> Data:
    """Load Imagenette. Its `val` folder is the test split; validation comes out of training.

    Every seventh picture of a class, about 15%, validates.

    Args:
        size: Side of the pictures in pixels.
        limit: At most so many pictures of each split, spread over the classes.
    """
    places = ("imagenette2-160", "imagenette2", "imagenette2-320")
    base = folder("Imagenette", places, "train", "imagenette")
    every = round(1 / IMAGENETTE_VAL_SHARE)

    def entries(name: str) -> list[list[tuple[Path, int]]]:
        folders = sorted(path for path in (base / name).iterdir() if path.is_dir())
        return [
            [(path, label) for path in sorted(where.glob("*.JPEG"))]
            for label, where in enumerate(folders)
        ]

    kept, held, test = [], [], [pair for group in entries("val") for pair in group]
    for group in entries("train"):
        kept += [pair for rank, pair in enumerate(group) if rank % every]
        held += group[::every]
    splits = (load(spread(part, limit), size) for part in (kept, held, test))
    return Data(*splits)


def spread(entries: list[tuple[Path, int]], limit: int | None) -> list[tuple[Path, int]]:
    """At most `limit` of them, evenly from the whole list, which is ordered by class."""
    if limit is None or limit >= len(entries):
        return entries
    return [entries[rank * len(entries) // limit] for rank in range(limit)]
