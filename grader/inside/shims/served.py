"""The datasets that the grader put at hand, whatever path or name student code asks for.

    mnist/     MNIST/raw/train-images-idx3-ubyte, …
    fashion/   FashionMNIST/raw/…
    cifar10/   cifar-10-batches-py/data_batch_1, …, batches.meta
    svhn/      train_32x32.mat, test_32x32.mat
    imagenette/imagenette2-160/{train,val}/<wnid>/*.JPEG
    grocery/   GroceryStoreDataset/dataset/{train,val,test}.txt, classes.csv, <pictures>

Copies are read-only. A file is found by its base name, a folder by the names it has in the wild.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import shutil
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .uses import Uses

__all__ = ["Copy", "Served", "is_file", "is_folder", "shared_end"]

_open, _walk, _stat, _symlink, _makedirs = open, os.walk, os.stat, os.symlink, os.makedirs

FOLDERS = {
    "mnist": "MNIST",
    "fashionmnist": "FashionMNIST",
    "cifar10batchespy": "cifar-10-batches-py",
    "imagenette": "imagenette2-160",
    "imagenette2": "imagenette2-160",
    "imagenette2160": "imagenette2-160",
    "imagenette2320": "imagenette2-160",
    "imagenette160": "imagenette2-160",
    "grocerystoredataset": "GroceryStoreDataset",
    "grocerystoredatasetmaster": "GroceryStoreDataset",
    "grocerystoredatasetmain": "GroceryStoreDataset",
}
"""What folders are called in the wild (letters and digits of the name) → their name here."""
ARCHIVES = (
    (re.compile(r"cifar-?10-python"), "torchvision.CIFAR10"),
    (re.compile(r"imagenette2?(-\d+|-full)?(px)?\.(tgz|tar|zip)"), "torchvision.Imagenette"),
    (re.compile(r"grocery[-_]?store[-_]?dataset"), "grocery"),
)
"""What archives and repositories are called → the family that they hold."""
FAMILY_WORDS = {"torchvision.FashionMNIST": "fashion", "torchvision.MNIST": "mnist"}
"""Of families whose files have the same names, the word in a path that tells which is meant."""
OTHER_DATASETS = re.compile(r"[keq]mnist|not-?mnist|kuzushiji|cifar-?100", re.IGNORECASE)
"""Datasets whose files have names of datasets that may be at hand."""
SPLIT_FOLDERS = frozenset({"train", "val", "valid", "validation", "test"})
NEVER_SERVED = {"extra_32x32.mat": "torchvision.SVHN"}
INDEX_LIMIT = 200_000
GZIP_LEVEL = 1


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@dataclass
class Copy:
    """One dataset at hand.

    Attributes:
        name: As the rubric names it: `cifar10`.
        path: Its folder.
        family: Such as `torchvision.CIFAR10`.
        partial: A sentence, when it is not the whole dataset.
    """

    name: str
    path: str
    family: str
    partial: str = ""
    _index: dict[str, list[str]] | None = field(default=None, repr=False)

    def index(self) -> dict[str, list[str]]:
        """Base name of every file and folder, in lower case → relative paths; read once."""
        if self._index is None:
            self._index = {}
            count = 0
            for folder, folders, files in _walk(self.path):
                folders.sort()
                inner = os.path.relpath(folder, self.path)
                prefix = "" if inner == "." else f"{inner}/"
                for entry in (*sorted(files), *folders):
                    self._index.setdefault(entry.lower(), []).append(prefix + entry)
                    count += 1
                if count > INDEX_LIMIT:
                    break
        return self._index


class Served:
    """All datasets at hand.

    Args:
        entries: The job's `served`.
        scratch: A writable folder.
        uses: Takes remarks.
    """

    def __init__(self, entries: dict[str, dict[str, Any]], scratch: str, uses: Uses) -> None:
        self.copies = [
            Copy(name, str(e["path"]).rstrip("/"), str(e["family"]), str(e.get("partial") or ""))
            for name, e in entries.items()
        ]
        self._made = f"{scratch}/served"
        self._uses = uses
        self.quiet = False
        """Whether uses draw no remark: the grader itself is asking."""

    def of_family(self, family: str) -> Copy | None:
        """The copy of that family."""
        return next((copy for copy in self.copies if copy.family == family), None)

    def holding(self, path: str) -> Copy | None:
        """The copy that a path lies in, links followed."""
        for whole in (os.path.abspath(path), os.path.realpath(path)):  # noqa: PTH100
            for copy in self.copies:
                made = f"{self._made}/{copy.name}/"
                if whole == copy.path or whole.startswith((copy.path + "/", made)):
                    return copy
        return None

    def note(self, copy: Copy, what: str) -> None:
        """Remark that a copy was used, and that it is partial when it is."""
        if self.quiet:
            return
        self._uses.note("shim.data", f"{what}: the grader's own copy was read, none downloaded")
        if copy.partial:
            self._uses.note("data.partial", copy.partial)

    def refuse_missing(self, path: str) -> None:
        """Stop when the code asks for a part that no assignment's data has.

        Raises:
            DatasetMissing: Such as SVHN's extra split.
        """
        from .faults import DatasetMissing

        name = re.split(r"[\\/]+", path)[-1].lower()
        family = NEVER_SERVED.get(name)
        if family is not None and self.of_family(family) is not None:
            raise DatasetMissing(
                f"'{name}' (SVHN's extra examples) is not among the data of this assignment:"
                " use the train and test splits",
                self._uses.place(),
            )

    def find(self, path: str, *, splits: bool = False) -> str | None:
        """The file or folder that a path which does not exist most likely means.

        Args:
            path: As the code has it.
            splits: Whether a folder called `train` is enough to be found.
        """
        parts = [p for p in re.split(r"[\\/]+", path) if p not in {"", ".", ".."}]
        if not parts or not self.copies or OTHER_DATASETS.search(path):
            return None
        ordered = self._likely_first(path)
        for position in range(len(parts) - 1, -1, -1):
            known = FOLDERS.get(_plain(parts[position]))
            for copy in ordered if known else ():
                found = "/".join([copy.path, str(known), *parts[position + 1 :]])
                if _mode(found):
                    return found
        best: tuple[int, int, str] | None = None
        for order, copy in enumerate(ordered):
            for relative in _named(copy, parts[-1]):
                shared = shared_end(relative.split("/"), parts)
                whole = f"{copy.path}/{relative}"
                enough = 1 if splits and parts[-1].lower() in SPLIT_FOLDERS else 2
                if shared < enough and is_folder(whole):
                    continue
                rank = (-shared, order, whole)
                best = rank if best is None or rank < best else best
        if best is not None:
            return best[2]
        return self._zipped(parts[-1], path)

    def _likely_first(self, path: str) -> list[Copy]:
        """The copies, those first whose word the path has."""
        low = path.lower()
        return sorted(
            self.copies,
            key=lambda c: (
                FAMILY_WORDS.get(c.family, "\0") not in low,
                c.family == "torchvision.MNIST" and "fashion" in low,
            ),
        )

    def _zipped(self, name: str, path: str) -> str | None:
        """`x.gz` where `x` is at hand: made when it is asked for."""
        stem, dot, _ = name.rpartition(".gz")
        if not dot:
            return None
        for copy in self._likely_first(path):
            for relative in _named(copy, stem):
                made = f"{self._made}/{copy.name}/{relative}.gz"
                if not is_file(made):
                    _makedirs(os.path.dirname(made), exist_ok=True)  # noqa: PTH120
                    with (
                        _open(f"{copy.path}/{relative}", "rb") as read,
                        gzip.open(made, "wb", compresslevel=GZIP_LEVEL) as write,
                    ):
                        shutil.copyfileobj(read, write, 1 << 20)
                return made
        return None

    def archive(self, text: str) -> Copy | None:
        """The copy whose archive or repository a URL, a command or a file name names."""
        low = text.lower()
        for pattern, family in ARCHIVES:
            if pattern.search(low):
                return self.of_family(family)
        return None

    def unpack(self, copy: Copy, folder: str, name: str = "") -> str:
        """Lay a dataset out in a writable folder: its folders made, its files linked.

        Args:
            copy: Which.
            folder: Where.
            name: Of its top folder, when it has one; as it is by default.
        """
        for here, folders, files in _walk(copy.path):
            inner = os.path.relpath(here, copy.path).split("/")
            if name and inner != ["."]:
                inner[0] = name
            target = os.path.normpath(os.path.join(folder, *inner))  # noqa: PTH118
            _makedirs(target, exist_ok=True)
            folders.sort()
            for file in files:
                with contextlib.suppress(FileExistsError):
                    _symlink(f"{here}/{file}", f"{target}/{file}")
        return folder

    @contextlib.contextmanager
    def replaced(self, copies: list[Copy]) -> Iterator[None]:
        """Within it, other copies stand in for those of the same family, without remarks."""
        before, quiet = self.copies, self.quiet
        families = {copy.family for copy in copies}
        self.copies = [*copies, *(c for c in before if c.family not in families)]
        self.quiet = True
        try:
            yield
        finally:
            self.copies, self.quiet = before, quiet


def _named(copy: Copy, name: str) -> list[str]:
    """Paths of that base name; `train-images.idx3-ubyte` is the same as with a hyphen."""
    low = name.lower()
    return copy.index().get(low) or copy.index().get(re.sub(r"\.idx(\d)", r"-idx\1", low)) or []


def shared_end(there: list[str], parts: list[str]) -> int:
    """How many components at their ends agree; another spelling of the last counts."""
    shared = 1
    while shared < min(len(there), len(parts)) and (
        there[-1 - shared].lower() == parts[-1 - shared].lower()
    ):
        shared += 1
    return shared


def _mode(path: str) -> int:
    """The kind of what is there, by the real file system; 0 when nothing is."""
    try:
        return _stat(path).st_mode
    except (OSError, ValueError):
        return 0


def is_file(path: str) -> bool:
    """As `os.path.isfile`, by the real file system."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: str) -> bool:
    """As `os.path.isdir`, by the real file system."""
    return stat.S_ISDIR(_mode(path))
