"""Which rows of which data a dataset gives: walked down to a known source, else by their content.

Subset of random_split of CIFAR10   →   positions in `cifar10/train`
an own class around SVHN            →   positions in `svhn/train`
TensorDataset, an own class         →   the array it holds, row by row
ImageFolder, lists of paths         →   the paths
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .wrappers import rows_inside

__all__ = ["Part", "parts_of", "row_keys", "split_of", "within"]

KNOWN = {
    "MNIST": "mnist",
    "FashionMNIST": "fashion",
    "CIFAR10": "cifar10",
    "SVHN": "svhn",
    "Imagenette": "imagenette",
}
"""Torchvision's classes, and what the grader calls their data."""
DEPTH = 8
USUAL = ("data", "images", "X", "x", "imgs", "inputs", "features", "samples", "tensors")
LABELS = re.compile(
    r"(?i)_*(?:\w+_)?(?:ys?|labels?|lbls?|targets?|tgts?|classes|categor(?:y|ies)|one_?hots?|masks?"
    r"|gt|ground_?truths?|answers?)(?:_\w+)?"
)
"""Names of what is not the inputs."""
MOST_CLASSES = 1000
FEW_CLASSES = 200
PATHS = ("samples", "imgs", "_samples", "paths", "image_paths", "files", "filenames", "img_paths")
INNER = ("dataset", "subset", "data", "base", "ds", "base_dataset", "original_dataset")
SPLITS = ("train", "val", "test")
CHUNK_BYTES = 8 * 1024**2


@dataclass
class Part:
    """Rows of one base dataset.

    Attributes:
        base: The innermost dataset.
        index: Which of its rows; None for all, in order.
        names: Classes from the outermost in.
        source: The split that its rows come from, when it is a known one.
        array: What holds its inputs, [N, …].
        paths: What holds its inputs, N files.
        positional: Whether the index is a position in the source.
        around: The datasets from the outermost in, the base at the end.
        labelled: The dataset of the student's own around it, and which of its rows: it may give
            other labels than the base. None where there is none.
    """

    base: Any
    index: np.ndarray[Any, Any] | None
    names: tuple[str, ...]
    source: str = ""
    array: Any = None
    paths: list[str] | None = None
    positional: bool = False
    labelled: tuple[Any, np.ndarray[Any, Any] | None] | None = None
    around: tuple[Any, ...] = ()

    @property
    def known(self) -> bool:
        """Whether its rows can be told from others."""
        return self.positional or self.array is not None or self.paths is not None

    @property
    def length(self) -> int:
        """Rows."""
        return length_of(self.base) if self.index is None else len(self.index)


def length_of(dataset: Any) -> int:
    """Rows of a dataset, 0 when it has no length."""
    try:
        return len(dataset)
    except Exception:
        return 0


def parts_of(dataset: Any) -> list[Part]:
    """Walk down to the base datasets."""
    parts = _walk(dataset, None, (), DEPTH)
    for part in parts:
        _look(part)
    return parts


def within(part: Part, index: np.ndarray[Any, Any]) -> Part:
    """Some rows of a part."""
    labelled = part.labelled
    if labelled is not None:
        around, rows = labelled
        labelled = around, index if rows is None else rows[index]
    return replace(
        part, index=index if part.index is None else part.index[index], labelled=labelled
    )


def _walk(
    dataset: Any, index: np.ndarray[Any, Any] | None, around: tuple[Any, ...], depth: int
) -> list[Part]:
    from torch.utils.data import ConcatDataset, Dataset, Subset

    around = (*around, dataset)
    if depth == 0:
        return [_part(index, around)]
    if isinstance(dataset, Subset) or _is_like_subset(dataset):
        chosen = (
            np.asarray(
                [int(i) for i in dataset.indices]
                if not hasattr(dataset.indices, "__array__")
                else np.asarray(dataset.indices)
            )
            .astype(np.int64)
            .reshape(-1)
        )
        return _walk(dataset.dataset, chosen if index is None else chosen[index], around, depth - 1)
    if isinstance(dataset, ConcatDataset):
        return _walk_all(dataset, index, around, depth)
    for name in INNER:
        inner = vars(dataset).get(name) if hasattr(dataset, "__dict__") else None
        if isinstance(inner, Dataset) and length_of(inner) == length_of(dataset):
            return _walk(inner, index, around, depth - 1)
    held = None if split_of(dataset) else rows_inside(dataset, length_of(dataset))
    if held is not None:
        inner, rows = held
        parts = _walk(inner, rows if index is None else rows[index], around, depth - 1)
        for part in parts:
            part.labelled = (dataset, index) if len(parts) == 1 else (None, None)
        return parts
    return [_part(index, around)]


def _part(index: np.ndarray[Any, Any] | None, around: tuple[Any, ...]) -> Part:
    return Part(around[-1], index, tuple(type(one).__name__ for one in around), around=around)


def _walk_all(
    dataset: Any, index: np.ndarray[Any, Any] | None, around: tuple[Any, ...], depth: int
) -> list[Part]:
    found: list[Part] = []
    start = 0
    for inner in dataset.datasets:
        end = start + length_of(inner)
        mine = None
        if index is not None:
            mine = index[(index >= start) & (index < end)] - start
        found += _walk(inner, mine, around, depth - 1)
        start = end
    return found


def _is_like_subset(dataset: Any) -> bool:
    from torch.utils.data import Dataset

    inner, indices = getattr(dataset, "dataset", None), getattr(dataset, "indices", None)
    if not isinstance(inner, Dataset) or indices is None:
        return False
    try:
        return len(indices) == len(dataset) and all(isinstance(int(i), int) for i in indices[:3])
    except Exception:
        return False


def split_of(dataset: Any) -> str:
    """The split that a torchvision dataset was made for, such as `cifar10/train`; else empty."""
    for kind in type(dataset).__mro__:
        if kind.__module__.startswith("torchvision."):
            if kind.__name__ not in KNOWN:
                return ""  # such as KMNIST, a subclass of MNIST
            split = getattr(dataset, "split", None) or getattr(dataset, "_split", None)
            if not isinstance(split, str):
                train = getattr(dataset, "train", None)
                if not isinstance(train, bool):
                    return ""
                split = "train" if train else "test"
            return f"{KNOWN[kind.__name__]}/{split}"
    return ""


NOMINAL = {
    "mnist/train": 60_000,
    "mnist/test": 10_000,
    "fashion/train": 60_000,
    "fashion/test": 10_000,
    "cifar10/train": 50_000,
    "cifar10/test": 10_000,
    "svhn/train": 73_257,
    "svhn/test": 26_032,
    "imagenette/train": 9_469,
    "imagenette/val": 3_925,
}
"""Rows as published, and as a served copy has them."""


def _look(part: Part) -> None:
    base, rows = part.base, length_of(part.base)
    part.source = split_of(base)
    part.array = _array_in(base, rows)
    if part.array is None:
        part.paths = _paths_in(base, rows)
        if part.paths and not part.source:
            part.source = _split_by_folder(part.paths)
    part.positional = bool(part.source) and rows == NOMINAL.get(part.source, -1)


def _array_in(base: Any, rows: int) -> Any:
    """The array that holds the inputs: one entry a row, at least two dimensions."""
    if not hasattr(base, "__dict__") or not rows:
        return None
    space = vars(base)
    tensors = space.get("tensors")
    if isinstance(tensors, tuple | list) and tensors and _is_array(tensors[0], rows):
        return tensors[0]
    held = [name for name, value in space.items() if _is_array(value, rows)]
    usual = next((name for name in USUAL if name in held), None)
    if usual is not None:
        return space[usual]
    others = [
        space[name]
        for name in held
        if not LABELS.fullmatch(name) and not _are_labels(space[name], rows)
    ]
    return max(others, key=lambda array: (len(array.shape) > 2, _width(array)), default=None)  # noqa: PLR2004 - pictures first


def _width(array: Any) -> int:
    """Numbers of a row."""
    return int(np.prod(array.shape[1:], dtype=np.int64))


def _are_labels(array: Any, rows: int) -> bool:
    """Whether rows can only be classes: one number each, one-hot, or no more kinds than columns."""
    width = _width(array)
    if width <= 1:
        return True
    if len(array.shape) > 2 or width > MOST_CLASSES:  # noqa: PLR2004
        return False
    try:
        values = np.asarray(array.detach().cpu() if hasattr(array, "detach") else array)
        if ((values == 0) | (values == 1)).all() and (values.sum(axis=1) == 1).all():
            return True
        if width > FEW_CLASSES:
            return False
        kinds = len(np.unique(hashed(values)))
    except Exception:  # of a type that numpy lacks
        return False
    return kinds <= width and 2 * kinds <= rows


def _is_array(value: Any, rows: int) -> bool:
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or len(shape) < 2 or shape[0] != rows:  # noqa: PLR2004
        return False
    return hasattr(value, "dtype") and "object" not in str(value.dtype)


def _paths_in(base: Any, rows: int) -> list[str] | None:
    if not hasattr(base, "__dict__") or not rows:
        return None
    space = vars(base)
    for name in [*(name for name in PATHS if name in space), *space]:
        value = space[name]
        if isinstance(value, list | tuple) and len(value) == rows:
            first = value[0][0] if isinstance(value[0], tuple | list) and value[0] else value[0]
            if isinstance(first, str | os.PathLike):
                heads = (v[0] if isinstance(v, tuple | list) else v for v in value)
                return [os.path.abspath(os.fspath(head)) for head in heads]  # noqa: PTH100
    return None


def _split_by_folder(paths: list[str]) -> str:
    """The grocery data keeps its splits in folders of their names."""
    found = set()
    for path in paths:
        if "grocery" not in path.lower():
            return ""
        found.add(next((part for part in reversed(path.split("/")) if part in SPLITS), ""))
    return f"grocery/{found.pop()}" if len(found) == 1 and "" not in found else ""


def row_keys(part: Part) -> np.ndarray[Any, Any] | None:
    """A number for the content of each row of an array, uint64 [N]; None without one."""
    array = part.array
    if array is None:
        return None
    if hasattr(array, "detach"):
        array = array.detach().cpu().numpy()
    keys = hashed(np.asarray(array))
    return keys if part.index is None else keys[part.index]


def hashed(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A linear hash of each row's bytes modulo 2^64.

    Shapes:
        array: [N, …]
        returns: [N], uint64
    """
    rows = len(array)
    keys = np.empty(rows, dtype=np.uint64)
    width = array.itemsize * int(np.prod(array.shape[1:]))
    words = (width + 7) // 8
    factors = np.random.default_rng(20240607).integers(
        1, 2**63, words, dtype=np.uint64
    ) | np.uint64(1)
    step = max(1, CHUNK_BYTES // max(width, 1))
    for start in range(0, rows, step):
        block = np.ascontiguousarray(array[start : start + step]).reshape(
            -1, width // array.itemsize
        )
        raw = block.view(np.uint8)
        if width % 8:
            raw = np.pad(raw, ((0, 0), (0, 8 * words - width)))
        raw = np.ascontiguousarray(raw).view(np.uint64)
        keys[start : start + step] = (raw * factors).sum(axis=1, dtype=np.uint64)
    return keys
