"""What a dataset is to the grader."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from grader.errors import DatasetMissingError, UnknownNameError
from grader.model.base import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from grader.registry import Registry

__all__ = [
    "Dataset",
    "DatasetProperty",
    "Deal",
    "Pictures",
    "Shown",
    "Split",
    "data_root",
    "part_in_words",
    "split_of",
]

ROOT_VARIABLE = "GRADE_DATA"
DEFAULT_ROOT = Path("data")

Deal = Callable[[str, int], Sequence[int]]
"""(what, count) → a permutation that only the grader knows, the same whenever it is asked."""


@dataclass(frozen=True)
class Pictures:
    """JPEG or PNG files of different sizes, read when they are asked for."""

    files: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, row: int) -> bytes:
        """The bytes of one file.

        Raises:
            DatasetMissingError: It cannot be read.
        """
        try:
            return self.files[row].read_bytes()
        except OSError as error:
            message = f"a picture cannot be read: {error.strerror}"
            mend = "bring the dataset here again: grade data fetch"
            raise DatasetMissingError(message, where=str(self.files[row]), mend=mend) from error


@dataclass(frozen=True)
class Split:
    """The examples of one split, in the dataset's own order.

    Attributes:
        inputs: [N, ...] float32 or uint8, or files.
        labels: [N].
        first_row: Of the split within what student code reads at once.
        total_rows: What student code reads at once; None for just this split.
        original_classes: For a part of a dataset, the labels there of classes 0, 1, …
    """

    inputs: NDArray[np.float32] | NDArray[np.uint8] | Pictures
    labels: NDArray[np.int64]
    first_row: int = 0
    total_rows: int | None = None
    original_classes: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Shown:
    """A split as student code finds it when it runs.

    Shapes:
        rows: [M], the split's example that each one shows.
        labels: [M], as student code reads them: of a hidden split, permuted.
        repeats: [M], 0 for an example itself, k for its k-th repetition.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    repeats: NDArray[np.int64] = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)


class DatasetProperty(Record):
    """One thing that `grade data verify` looked at."""

    name: str
    holds: bool
    detail: str
    mend: str = ""


class Dataset(Protocol):
    """A dataset with fixed splits. Adding one is a class with these members and one registration.

    `root` is the folder of fetched datasets; a dataset that ships with a library ignores it.
    """

    @property
    def name(self) -> str:
        """As rubrics write it before the slash of `digits/test`."""

    @property
    def fetched_as(self) -> str:
        """The dataset whose files these are: its own name, but for a part of another one."""

    @property
    def title(self) -> str:
        """For people."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; the label is the index."""

    @property
    def splits(self) -> tuple[str, ...]:
        """In the order in which people speak of them."""

    @property
    def hidden(self) -> tuple[str, ...]:
        """Splits whose labels never enter a box."""

    @property
    def family(self) -> str:
        """What a role's `source_data` names when student code reads this dataset by itself."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Examples of each split of the complete dataset; a split that is not known is left out."""

    @property
    def served(self) -> bool:
        """Whether `serve` makes a folder that student code can read."""

    @property
    def shipped(self) -> bool:
        """Whether a library of the environment brings it, so that student code has it anyway."""

    def size_bytes(self, root: Path | None) -> int:
        """Of the files that are here."""

    def version(self, root: Path | None) -> str:
        """Changes when the bytes on this machine change; `absent` when there are none."""

    def locate(self, root: Path | None) -> Path | None:
        """Where the data lies, or None when it is not on this machine."""

    def available(self, root: Path | None) -> tuple[str, ...]:
        """The splits that are here, looked for without reading them."""

    def partial(self, root: Path | None) -> Mapping[str, str]:
        """Split → which part of it is here. Empty when everything is here, or nothing."""

    def load(self, split: str, root: Path | None) -> Split:
        """Read one split.

        Raises:
            DatasetMissingError: It is not on this machine, or its bytes are not the known ones.
            UnknownNameError: There is no such split.
        """

    def overlays(self, folder: Path) -> Mapping[str, Path]:
        """Write copies without test labels into `folder`.

        Returns:
            Absolute path that a box would read → the file to bind over it.
        """

    def shown(self, split: str, root: Path | None, deal: Deal) -> Shown:
        """Say how student code finds a split that is served.

        Raises:
            DatasetMissingError: It is not on this machine.
        """

    def serve(self, folder: Path, root: Path | None, deal: Deal) -> None:
        """Write what student code finds when it runs: nominal lengths, no true test labels.

        Raises:
            DatasetMissingError: It is not on this machine.
        """

    def fetch(self, root: Path | None) -> Path:
        """Bring the data onto this machine, unless it is there, and say where it is.

        Raises:
            DatasetMissingError: It cannot be had from here, with what to do by hand.
        """

    def verify(self, root: Path | None) -> tuple[DatasetProperty, ...]:
        """Look at the bytes that are there."""


def part_in_words(partial: Mapping[str, str]) -> str:
    """Which part of a dataset is here, in one line; what holds for all its splits is said once."""
    said = tuple(dict.fromkeys(partial.values()))
    if len(said) == 1:
        return said[0]
    return "; ".join(f"{split}: {text}" for split, text in partial.items())


def data_root(option: Path | None = None) -> Path:
    """The folder of fetched datasets: the `--data` option, else `$GRADE_DATA`, else `./data`."""
    if option is not None:
        return option
    named = os.environ.get(ROOT_VARIABLE, "").strip()
    return Path(named).expanduser() if named else DEFAULT_ROOT


def split_of(datasets: Registry[Dataset], name: str) -> tuple[Dataset, str]:
    """Take `digits/test` apart.

    Raises:
        UnknownNameError: No such dataset or split.
    """
    dataset_name, _, split = name.partition("/")
    dataset = datasets[dataset_name]
    if split not in dataset.splits:
        raise unknown_split(dataset, split)
    return dataset, split


def unknown_split(dataset: Dataset, split: str) -> UnknownNameError:
    """The error for a split that a dataset does not have."""
    message = f"dataset '{dataset.name}' has no split '{split}'"
    return UnknownNameError(message, mend=f"its splits: {', '.join(dataset.splits)}")
