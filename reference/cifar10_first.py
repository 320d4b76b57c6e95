"""A CNN with convolution, pooling and fully connected layers; batch 32, Adam 1e-3, 10 epochs.

Task: `cifar10-cnn` 1.2 and 1.3 (the team's net: 3 → 16 → 32 → 64 3x3 convolutions with max pooling,
1024 → 500 → 10), and 1.4: "train with ten seeds".
References: Krizhevsky, Learning multiple layers of features from tiny images, 2009.
Expected: test accuracy .65 to .70 with 24,000 training images ("about 70%" with 40,000). It
over-fits: the fifth epoch or so is the best, after the tenth the training error is .06.
Time: 90 s of one CPU core with bfloat16 matrix instructions, for a seed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from reference import training
from reference.command import command
from reference.data import Data, load_cifar10
from reference.losses import cross_entropy
from reference.optimizers import adam

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TASK", "Config", "build", "load", "main", "prepare"]

MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)
"""Of each channel, over all training images, in units of the largest pixel value."""


@dataclass(frozen=True, kw_only=True)
class Config(training.Config):
    """The handout's settings.

    Source: "batch 32, Adam 1e-3, 10 epochs"; "split of 20% of training as validation" (handout
    cifar10-cnn, 1.1 and 1.3).
    """

    weight_decay: float = 0.0
    batch_size: int = 32
    max_epochs: int = 10
    bf16: bool = True
    channels_last: bool = True
    val_share: float = 0.2
    rows: int = 0
    """Of each split; 0: all."""
    kernels: int = 16
    hidden: int = 500
    classes: int = 10


def prepare(images: Tensor) -> Tensor:
    """Pixels of 0 to 255 as normalised floats: [N, 3, 32, 32] uint8 → [N, 3, 32, 32] float32."""
    mean = torch.tensor(MEAN, device=images.device)[:, None, None] * 255
    std = torch.tensor(STD, device=images.device)[:, None, None] * 255
    return (images - mean) / std


def load(config: Any) -> Data:
    """CIFAR-10, a share of the training images held out for validation."""
    return load_cifar10(config.val_share).first(config.rows)


def build(config: Config) -> nn.Sequential:
    """The net from normalised images to scores: [N, 3, 32, 32] → [N, 10]."""
    kernels = config.kernels
    return nn.Sequential(
        nn.Conv2d(3, kernels, kernel_size=3, padding=1),  # [N, 16, 32, 32]
        nn.MaxPool2d(2),  # [N, 16, 16, 16]; before ReLU: the same on a quarter of the values
        nn.ReLU(),
        nn.Conv2d(kernels, 2 * kernels, kernel_size=3, padding=1),  # [N, 32, 16, 16]
        nn.MaxPool2d(2),  # [N, 32, 8, 8]
        nn.ReLU(),
        nn.Conv2d(2 * kernels, 4 * kernels, kernel_size=3, padding=1),  # [N, 64, 8, 8]
        nn.MaxPool2d(2),  # [N, 64, 4, 4]
        nn.ReLU(),
        nn.Flatten(),  # [N, 64, 4, 4] → [N, 1024]
        nn.Linear(4 * kernels * 4 * 4, config.hidden),  # [N, 500]
        nn.ReLU(),
        nn.Linear(config.hidden, config.classes),  # [N, 10]
    )


TASK = training.Task(
    name="cifar10_first",
    config=Config,
    tiny={"max_epochs": 2, "kernels": 4, "hidden": 32, "rows": 320},
    build=build,
    load=load,
    optimizer=adam,
    loss=cross_entropy,
    prepare=prepare,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Train and print the test error and loss."""
    return command(TASK, argv)


if __name__ == "__main__":
    sys.exit(main())
