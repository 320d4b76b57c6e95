"""Inputs of a net, made when they are asked for, so that many large pictures fit in memory."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Rows", "as_row"]

BATCH = 256
BATCH_NUMBERS = 3_000_000
"""In one batch of inputs: 12 MB; a deep net holds some hundred times that while it runs."""


class Rows:
    """Preprocessed inputs in the job's order.

    Args:
        count: N.
        make: From a position to its input, a float tensor.
        how: What the inputs went through, as a sentence.
        row_of: Which row of the job a position turned out to be, where that may differ.
        seeded: Whether each is made from a seed of its own, because making it draws.
    """

    def __init__(
        self,
        count: int,
        make: Callable[[int], torch.Tensor],
        how: str,
        row_of: Callable[[int], int] | None = None,
        *,
        seeded: bool = False,
    ) -> None:
        self._count = count
        self._make = make
        self._row_of = row_of
        self._seeded = seeded
        self._head: torch.Tensor | None = None
        self.how = how

    @classmethod
    def of(cls, whole: torch.Tensor, how: str) -> Rows:
        """All in memory already, [N, …]."""
        rows = cls(len(whole), lambda index: whole[index], how)
        rows._slice = lambda first, last: whole[first:last]  # type: ignore[method-assign]
        return rows

    def __len__(self) -> int:
        return self._count

    def _slice(self, first: int, last: int) -> torch.Tensor:
        return torch.stack([self._one(index) for index in range(first, last)])

    def _one(self, index: int) -> torch.Tensor:
        if self._seeded:
            random.seed(index)
            np.random.seed(index)
            torch.manual_seed(index)
        return self._make(index)

    def sample(self, count: int) -> torch.Tensor:
        """The first few, made for themselves."""
        return self._slice(0, min(count, self._count))

    @property
    def batch_size(self) -> int:
        """Of the batches, by the size of one input."""
        numbers = max(1, math.prod(self.sample(1).shape[1:]))
        return max(1, min(BATCH, BATCH_NUMBERS // numbers))

    @property
    def head(self) -> torch.Tensor:
        """The first batch, kept: [n, …]."""
        if self._head is None:
            self._head = self._slice(0, min(self.batch_size, self._count))
        return self._head

    def batches(self) -> Iterator[torch.Tensor]:
        """All inputs, batch by batch."""
        yield self.head
        size = len(self.head)
        for first in range(size, self._count, size):
            yield self._slice(first, min(first + size, self._count))

    def in_order(self, scores: torch.Tensor) -> torch.Tensor:
        """Scores of all positions, put in the job's order."""
        order = self.jobs_rows(self._count)
        if order == list(range(self._count)):
            return scores
        found = torch.empty_like(scores)
        found[torch.tensor(order)] = scores
        return found

    def jobs_rows(self, count: int) -> list[int]:
        """Which row of the job each of the first positions is; known when all were made."""
        plain = list(range(self._count))
        if self._row_of is None:
            return plain[:count]
        order = [self._row_of(position) for position in plain]
        return (order if sorted(order) == plain else plain)[:count]


def as_row(item: Any) -> torch.Tensor:
    """The input of one example, from what a dataset or a transform gives.

    Raises:
        TypeError: It is no array of numbers.
    """
    if isinstance(item, dict):
        item = next(iter(item.values()))
    elif isinstance(item, list | tuple):
        item = item[0]
    if isinstance(item, torch.Tensor):
        return item.detach().to(torch.float32)
    array = np.asarray(item)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a {type(item).__name__} is no input of a net")
    return torch.as_tensor(array, dtype=torch.float32).clone()
