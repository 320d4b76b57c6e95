"""Which inputs a net may take, where the assignment leaves that to the student."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ..inputs.transforms import sizes_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session import Session

__all__ = ["likely_shapes"]

COMMON_SIDES = (224, 256, 128, 64, 32, 28, 96, 112, 160, 192, 299)
IMAGE = 4
"""Dimensions of a convolution's weight: [out, in, height, width]."""


def likely_shapes(session: Session, module: Any, role: dict[str, Any]) -> Iterator[tuple[int, ...]]:
    """Shapes of one input, the likeliest first.

    The role's, and for pictures the same in the sides that the code's transforms make. Without one:
    pictures of the first convolution's channels, in those sides and in common ones; or as many
    numbers as the first linear layer takes.
    """
    declared = role.get("input_shape")
    if declared:
        yield tuple(declared)
        if len(declared) == IMAGE - 1:
            for side in sizes_in(session.definitions()):
                yield (declared[0], side, side)
        return
    weights = [p for p in torch.nn.Module.parameters(module) if p.dim() > 1]
    first = weights[0] if weights else None
    if first is None:
        return
    if first.dim() == IMAGE:
        channels = int(first.shape[1])
        for side in dict.fromkeys((*sizes_in(session.definitions()), *COMMON_SIDES)):
            yield (channels, side, side)
    else:
        yield (int(first.shape[1]),)
