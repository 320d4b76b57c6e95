"""What student code finds when it runs: datasets in their usual layouts, without true test labels.

    ~/.cache/grade/served/<name>-<digest>/
    ├── data/         bound read-only at /data/<name>
    └── shown.npz     which row each example shows, and the labels as student code reads them

A copy is made once on a machine and used by every box after that. Its test labels are permuted with
this machine's secret, a part of a dataset is filled up to its full length by repetition.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from grader.collect.inputs import secret_order
from grader.datasets import Shown, open_to_all, part_in_words
from grader.errors import DatasetMissingError, HarnessError

if TYPE_CHECKING:
    from grader.collect.inputs import Inputs
    from grader.datasets import Dataset

__all__ = ["Lazily", "ServedCopy", "Serving", "cache_root"]

UNUSED_SECONDS = 30 * 24 * 3600
DATA, SHOWN = "data", "shown.npz"
FORMAT = "2"
"""Of the copies: another one is made when this changes."""

MAKING = threading.Lock()
"""One copy at a time: boxes and assignments that want the same one wait for it."""

T = TypeVar("T")


def cache_root() -> Path:
    """Where copies are kept: `$XDG_CACHE_HOME/grade/served`."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "grade" / "served"


@dataclass(frozen=True)
class ServedCopy:
    """A dataset as boxes find it.

    Attributes:
        folder: On the host.
        family: Whose layout it has.
        partial: Which part of the dataset it shows; empty for all of it.
        splits: Split → its length there.
    """

    folder: Path
    family: str
    partial: str
    splits: Mapping[str, int]

    def described(self, path: str) -> dict[str, Any]:
        """As a box's job has it."""
        return {
            "path": path,
            "family": self.family,
            "partial": self.partial,
            "splits": dict(self.splits),
        }


class Lazily(Mapping[str, T]):
    """A mapping whose values are made when they are asked for, once each.

    Args:
        names: Its keys.
        make: From a key to its value.
    """

    def __init__(self, names: tuple[str, ...], make: Callable[[str], T]) -> None:
        self._names = names
        self._make = make
        self._made: dict[str, T] = {}
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> T:
        if name not in self._names:
            raise KeyError(name)
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass
class Serving:
    """The datasets that one rubric serves.

    Attributes:
        inputs: Where data lies, and the secret.
        names: What the rubric serves.
        cache: Where copies are kept.
    """

    inputs: Inputs
    names: tuple[str, ...] = ()
    cache: Path = field(default_factory=cache_root)

    @property
    def folders(self) -> tuple[str, ...]:
        """The names of which student code finds a folder; others come with a library."""
        return tuple(name for name in self.names if self._dataset(name).served)

    def missing(self) -> dict[str, str]:
        """Name → why it cannot be served here, and the mend."""
        found = {}
        for name in self.folders:
            dataset, root = self._dataset(name), self.inputs.root
            lacking = [s for s in dataset.splits if s not in dataset.available(root)]
            if not lacking:
                continue
            try:
                dataset.load(lacking[0], root)
            except DatasetMissingError as error:
                found[name] = str(error)
        return found

    def context(self) -> dict[str, str]:
        """What evidence of a run depends on."""
        return {f"served {name}": self._digest(name) for name in self.folders}

    def to_make(self) -> tuple[str, ...]:
        """Served datasets without a copy yet: making one takes seconds, once on a machine."""
        return tuple(n for n in self.folders if not (self.cache / self._digest(n)).is_dir())

    def copies(self) -> dict[str, ServedCopy]:
        """Every served dataset's copy, made where there is none yet.

        Raises:
            DatasetMissingError: The data is not on this machine.
            HarnessError: There is no place for a copy.
        """
        return {name: self._copy(name) for name in self.folders}

    def shown(self, reference: str) -> Shown:
        """How student code finds a split such as `cifar10/test`.

        Raises:
            DatasetMissingError: The data is not on this machine.
        """
        name, _, split = reference.partition("/")
        kept = self.cache / self._digest(name) / SHOWN
        if kept.is_file():
            return _read_shown(kept, split)
        return self._dataset(name).shown(split, self.inputs.root, self._deal(name))

    def splits(self) -> tuple[str, ...]:
        """Every served split."""
        return tuple(f"{n}/{split}" for n in self.folders for split in self._dataset(n).splits)

    def _dataset(self, name: str) -> Dataset:
        return self.inputs.datasets[name]

    def _deal(self, name: str) -> Callable[[str, int], tuple[int, ...]]:
        def deal(what: str, count: int) -> tuple[int, ...]:
            return secret_order(self.inputs.secret, f"served\0{name}\0{what}", count)

        return deal

    def _digest(self, name: str) -> str:
        """Of everything that decides the copy's bytes. The secret cannot be told from it."""
        version = self._dataset(name).version(self.inputs.root)
        keyed = hashlib.sha256(self.inputs.secret + f"\0{FORMAT}\0{name}\0{version}".encode())
        return f"{name}-{keyed.hexdigest()[:16]}"

    def _copy(self, name: str) -> ServedCopy:
        dataset, root = self._dataset(name), self.inputs.root
        with MAKING:
            folder = self.cache / self._digest(name)
            if not folder.is_dir():
                self._make(name, folder)
            with contextlib.suppress(OSError):  # another user's cache
                os.utime(folder)  # still in use
        splits = {split: len(self.shown(f"{name}/{split}")) for split in dataset.splits}
        partial = part_in_words(dataset.partial(root))
        return ServedCopy(folder / DATA, dataset.family, partial, splits)

    def _make(self, name: str, folder: Path) -> None:
        """Write beside the place, then rename: a killed grader leaves no half copy behind."""
        _remove_unused(self.cache)
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(dir=self.cache, prefix=f".making-{name}-"))
            try:
                made = temporary / name
                (made / DATA).mkdir(parents=True)
                dataset, root, deal = self._dataset(name), self.inputs.root, self._deal(name)
                dataset.serve(made / DATA, root, deal)
                _write_shown(
                    made / SHOWN, {s: dataset.shown(s, root, deal) for s in dataset.splits}
                )
                open_to_all(made)
                made.rename(folder)
            except OSError:
                if not folder.is_dir():  # else another grader was quicker
                    raise
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        except OSError as error:
            raise HarnessError(
                f"the copy of '{name}' for student code cannot be made: {error.strerror}",
                where=str(folder),
                mend="free some space, or name another folder with XDG_CACHE_HOME",
            ) from error


def _remove_unused(cache: Path) -> None:
    """Copies that no grader has used for a month: of older data, or of a killed grader."""
    before = time.time() - UNUSED_SECONDS
    for old in cache.glob("*"):
        if old.is_dir() and old.stat().st_mtime < before:
            shutil.rmtree(old, ignore_errors=True)


def _write_shown(file: Path, shown: Mapping[str, Shown]) -> None:
    import numpy as np

    parts = {
        f"{split}.{part}": getattr(one, part)
        for split, one in shown.items()
        for part in ("rows", "labels", "repeats")
    }
    np.savez(file, allow_pickle=False, **parts)


def _read_shown(file: Path, split: str) -> Shown:
    import numpy as np

    with np.load(file, allow_pickle=False) as kept:
        return Shown(*(kept[f"{split}.{part}"] for part in ("rows", "labels", "repeats")))
