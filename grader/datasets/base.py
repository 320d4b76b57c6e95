"""What a dataset is to the grader."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from grader.errors import UnknownNameError
from grader.model.base import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from grader.registry import Registry

__all__ = ["Dataset", "DatasetProperty", "Split", "data_root", "split_of"]

ROOT_VARIABLE = "GRADE_DATA"
DEFAULT_ROOT = Path("data")


@dataclass(frozen=True)
class Split:
    """The examples of one split, in the dataset's own order.

    Shapes:
        inputs: [N, ...], float32 or uint8.
        labels: [N], int64.
    """

    inputs: NDArray[np.float32] | NDArray[np.uint8]
    labels: NDArray[np.int64]


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
    def title(self) -> str:
        """For people."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; the label is the index."""

    @property
    def splits(self) -> tuple[str, ...]:
        """In the order in which people speak of them."""

    @property
    def family(self) -> str:
        """What a role's `source_data` names when student code reads this dataset by itself."""

    @property
    def version(self) -> str:
        """Changes when the bytes change."""

    @property
    def total_rows(self) -> int:
        """Of the whole dataset as student code reads it."""

    def rows(self, split: str) -> tuple[int, int]:
        """First row and the row after the last of a split within the whole dataset.

        Raises:
            UnknownNameError: There is no such split.
        """

    def locate(self, root: Path | None) -> Path | None:
        """Where the data lies, or None when it is not on this machine."""

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

    def fetch(self, root: Path | None) -> Path:
        """Bring the data onto this machine, unless it is there, and say where it is.

        Raises:
            DatasetMissingError: It cannot be had from here, with what to do by hand.
        """

    def verify(self, root: Path | None) -> tuple[DatasetProperty, ...]:
        """Look at the bytes that are there."""


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
    dataset.rows(split)
    return dataset, split


def unknown_split(dataset: Dataset, split: str) -> UnknownNameError:
    """The error for a split that a dataset does not have."""
    message = f"dataset '{dataset.name}' has no split '{split}'"
    return UnknownNameError(message, mend=f"its splits: {', '.join(dataset.splits)}")
