"""A CNN on fm1: two convolutions and two dense layers, trained until validation stops improving.

Task: `fashion-transfer` Q1. Cross-entropy, SGD 0.005, batch 100, two convolutions (6 and 12 filters
of 5x5, max pooling) and two dense layers (192 → 80 → 5). Training stops when the mean validation
loss of the last 20 epochs is no lower than that of the 20 before.
References: LeCun et al., Gradient-based learning applied to document recognition, 1998; Xiao et
al., Fashion-MNIST, 2017.
Expected: test accuracy about .98 (the team: .9816). After 200 epochs training ends in any case.
Time: 1.5 seconds of one CPU core for an epoch.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from reference import training
from reference.command import command
from reference.data import Data, load_fm
from reference.losses import cross_entropy
from reference.optimizers import sgd

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TASK", "Config", "build", "convnet", "load", "main", "prepare", "stop"]

SIDE = 28  # pixels
WINDOW = 20
"""Source: "mean of the last 20 epochs against the 20 before" (handout fashion-transfer, Q1)."""


@dataclass(frozen=True, kw_only=True)
class Config(training.Config):
    """The handout's settings."""

    lr: float = 0.005
    weight_decay: float = 0.0
    batch_size: int = 100
    max_epochs: int = 200
    half: str = "fm1"
    rows: int = 0
    """Of each split; 0: all."""
    kernels: tuple[int, ...] = (6, 12)
    """Filters of each convolution."""
    dense: tuple[int, ...] = (80,)
    """Hidden units of each dense layer but the last."""
    size: int = 5
    """Pixels of a filter's side."""
    padding: int = 0
    classes: int = 5


def prepare(images: Tensor) -> Tensor:
    """Pixels of 0 to 255 as floats of 0 to 1: [N, 1, 28, 28] uint8 → [N, 1, 28, 28] float32."""
    return images.float() / 255


def load(config: Any) -> Data:
    """Half of Fashion-MNIST."""
    return load_fm(config.half).first(config.rows)


def convnet(config: Any) -> nn.Sequential:
    """Convolutions with ReLU and pooling, then dense layers: [N, 1, 28, 28] → [N, 5].

    The first dense layer takes what the last pooling leaves, whatever the settings.
    """
    layers: list[nn.Module] = []
    channels, side = 1, SIDE
    for kernels in config.kernels:
        layers += [
            nn.Conv2d(channels, kernels, config.size, padding=config.padding),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        channels, side = kernels, (side + 2 * config.padding - config.size + 1) // 2
    layers.append(nn.Flatten())  # [N, C, H, W] → [N, C·H·W]
    width = channels * side * side
    for hidden in config.dense:
        layers += [nn.Linear(width, hidden), nn.ReLU()]
        width = hidden
    return nn.Sequential(*layers, nn.Linear(width, config.classes))


def build(config: Config) -> nn.Sequential:
    """The handout's net: 28 → 24 → 12 → 8 → 4 pixels, then 192 → 80 → 5."""
    return convnet(config)


def stop(_config: Any, epochs: list[training.Epoch]) -> bool:
    """Stop when the last 20 epochs are no better on average than the 20 before."""
    losses = [epoch.val_loss for epoch in epochs[-2 * WINDOW :]]
    if len(losses) < 2 * WINDOW:
        return False
    return sum(losses[WINDOW:]) >= sum(losses[:WINDOW])


TASK = training.Task(
    name="fashion_first",
    config=Config,
    tiny={"max_epochs": 2, "rows": 300},
    build=build,
    load=load,
    optimizer=sgd,
    loss=cross_entropy,
    prepare=prepare,
    stop=stop,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Train and print the test error and loss."""
    return command(TASK, argv)


if __name__ == "__main__":
    sys.exit(main())
