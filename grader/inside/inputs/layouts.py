"""The grader's pictures laid out as a dataset that the student's own class can read.

Beside them lies what is served of the other splits. Labels are all the same: none is known here.
"""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..shims.served import Copy

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..session import Session
    from .given import Given

__all__ = ["lay_out", "row_in"]

ROW = re.compile(r"row_(\d{6})\.")
WNIDS = (
    "n01440764",
    "n02102040",
    "n02979186",
    "n03000684",
    "n03028079",
    "n03394916",
    "n03417042",
    "n03425413",
    "n03445777",
    "n03888257",
)
ONE_CLASS = "Fruit/Apple/Golden-Delicious"


def row_in(path: str) -> int | None:
    """Which row of the job a laid-out picture is; None for other files."""
    found = ROW.search(path)
    return int(found[1]) if found else None


def lay_out(session: Session, given: Given) -> Copy | None:
    """Write the layout of the inputs' family; None when it has none.

    Returns:
        A copy to serve in place of the family's own.
    """
    write = WRITERS.get(given.family)
    if write is None:
        return None
    folder = session.scratch / "laid_out" / re.sub(r"\W+", "_", given.name)
    own = next((e for e in session.served.values() if e["family"] == given.family), None)
    if not folder.is_dir():
        folder.mkdir(parents=True)
        if own is not None:
            _link_others(Path(own["path"]), folder)
        write(given, folder)
    return Copy(given.name.partition("/")[0], str(folder), given.family)


def _link_others(source: Path, folder: Path) -> None:
    """Link what is served; what the writer writes replaces it. Folders of pictures as a whole."""
    for here, folders, files in os.walk(source):
        inside = Path(here).relative_to(source)
        target = folder / inside
        target.mkdir(exist_ok=True)
        whole = [name for name in folders if name in {"train", "val", "test"}]
        for name in whole:
            (target / name).symlink_to(Path(here) / name)
        folders[:] = [name for name in folders if name not in whole]
        for name in files:
            (target / name).symlink_to(Path(here) / name)


def _fresh(path: Path) -> Path:
    """A path whose link is gone and whose folder is there."""
    if path.is_symlink():
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _idx(array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    head = bytes([0, 0, 8, array.ndim])
    return head + b"".join(int(n).to_bytes(4, "big") for n in array.shape) + array.tobytes()


def _label(given: Given) -> int:
    """One that the student's selection of classes keeps."""
    original = given.entry.get("original_classes") or [0]
    return int(original[0])


def _mnist(name: str) -> Callable[[Given, Path], None]:
    def write(given: Given, folder: Path) -> None:
        prefix = "train" if given.split == "train" else "t10k"
        raw = folder / name / "raw"
        _fresh(raw / f"{prefix}-images-idx3-ubyte").write_bytes(_idx(given.array))
        labels = np.full(len(given), _label(given), dtype=np.uint8)
        _fresh(raw / f"{prefix}-labels-idx1-ubyte").write_bytes(_idx(labels))
        for other in {"train", "t10k"} - {prefix}:  # torchvision wants all four files
            for kind, none in (("images-idx3", given.array[:0]), ("labels-idx1", labels[:0])):
                path = raw / f"{other}-{kind}-ubyte"
                if not path.exists():
                    path.write_bytes(_idx(none))

    return write


def _cifar(given: Given, folder: Path) -> None:
    data = given.array.transpose(0, 3, 1, 2).reshape(len(given), -1)
    batch = {"data": data, "labels": [0] * len(given), "batch_label": "", "filenames": []}
    batches = folder / "cifar-10-batches-py"
    _fresh(batches / "test_batch").write_bytes(pickle.dumps(batch))
    for number in range(1, 6):  # torchvision wants all batches
        path = batches / f"data_batch_{number}"
        if not path.exists():
            path.write_bytes(pickle.dumps({**batch, "data": data[:0], "labels": []}))
    meta = batches / "batches.meta"
    if not meta.exists():
        names = "airplane automobile bird cat deer dog frog horse ship truck"
        meta.write_bytes(pickle.dumps({"label_names": names.split()}))


def _svhn(given: Given, folder: Path) -> None:
    from scipy.io import savemat

    name = "train" if given.split == "train" else "test"
    labels = np.ones((len(given), 1), dtype=np.uint8)
    path = _fresh(folder / f"{name}_32x32.mat")
    savemat(str(path), {"X": given.array.transpose(1, 2, 3, 0), "y": labels})


def _imagenette(given: Given, folder: Path) -> None:
    """Dealt over the class folders in blocks, so that sorted paths are in the job's order."""
    for split in {given.split, "val"}:
        top = _fresh(folder / "imagenette2-160" / split)
        for row in range(len(given)):
            wnid = WNIDS[row * len(WNIDS) // len(given)]
            _fresh(top / wnid / f"row_{row:06d}.JPEG").write_bytes(given.file(row))


def _grocery(given: Given, folder: Path) -> None:
    top = folder / "GroceryStoreDataset" / "dataset"
    _fresh(top / given.split)
    lines = []
    for row in range(len(given)):
        path = f"{given.split}/{ONE_CLASS}/row_{row:06d}.jpg"
        _fresh(top / path).write_bytes(given.file(row))
        lines.append(f"{path}, 0, 0\n")
    _fresh(top / f"{given.split}.txt").write_text("".join(lines))


WRITERS: dict[str, Callable[[Given, Path], None]] = {
    "torchvision.MNIST": _mnist("MNIST"),
    "torchvision.FashionMNIST": _mnist("FashionMNIST"),
    "torchvision.CIFAR10": _cifar,
    "torchvision.SVHN": _svhn,
    "torchvision.Imagenette": _imagenette,
    "grocery": _grocery,
}
"""Family → what writes its test split."""
