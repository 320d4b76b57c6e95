"""What the yielded batches hold: shape, range, mean and spread, labels, what is not finite."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from ..meter import number

__all__ = ["LOOKED_AT", "Batches", "differs", "inputs_and_labels", "pointers_of", "sample_of"]

LOOKED_AT = 4
"""Batches of a loader whose numbers are read."""
CHANNELS = 4
"""A dimension of at most so many entries may be the channels."""
COMPARED = 256
"""Numbers of a batch that are compared with what a net is given."""
SCATTERED = 1_000_003
"""Steps between them: a prime."""
INPUT_NAMES = ("image", "images", "pixel_values", "x", "input", "inputs", "data")
LABEL_NAMES = ("label", "labels", "y", "target", "targets")


def inputs_and_labels(batch: Any) -> tuple[Any, Any]:
    """The inputs and the labels of a batch, each None when there is none."""
    if isinstance(batch, dict):
        inputs = next((batch[name] for name in INPUT_NAMES if name in batch), None)
        return inputs, next((batch[name] for name in LABEL_NAMES if name in batch), None)
    if isinstance(batch, tuple | list) and batch:
        first = batch[0]
        return first, (batch[1] if len(batch) > 1 else None)
    return batch, None


def pointers_of(values: Any) -> list[int]:
    """Where the numbers of the first tensor lie; views of it begin at the same place."""
    import torch

    if isinstance(values, dict):
        values = tuple(values.values())
    first = values[0] if isinstance(values, tuple | list) and values else values
    if isinstance(first, tuple | list) and first:
        first = first[0]
    if isinstance(first, torch.Tensor):
        pointer = first.data_ptr()
        return [pointer] if pointer else []
    return []


def sample_of(inputs: Any) -> Any:
    """Scattered numbers of a batch's inputs, [COMPARED + 1], its size first; None for no tensor."""
    import torch

    if isinstance(inputs, tuple | list) and inputs:
        inputs = inputs[0]
    if not isinstance(inputs, torch.Tensor) or not inputs.numel():
        return None
    size = inputs.numel()
    where = torch.arange(min(size, COMPARED), device=inputs.device) * SCATTERED % size
    try:
        values = inputs.detach().reshape(-1)[where].double().cpu().nan_to_num()
    except Exception:  # a sparse tensor, or one of a class of its own
        return None
    return torch.cat([torch.tensor([float(size)], dtype=torch.float64), values])


def differs(sample: Any, given: Any) -> bool:
    """Whether a net is given other numbers than the batch that a sample is of."""
    import torch

    found = sample_of(given)
    if found is None or found.shape != sample.shape or found[0] != sample[0]:
        return True
    return not torch.allclose(found, sample, rtol=0.01, atol=1e-4)  # the net may be asked in half


class Batches:
    """Running statistics of one loader."""

    def __init__(self) -> None:
        self.seen = 0
        self.shape: tuple[int, ...] = ()
        self.labels: Counter[int] = Counter()
        self.rows = 0
        self.not_finite = 0
        """Inputs with a number that is none."""
        self.constant = 0
        """Inputs whose numbers are all the same."""
        self.lowest = math.inf
        self.highest = -math.inf
        self._numbers = 0
        self._sum: Any = None
        self._squares: Any = None

    def add(self, batch: Any, *, count: bool = True) -> int:
        """Look at one more batch; after the first few only at its labels.

        Args:
            batch: As it was yielded.
            count: Whether labels go on being counted: not when the dataset holds them.

        Returns:
            How many labels were counted.
        """
        self.seen += 1
        if self.seen > LOOKED_AT and not count:
            return 0
        import torch

        inputs, labels = inputs_and_labels(batch)
        counted = self._count(labels) if labels is not None else 0
        if self.seen <= LOOKED_AT and isinstance(inputs, torch.Tensor) and inputs.ndim:
            with torch.no_grad():
                self._measure(inputs.detach())
        return counted

    def _count(self, labels: Any) -> int:
        import torch

        if not isinstance(labels, torch.Tensor) or labels.numel() == 0:
            return 0
        if labels.ndim == 2 and labels.shape[1] == 1:  # noqa: PLR2004
            labels = labels[:, 0]
        if labels.ndim == 2 and bool((labels.sum(dim=1) == 1).all()):  # noqa: PLR2004 - one-hot
            labels = labels.argmax(dim=1)
        if labels.ndim != 1 or (labels.is_floating_point() and bool((labels % 1 != 0).any())):
            return 0
        if len(self.labels) > 1000:  # noqa: PLR2004 - the record's bound
            return 0
        self.labels.update(int(value) for value in labels.tolist())
        return len(labels)

    def _measure(self, inputs: Any) -> None:
        self.shape = tuple(inputs.shape[1:])
        self.rows += len(inputs)
        values = inputs.double()
        flat = values.reshape(len(values), -1)
        if flat.shape[1]:
            finite = np.asarray(flat.isfinite().all(dim=1))
            self.not_finite += int((~finite).sum())
            lows, highs = flat.amin(dim=1), flat.amax(dim=1)
            self.constant += int((lows == highs).sum())
            if finite.any():
                self.lowest = min(self.lowest, float(np.asarray(lows)[finite].min()))
                self.highest = max(self.highest, float(np.asarray(highs)[finite].max()))
        axes = _channels(values)
        kept = values.shape[axes] if axes is not None else 1
        moved = (
            values.movedim(axes, 0).reshape(kept, -1) if axes is not None else flat.reshape(1, -1)
        )
        total, squares = moved.sum(dim=1), (moved * moved).sum(dim=1)
        if self._sum is None or len(self._sum) != kept:
            self._sum, self._squares, self._numbers = total, squares, moved.shape[1]
        else:
            self._sum, self._squares = self._sum + total, self._squares + squares
            self._numbers += moved.shape[1]

    def moments(self) -> tuple[list[float | str], list[float | str]]:
        """Mean and standard deviation, per channel."""
        if self._sum is None or not self._numbers:
            return [], []
        mean = self._sum / self._numbers
        spread = (self._squares / self._numbers - mean * mean).clamp(min=0).sqrt()
        return [number(float(v)) for v in mean], [number(float(v)) for v in spread]


def _channels(values: Any) -> int | None:
    """Which dimension holds the channels; None for inputs without."""
    if values.ndim != 4:  # noqa: PLR2004 - [N, C, H, W] or [N, H, W, C]
        return None
    if values.shape[1] <= CHANNELS:
        return 1
    return 3 if values.shape[3] <= CHANNELS else None
