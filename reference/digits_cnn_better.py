"""What a CNN can reach on the digits when the template's choices are improved.

Task: `digits-svhn` part 2, beyond what is asked: two blocks of two convolutions with batch norm and
dropout, training images that are rotated, scaled, sheared and shifted a little anew in every epoch,
AdamW under a cosine schedule. The epoch is still chosen by the validation NLL alone.
References: Ioffe and Szegedy, Batch normalization, 2015; Srivastava et al., Dropout, 2014;
Loshchilov and Hutter, Decoupled weight decay regularization, 2019.
Expected: test error .007 to .011, test NLL about .02 nats.
Time: 17 s on one CPU core.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from reference import training
from reference.command import command
from reference.data import load_digits
from reference.digits_cnn import Reshape
from reference.optimizers import adamw_cosine

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TASK", "Config", "augment", "build", "main"]

MAX_DEGREES = 12.0
MAX_SHIFT = 0.2  # of half the image's width: 0.8 pixels
MAX_SCALE = 0.12
MAX_SHEAR = 0.15
WHITE = 16.0


@dataclass(frozen=True, kw_only=True)
class Config(training.Config):
    """Chosen on the validation split."""

    lr: float = 3e-3
    weight_decay: float = 1e-2
    max_epochs: int = 80
    patience: int = 80
    num_kernels: int = 32
    dropout: float = 0.3
    classes: int = 10


def block(inputs: int, outputs: int) -> list[nn.Module]:
    """Two convolutions and a pooling: [N, inputs, H, W] → [N, outputs, H/2, W/2]."""
    return [
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]


def build(config: Config) -> nn.Sequential:
    """The net from pixels to log-probabilities: [N, 64] → [N, 10]."""
    kernels = config.num_kernels
    return nn.Sequential(
        Reshape((1, 8, 8)),  # [N, 64] → [N, 1, 8, 8]
        *block(1, kernels),  # [N, 32, 4, 4]
        *block(kernels, 2 * kernels),  # [N, 64, 2, 2]
        nn.Flatten(),  # [N, 64, 2, 2] → [N, 256]
        nn.Dropout(config.dropout),
        nn.Linear(2 * kernels * 2 * 2, config.classes),  # [N, 10]
        nn.LogSoftmax(dim=1),
    )


def augment(x: Tensor, generator: torch.Generator, _config: Config) -> Tensor:
    """Move every image a little, each in its own way: [N, 64] → [N, 64]."""

    def between(limit: float) -> Tensor:
        return (2 * torch.rand(len(x), generator=generator) - 1) * limit

    angle = between(MAX_DEGREES * torch.pi / 180)
    scale = 1 + between(MAX_SCALE)
    shear = between(MAX_SHEAR)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = (
        torch.stack([cos, shear - sin, between(MAX_SHIFT)], dim=1),
        torch.stack([sin, cos, between(MAX_SHIFT)], dim=1),
    )
    matrix = torch.stack(rows, dim=1).to(x.device)  # [N, 2, 3]
    images = x.reshape(-1, 1, 8, 8)
    grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)  # [N, 8, 8, 2]
    moved = functional.grid_sample(images, grid, align_corners=False)
    return moved.reshape(len(x), 64).clamp(0, WHITE)


TASK = training.Task(
    name="digits_cnn_better",
    config=Config,
    tiny={"max_epochs": 2, "num_kernels": 4},
    build=build,
    load=lambda _config: load_digits(),
    optimizer=adamw_cosine,
    augment=augment,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Train and print the test error and NLL."""
    return command(TASK, argv)


if __name__ == "__main__":
    sys.exit(main())
