"""CIFAR-10: the official pickles, or the lossless sheets of a data pack.

Source: checksums as in `torchvision.datasets.CIFAR10`; counts and class names: Krizhevsky,
"Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.datasets import fetching
from grader.datasets.base import Split
from grader.datasets.dealing import mark_repeats
from grader.datasets.digests import Stamp, known_bytes, refuse_other_bytes, stamp_of
from grader.datasets.pickles import read_pickle, uint8_of, write_pickle
from grader.datasets.sheets import sheets_copy
from grader.datasets.standard import Standard, short_version
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from grader.datasets.base import DatasetProperty, Deal
    from grader.datasets.standard import Copy

__all__ = ["Cifar10", "PickledCopy"]

FOLDER = "cifar-10-batches-py"
META = "batches.meta"
MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
META_MD5 = "5ff9c542aee3614f3951f8cda6e48888"
BATCHES = {"train": tuple(name for name in MD5 if name != "test_batch"), "test": ("test_batch",)}
BATCH = 10_000
TITLES = {
    **{f"data_batch_{i}": f"training batch {i} of 5" for i in range(1, 6)},
    "test_batch": "testing batch 1 of 1",
}


@dataclass(frozen=True)
class PickledCopy:
    """The official folder.

    Attributes:
        path: The folder.
        here: Splits of which every batch is here.
        checksums: (batch, MD5).
        batch: Examples in each batch.
    """

    path: Path
    here: tuple[str, ...]
    checksums: tuple[tuple[str, str], ...]
    batch: int = BATCH

    @property
    def stamp(self) -> Stamp:
        """Of the batches."""
        return stamp_of(self._known(*self.here))

    @property
    def version(self) -> str:
        """The published checksums: other bytes are refused."""
        return short_version("cifar10", *self._known(*self.here).values())

    @property
    def sizes(self) -> dict[str, int]:
        """Examples of each split."""
        return {split: self.batch * len(BATCHES[split]) for split in self.here}

    @property
    def notes(self) -> Mapping[str, str]:
        """The official files have none."""
        return {}

    def files(self) -> tuple[Path, ...]:
        """The batches."""
        return tuple(self._known(*self.here))

    def load(self, split: str) -> Split:
        """Read one split: uint8 [N, 32, 32, 3]."""
        import numpy as np

        known = self._known(split)
        refuse_other_bytes(known, "cifar10")
        images, labels = [], []
        for file in known:
            try:
                batch = read_pickle(file.read_bytes())
                images.append(uint8_of(batch["data"]).reshape(-1, 3, 32, 32))
                labels += [int(label) for label in batch["labels"]]
            except (OSError, KeyError, TypeError, ValueError) as error:
                message = f"cannot be read: {error}"
                mend = "grade data fetch cifar10"
                raise DatasetMissingError(message, where=str(file), mend=mend) from error
        pixels = np.concatenate(images).transpose(0, 2, 3, 1)
        return Split(np.ascontiguousarray(pixels), np.array(labels, dtype=np.int64))

    def verify(self) -> Iterator[DatasetProperty]:
        """The published checksums."""
        yield known_bytes(self._known(*self.here), "cifar10", "checksums")

    def _known(self, *splits: str) -> dict[Path, str]:
        known = dict(self.checksums)
        return {self.path / name: known[name] for split in splits for name in BATCHES[split]}


class Cifar10(Standard):
    """Photographs of animals and vehicles, 32x32 in colour."""

    name = "cifar10"
    title = "CIFAR-10"
    classes = (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    )
    family = "torchvision.CIFAR10"
    counts = {"train": (5000,) * 10, "test": (1000,) * 10}
    checksums = MD5
    batch = BATCH

    def copies(self, root: Path) -> Iterator[Copy]:
        """The official folder, then the sheets of a pack."""
        official = root / FOLDER
        here = tuple(
            split
            for split, names in BATCHES.items()
            if all((official / name).is_file() for name in names)
        )
        if here:
            yield PickledCopy(official, here, tuple(self.checksums.items()), self.batch)
        stems = {"train": "train", "test": "test1000"}
        sheets = sheets_copy(self.name, root, "cifar10", stems, {})
        if sheets is not None:
            yield sheets

    def download(self, root: Path) -> None:
        """Through torchvision."""
        fetching.torchvision(self.name, "CIFAR10", root, ({},))

    def serve(self, folder: Path, root: Path | None, deal: Deal) -> None:
        """Write the five training batches, the test batch and the names of the classes."""
        import numpy as np

        target = folder / FOLDER
        target.mkdir(parents=True)
        meta = {"num_cases_per_batch": BATCH, "label_names": list(self.classes), "num_vis": 3072}
        (target / META).write_bytes(write_pickle(meta))
        for split, names in BATCHES.items():
            inputs = np.asarray(self.load(split, root).inputs)
            shown = self.shown(split, root, deal)
            for name, rows in zip(
                names, np.array_split(np.arange(len(shown)), len(names)), strict=True
            ):
                images = inputs[shown.rows[rows]]
                mark_repeats(images, shown.repeats[rows])
                data = _batch(name, images, shown.labels[rows], int(rows[0]))
                (target / name).write_bytes(data)


def _batch(name: str, images: NDArray[np.uint8], labels: NDArray[np.int64], first: int) -> bytes:
    """One file. Official names of pictures tell their class, so these are numbers."""
    import numpy as np

    flat = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(len(images), -1)
    entries = {
        "batch_label": TITLES[name],
        "labels": [int(label) for label in labels],
        "data": flat,
        "filenames": [f"picture_{first + i:05d}.png" for i in range(len(images))],
    }
    return write_pickle(entries)
