"""The halves of Fashion-MNIST that an assignment trains on one after the other.

Source: handout fashion-transfer, "Data": fm1 is classes 0, 1, 4, 5, 8 and fm2 is 2, 3, 6, 7, 9 of
Fashion-MNIST. Their labels are 0 to 4, in the order of the original classes.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from grader.datasets.base import Split, unknown_split
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from grader.datasets.base import DatasetProperty, Deal, Shown
    from grader.datasets.standard import Standard

__all__ = ["Half"]

LOADED = 4


class Half:
    """Some classes of another dataset, renumbered in their order.

    Student code makes it from the whole, so only the whole is served.

    Args:
        name: As rubrics write it.
        whole: The dataset.
        originals: The labels of its classes there, rising.
    """

    served = False
    shipped = False

    def __init__(self, name: str, whole: Standard, originals: tuple[int, ...]) -> None:
        self.name = name
        self.whole = whole
        self.fetched_as = whole.name
        self.originals = originals
        self.classes = tuple(whole.classes[label] for label in originals)
        self.title = f"{whole.title}, only {', '.join(self.classes)}"
        self.splits = whole.splits
        self.hidden = whole.hidden
        self.family = whole.family

    @property
    def sizes(self) -> dict[str, int]:
        """Examples of each split."""
        counts = self.whole.counts
        return {s: sum(counts[s][label] for label in self.originals) for s in counts}

    def size_bytes(self, root: Path | None = None) -> int:
        """Nothing beyond the whole."""
        del root
        return 0

    def version(self, root: Path | None = None) -> str:
        """Of the whole, and which classes."""
        version = self.whole.version(root)
        kept = "".join(str(label) for label in self.originals)
        return version if version == "absent" else f"{version}-{kept}"

    def locate(self, root: Path | None = None) -> Path | None:
        """Where the whole is."""
        return self.whole.locate(root)

    def available(self, root: Path | None = None) -> tuple[str, ...]:
        """As of the whole."""
        return self.whole.available(root)

    def partial(self, root: Path | None = None) -> Mapping[str, str]:
        """As of the whole."""
        return self.whole.partial(root)

    def load(self, split: str, root: Path | None = None) -> Split:
        """Read one split: the whole's rows of these classes, in their order there."""
        if split not in self.splits:
            raise unknown_split(self, split)
        whole = self.whole.load(split, root)
        version = f"{split} {self.version(root)}"
        return _chosen(_Keyed(version, whole), self.originals)

    def overlays(self, folder: Path) -> Mapping[str, Path]:
        """None."""
        return self.whole.overlays(folder)

    def shown(self, split: str, root: Path | None, deal: Deal) -> Shown:
        """Not served by itself."""
        del split, root, deal
        raise self._not_served()

    def serve(self, folder: Path, root: Path | None, deal: Deal) -> None:
        """Not served by itself."""
        del folder, root, deal
        raise self._not_served()

    def _not_served(self) -> DatasetMissingError:
        message = f"'{self.name}' is not served by itself: student code makes it"
        mend = f'serve the whole: [data] serve = ["{self.whole.name}"]'
        return DatasetMissingError(message, where=f"dataset {self.name}", mend=mend)

    def fetch(self, root: Path | None = None) -> Path:
        """Fetch the whole."""
        return self.whole.fetch(root)

    def verify(self, root: Path | None = None) -> tuple[DatasetProperty, ...]:
        """Look at the whole."""
        return self.whole.verify(root)


class _Keyed:
    """A split with a name that stands for its content, so that it can be a key."""

    def __init__(self, key: str, split: Split) -> None:
        self.key, self.split = key, split

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@functools.lru_cache(maxsize=LOADED)
def _chosen(whole: _Keyed, originals: tuple[int, ...]) -> Split:
    import numpy as np

    kept = np.flatnonzero(np.isin(whole.split.labels, originals))
    inputs: NDArray[np.uint8] = np.asarray(whole.split.inputs)[kept]
    labels = np.searchsorted(np.asarray(originals), whole.split.labels[kept]).astype(np.int64)
    inputs.setflags(write=False)
    labels.setflags(write=False)
    return Split(inputs, labels, original_classes=originals)
