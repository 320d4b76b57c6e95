"""SVHN's cropped digits: the official `.mat` files, or the sheets of a data pack.

Source: checksums as in `torchvision.datasets.SVHN`; counts of the official files, classes 0 to 9:
Netzer et al., "Reading Digits in Natural Images with Unsupervised Feature Learning", 2011.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.datasets import fetching
from grader.datasets.base import Split
from grader.datasets.dealing import mark_repeats
from grader.datasets.digests import Stamp, known_bytes, refuse_other_bytes, stamp_of
from grader.datasets.sheets import sheets_copy
from grader.datasets.standard import Standard, short_version
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from grader.datasets.base import DatasetProperty, Deal
    from grader.datasets.standard import Copy

__all__ = ["MatCopy", "Svhn", "read_mat"]

FILES = {"train": "train_32x32.mat", "test": "test_32x32.mat"}
MD5 = {
    "train_32x32.mat": "e26dedcc434d2e4c54c9b2d4a06d8373",
    "test_32x32.mat": "eb5a983be6a315427106f1b164d9cef3",
}
ZERO = 10
"""The label of the digit 0 in the files."""
RANK = 4
GREY = "grey digits cut from the official test pictures"


def read_mat(file: Path) -> Split:
    """Read one file: uint8 [N, 32, 32, 3], the digit 0 has label 0.

    Raises:
        DatasetMissingError: It is damaged.
    """
    import numpy as np
    from scipy.io import loadmat

    try:
        found = loadmat(file, variable_names=["X", "y"])
        images = np.ascontiguousarray(found["X"].transpose(3, 0, 1, 2))
        labels = found["y"].reshape(-1).astype(np.int64)
    except Exception as error:  # scipy raises of every kind for damaged bytes
        message = f"cannot be read: {error}"
        raise DatasetMissingError(message, where=str(file), mend="grade data fetch svhn") from error
    if images.dtype != np.uint8 or images.ndim != RANK or len(images) != len(labels):
        message = "does not hold pictures and their labels"
        raise DatasetMissingError(message, where=str(file), mend="grade data fetch svhn")
    labels[labels == ZERO] = 0
    return Split(images, labels)


@dataclass(frozen=True)
class MatCopy:
    """The official files.

    Attributes:
        path: The folder that holds them.
        here: (split, examples) of those that are here.
        checksums: (file, MD5).
    """

    path: Path
    here: tuple[tuple[str, int], ...]
    checksums: tuple[tuple[str, str], ...]

    @property
    def stamp(self) -> Stamp:
        """Of the files."""
        return stamp_of(self._known(*self.sizes))

    @property
    def version(self) -> str:
        """The published checksums: other bytes are refused."""
        return short_version("svhn", *self._known(*self.sizes).values())

    @property
    def sizes(self) -> dict[str, int]:
        """Examples of each split."""
        return dict(self.here)

    @property
    def notes(self) -> Mapping[str, str]:
        """The official files have none."""
        return {}

    def files(self) -> tuple[Path, ...]:
        """One for each split."""
        return tuple(self._known(*self.sizes))

    def load(self, split: str) -> Split:
        """Read one split."""
        known = self._known(split)
        refuse_other_bytes(known, "svhn")
        return read_mat(next(iter(known)))

    def verify(self) -> Iterator[DatasetProperty]:
        """The published checksums."""
        yield known_bytes(self._known(*self.sizes), "svhn", "checksums")

    def _known(self, *splits: str) -> dict[Path, str]:
        known = dict(self.checksums)
        return {self.path / FILES[split]: known[FILES[split]] for split in splits}


class Svhn(Standard):
    """House numbers' digits, 32x32 in colour."""

    name = "svhn"
    title = "SVHN, cropped digits"
    classes = tuple("0123456789")
    family = "torchvision.SVHN"
    checksums = MD5
    counts = {
        "train": (4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659),
        "test": (1744, 5099, 4149, 2882, 2523, 2384, 1977, 2019, 1660, 1595),
    }

    def copies(self, root: Path) -> Iterator[Copy]:
        """The official files, beside the other datasets or in their folder, then sheets."""
        for folder in (root, root / "SVHN", root / "svhn"):
            here = [(s, n) for s, n in self.sizes.items() if (folder / FILES[s]).is_file()]
            if here:
                yield MatCopy(folder, tuple(here), tuple(self.checksums.items()))
        stems = {"train": "grey_train", "test": "grey_test"}
        sheets = sheets_copy(self.name, root, "svhn", stems, dict.fromkeys(stems, GREY))
        if sheets is not None:
            yield sheets

    def download(self, root: Path) -> None:
        """Through torchvision."""
        fetching.torchvision(self.name, "SVHN", root, ({"split": "train"}, {"split": "test"}))

    def serve(self, folder: Path, root: Path | None, deal: Deal) -> None:
        """Write both files."""
        import numpy as np
        from scipy.io import savemat

        folder.mkdir(parents=True, exist_ok=True)
        for split, name in FILES.items():
            shown = self.shown(split, root, deal)
            images = np.asarray(self.load(split, root).inputs)[shown.rows]
            mark_repeats(images, shown.repeats)
            labels = np.where(shown.labels == 0, ZERO, shown.labels).astype(np.uint8)
            savemat(folder / name, {"X": images.transpose(1, 2, 3, 0), "y": labels[:, None]})
