"""Inputs with their labels, in the three splits that every training needs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Data", "DataMissingError", "Split", "batches", "data_root", "held_out", "of_classes"]

SPLIT_SEED = 2024  # of the division into training and validation: the same for every run


class DataMissingError(Exception):
    """A dataset is not on this machine; the message says what would provide it."""


@dataclass(frozen=True)
class Split:
    """Inputs with their labels, row by row."""

    inputs: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: Tensor | slice) -> Split:
        return Split(self.inputs[rows], self.labels[rows])

    def to(self, device: str) -> Split:
        """Copy to a device."""
        return Split(self.inputs.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Data:
    """What trains, what selects, and what is looked at once."""

    train: Split
    val: Split
    test: Split

    def to(self, device: str) -> Data:
        """Copy to a device."""
        return Data(self.train.to(device), self.val.to(device), self.test.to(device))

    def first(self, rows: int) -> Data:
        """The first rows of each split, to try something out; 0: all."""
        if not rows:
            return self
        return Data(self.train[:rows], self.val[:rows], self.test[:rows])

    def sizes(self) -> dict[str, int]:
        """Examples of each split."""
        return {"train": len(self.train), "val": len(self.val), "test": len(self.test)}


def data_root() -> Path:
    """The folder of the datasets: `--data`, or the variable `GRADE_DATA`.

    Raises:
        DataMissingError: Neither is given, or there is no such folder.
    """
    named = os.environ.get("GRADE_DATA", "")
    if not named:
        raise DataMissingError("no data folder: give --data FOLDER or set GRADE_DATA")
    root = Path(named)
    if not root.is_dir():
        raise DataMissingError(f"{root} is no folder: give --data FOLDER or set GRADE_DATA")
    return root


def held_out(split: Split, share: float) -> tuple[Split, Split]:
    """Divide training data into what trains and what validates: the same share of every class.

    Args:
        split: The training data.
        share: Of each class, what validates: 0 to 1.
    """
    generator = torch.Generator().manual_seed(SPLIT_SEED)
    validates = torch.zeros(len(split), dtype=torch.bool)
    for label in torch.unique(split.labels):
        rows = (split.labels == label).nonzero().squeeze(1)
        chosen = torch.randperm(len(rows), generator=generator)[: round(share * len(rows))]
        validates[rows[chosen]] = True
    return split[~validates], split[validates]


def of_classes(split: Split, classes: Sequence[int]) -> Split:
    """Keep some classes; their labels become 0, 1, … in the order given."""
    wanted = torch.isin(split.labels, torch.tensor(classes))
    new = torch.full((int(split.labels.max()) + 1,), -1)
    new[list(classes)] = torch.arange(len(classes))
    kept = split[wanted]
    return Split(kept.inputs, new[kept.labels])


def batches(
    split: Split, size: int, generator: torch.Generator | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Walk over a split once.

    Args:
        split: What to walk over.
        size: Rows in a batch; the last one may be smaller.
        generator: Shuffles. Without it the order is kept, as validation and test want it.
    """
    device = split.labels.device
    if generator is None:
        order = torch.arange(len(split), device=device)
    else:
        order = torch.randperm(len(split), generator=generator).to(device)
    for rows in torch.split(order, size):
        yield split.inputs[rows], split.labels[rows]
