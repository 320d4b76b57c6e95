"""What the well-known datasets share: several layouts on disk, the complete official one first."""

from __future__ import annotations

import functools
import hashlib
import threading
from typing import TYPE_CHECKING, Protocol

from grader.datasets import dealing
from grader.datasets.base import (
    DatasetProperty,
    Shown,
    Split,
    data_root,
    part_in_words,
    unknown_split,
)
from grader.errors import DatasetMissingError, GraderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from grader.datasets.base import Deal
    from grader.datasets.digests import Stamp

__all__ = ["Copy", "Standard", "short_version"]

LOADED = 12
"""Splits that are kept in memory: an assignment uses two or three."""


class Copy(Protocol):
    """A dataset in one layout on this machine. Frozen and hashable; making one reads no data."""

    def __hash__(self) -> int: ...

    @property
    def path(self) -> Path:
        """Shown to people."""

    @property
    def stamp(self) -> Stamp:
        """Changes when files change."""

    @property
    def version(self) -> str:
        """Changes when the bytes change."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Examples of each split that is here."""

    @property
    def notes(self) -> Mapping[str, str]:
        """Split → in what else it differs from the official one."""

    def files(self) -> Iterable[Path]:
        """Every file of it."""

    def load(self, split: str) -> Split:
        """Read a split that is here.

        Raises:
            DatasetMissingError: Its bytes are not the known ones.
        """

    def verify(self) -> Iterator[DatasetProperty]:
        """Look at the bytes."""


class Standard:
    """A well-known dataset. A subclass names it and finds its copies.

    Attributes:
        counts: Split → examples of each class in the complete dataset.
        hidden: Splits whose labels never enter a box.
        sorted_by_class: Whether the order of a split tells the classes.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    family: str
    counts: Mapping[str, tuple[int, ...]]
    hidden: tuple[str, ...] = ("test",)
    served: bool = True
    shipped: bool = False
    sorted_by_class: bool = False

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @property
    def fetched_as(self) -> str:
        """Itself."""
        return self.name

    @property
    def splits(self) -> tuple[str, ...]:
        """As the official dataset has them."""
        return tuple(self.counts)

    @property
    def sizes(self) -> dict[str, int]:
        """Examples of each split of the complete dataset."""
        return {split: sum(counts) for split, counts in self.counts.items()}

    def copies(self, root: Path) -> Iterator[Copy]:
        """Every copy below `root`, the official layout first."""
        raise NotImplementedError

    def download(self, root: Path) -> None:
        """Fetch the official files below `root`.

        Raises:
            DatasetMissingError: They cannot be had from here.
        """
        raise NotImplementedError

    def copy(self, root: Path | None) -> Copy | None:
        """The best copy: a complete one, else the one with most splits, the official first."""
        found = list(self.copies(data_root(root)))
        return max(found, key=self._worth, default=None)  # the first of equals

    def _worth(self, copy: Copy) -> tuple[bool, int]:
        sizes = _sizes(copy)
        return sizes == self.sizes, len(sizes)

    def size_bytes(self, root: Path | None = None) -> int:
        """Of the best copy's files."""
        copy = self.copy(root)
        files = copy.files() if copy is not None and _sizes(copy) else ()
        return sum(file.stat().st_size for file in files if file.is_file())

    def version(self, root: Path | None = None) -> str:
        """Of the copy that is here."""
        copy = self.copy(root)
        if copy is None:
            return "absent"
        return copy.version if _sizes(copy) else "damaged"

    def locate(self, root: Path | None = None) -> Path | None:
        """The folder of the best copy."""
        copy = self.copy(root)
        return None if copy is None else copy.path

    def available(self, root: Path | None = None) -> tuple[str, ...]:
        """The splits of the best copy."""
        copy = self.copy(root)
        return () if copy is None else tuple(_sizes(copy))

    def partial(self, root: Path | None = None) -> dict[str, str]:
        """Split → which part of it is here."""
        copy = self.copy(root)
        if copy is None:
            return {}
        told = {}
        sizes = _sizes(copy)
        for split, whole in self.sizes.items():
            here = sizes.get(split, 0)
            parts = [f"{here:,} of {whole:,} examples"] if here != whole else []
            parts += [copy.notes[split]] if here and split in copy.notes else []
            if parts:
                told[split] = ", ".join(parts)
        return told

    def load(self, split: str, root: Path | None = None) -> Split:
        """Read one split, once in a run."""
        if split not in self.splits:
            raise unknown_split(self, split)
        copy = self._present(root)
        if split not in copy.sizes:  # which raises where the copy is damaged
            message = f"the split '{split}' of {self.title} is not among the files here"
            raise DatasetMissingError(message, where=str(copy.path), mend=self._mend)
        with self._lock:
            return _loaded(copy, split, copy.stamp)

    def overlays(self, folder: Path) -> dict[str, Path]:
        """None: no library of the environment holds this data."""
        del folder
        return {}

    def shown(self, split: str, root: Path | None, deal: Deal) -> Shown:
        """Filled up to the official counts of each class; hidden labels permuted."""
        labels = self.load(split, root).labels
        counts = self.counts[split]
        if split not in self.hidden:
            return dealing.shown(labels, counts)
        order = deal(split, sum(counts))
        mix = deal(f"{split} rows", sum(counts)) if self.sorted_by_class else None
        return dealing.shown(labels, counts, order, mix)

    def serve(self, folder: Path, root: Path | None, deal: Deal) -> None:
        """Write what student code finds."""
        raise NotImplementedError

    def fetch(self, root: Path | None = None) -> Path:
        """Download the official files, unless a complete copy is here."""
        place = data_root(root)
        copy = self.copy(place)
        if copy is None or _sizes(copy) != self.sizes:
            self.download(place)
        return self._present(place).path

    def verify(self, root: Path | None = None) -> tuple[DatasetProperty, ...]:
        """That it is here, which part, and that its bytes and labels are the known ones."""
        copy = self.copy(root)
        if copy is None:
            detail = f"not below {data_root(root)}"
            absent = DatasetProperty(name="present", holds=False, detail=detail, mend=self._mend)
            return (absent,)
        present = DatasetProperty(name="present", holds=True, detail=str(copy.path))
        try:
            sizes = copy.sizes
        except DatasetMissingError as error:
            text = f"{error.where}: {error.message}"
            return (
                present,
                DatasetProperty(name="files", holds=False, detail=text, mend=error.mend),
            )
        part = part_in_words(self.partial(root))
        whole = DatasetProperty(
            name="part", holds=True, detail=f"partial: {part}" if part else "complete"
        )
        looked = [*copy.verify(), *(self._labels(copy, split) for split in sizes)]
        return (present, whole, *looked)

    def _labels(self, copy: Copy, split: str) -> DatasetProperty:
        """That a split can be read, has its shape, and as many labels of each class as known."""
        import numpy as np

        try:
            loaded = _loaded(copy, split, copy.stamp)
            counts = np.bincount(loaded.labels, minlength=len(self.classes)).tolist()
        except (GraderError, ValueError) as error:
            said = error.message if isinstance(error, GraderError) else str(error)
            return DatasetProperty(name=split, holds=False, detail=said, mend=self._mend)
        full = list(self.counts[split])
        complete = len(loaded) == sum(full)
        fits = counts == full if complete else all(map(int.__le__, counts, full))
        shape = list(getattr(loaded.inputs, "shape", (len(loaded),)))[1:]
        detail = f"{len(loaded):,} examples {shape or 'of different sizes'}, per class {counts}"
        if not fits:
            detail += f", expected {'' if complete else 'at most '}{full}"
        mend = "" if fits else self._mend
        return DatasetProperty(name=split, holds=fits, detail=detail, mend=mend)

    def _present(self, root: Path | None) -> Copy:
        copy = self.copy(root)
        if copy is None:
            message = f"{self.title} is not on this machine"
            mend = f"{self._mend} (looked below {data_root(root)})"
            raise DatasetMissingError(message, where=f"dataset {self.name}", mend=mend)
        return copy

    @property
    def _mend(self) -> str:
        return f"grade data fetch {self.name}, or name the folder that holds it with --data"


def _sizes(copy: Copy) -> Mapping[str, int]:
    """Of a copy whose lists are damaged, none: reading it says what is wrong."""
    try:
        return copy.sizes
    except DatasetMissingError:
        return {}


@functools.lru_cache(maxsize=LOADED)
def _loaded(copy: Copy, split: str, _stamp: Stamp) -> Split:
    loaded = copy.load(split)
    for array in (loaded.inputs, loaded.labels):
        if hasattr(array, "setflags"):
            array.setflags(write=False)  # it is shared by everything in this run
    return loaded


def short_version(layout: str, *parts: str) -> str:
    """A version from what tells that bytes changed: digests, or names and sizes of files."""
    whole = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape"))
    return f"{layout}-{whole.hexdigest()[:12]}"
