"""The data of all reference solutions, split as the handouts say.

Digits (`sklearn.datasets.load_digits`): 1797 images of 8x8 pixels with values 0 to 16. The first
1000 are for training, the next 350 for validation, the other 447 for the test.

Shapes: inputs [N, 64] float32, labels [N] int64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DIGITS_BOUNDS", "Data", "Split", "batches", "load_digits"]

DIGITS_BOUNDS = (1000, 1350)
"""Where validation and test begin.

Source: "first 1000 train, next 350 validation, the rest (447) test" (handout digits-svhn, part 2).
"""


@dataclass(frozen=True)
class Split:
    """Inputs with their labels, row by row."""

    inputs: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: str) -> Split:
        """Copy to a device."""
        return Split(self.inputs.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Data:
    """What trains, what selects, and what is looked at once."""

    train: Split
    val: Split
    test: Split


def load_digits(device: str = "cpu") -> Data:
    """Load scikit-learn's digits, unscaled, in the handout's split."""
    from sklearn.datasets import load_digits as load

    bunch = load()
    inputs = torch.from_numpy(bunch.data).float()
    labels = torch.from_numpy(bunch.target).long()
    first, second = DIGITS_BOUNDS
    return Data(
        train=Split(inputs[:first], labels[:first]).to(device),
        val=Split(inputs[first:second], labels[first:second]).to(device),
        test=Split(inputs[second:], labels[second:]).to(device),
    )


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
