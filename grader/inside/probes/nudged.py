"""The same inputs, changed a little: a net hardly minds, a table no longer finds them.

Only some rows are asked again, so that this costs at most a quarter of the prediction itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..binding.nets import Net
    from ..inputs.rows import Rows

__all__ = ["Sample", "nudged"]

SHARE = 8
"""One row of so many; each is asked twice more."""
MOST_ROWS = 256
MOST_NUMBERS = 16_000_000
"""Kept of the inputs: 64 MB."""
NOISE = 0.05
"""Standard deviation of the noise, as a share of the inputs' own."""
SMALLEST_SIDE = 16
"""Of pictures that can be moved by a pixel and stay what they are."""
PLANES = 3
"""Dimensions of a batch of pictures without channels."""


class Sample:
    """Keeps the first few inputs of batches that pass.

    Args:
        count: N, of all inputs.
    """

    def __init__(self, count: int) -> None:
        self._wanted = min(MOST_ROWS, count // SHARE)
        self._kept: list[torch.Tensor] = []
        self._have = 0

    def passing(self, batches: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
        """The same batches."""
        for batch in batches:
            if self._have < self._wanted:
                numbers = max(1, math.prod(batch.shape[1:]))
                wanted = min(self._wanted, MOST_NUMBERS // numbers)
                part = batch[: max(0, wanted - self._have)].clone()
                self._kept.append(part)
                self._have += len(part)
            yield batch

    @property
    def inputs(self) -> torch.Tensor | None:
        """[m, …], or None where there are too few rows."""
        return torch.cat(self._kept) if self._have else None


def nudged(net: Net, rows: Rows, sample: torch.Tensor) -> dict[str, torch.Tensor]:
    """Scores of changed inputs, by how they were changed, and which rows of the job they are.

    Returns:
        `nudged_rows` int64 [m]; `noisy` float32 [m, K]; `moved` float32 [m, K] of pictures that
        are large enough. Empty when the net cannot be asked.
    """
    found: dict[str, torch.Tensor] = {}
    for name, changed in _changes(sample):
        try:
            scores = torch.cat([net.scores(part) for part in torch.split(changed, len(rows.head))])
        except Exception:
            return {}
        if len(scores) != len(sample) or scores.dim() != 2 or not bool(scores.isfinite().all()):  # noqa: PLR2004 - a matrix
            return {}
        found[name] = scores.contiguous()
    return {"nudged_rows": torch.tensor(rows.jobs_rows(len(sample))), **found} if found else {}


def _changes(sample: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    spread = float(sample.std())
    if not spread > 0:
        return
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn(sample.shape, generator=generator)
    yield "noisy", sample + NOISE * spread * noise
    if sample.dim() >= PLANES and min(sample.shape[-2:]) >= SMALLEST_SIDE:
        yield "moved", torch.cat([sample[..., :1], sample[..., :-1]], dim=-1)
