"""VGG16-D with batch norm on Imagenette from scratch: a recipe for one GPU.

Task: `cnn-vgg16`, implementation 4. "Improve test accuracy by changing hyper-parameters." What
changes against the paper: batch norm after each convolution, SGD with Nesterov's momentum under one
cycle, label smoothing, a moving average of the weights, crops of 128 pixels that keep at least a
third of the picture, changes of light and colour, bfloat16 and channels last.
References: Simonyan and Zisserman, 2015; Ioffe and Szegedy, Batch normalization, 2015; Smith and
Topin, Super-convergence, 2019; Szegedy et al., Rethinking the inception architecture, 2016.
Expected: test accuracy .85 or more with all 9,469 pictures. This is an expectation, not a
measurement: the recipe was never run in full, since no GPU was at hand.
Time: an estimate of 20 minutes on a GPU. Start it so:

    python -m reference.vgg16_imagenette --set device=cuda --seeds 0 1 2 --save
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference import training, vgg16
from reference.command import command
from reference.losses import cross_entropy
from reference.optimizers import one_cycle_sgd
from reference.photographs import cut, normalise, recolour

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from torch import Tensor

__all__ = ["TASK", "Config", "augment", "main"]

NAME = "vgg16_imagenette"


@dataclass(frozen=True, kw_only=True)
class Config(vgg16.Config):
    """A recipe that no validation has chosen yet."""

    lr: float = 0.05
    batch_size: int = 128
    max_epochs: int = 80
    warm_up: float = 0.2
    label_smoothing: float = 0.1
    average: float = 0.998
    bf16: bool = True
    channels_last: bool = True
    norm: bool = True
    eval_batch: int = 256
    size: int = 128
    loaded: int = 160
    min_area: float = 0.3
    light: float = 0.3
    tint: float = 0.1


def augment(x: Tensor, generator: torch.Generator, config: Config) -> Tensor:
    """Cut, mirror and recolour: [N, 3, loaded, loaded] → [N, 3, size, size]."""
    moved = cut(x, generator, config.size, areas=(config.min_area, 1.0), stretch=0.15)
    return recolour(moved, generator, config.light, config.tint)


TASK = training.Task(
    name=NAME,
    config=Config,
    tiny=vgg16.TASK.tiny,
    build=vgg16.build,
    load=vgg16.load,
    optimizer=one_cycle_sgd,
    loss=cross_entropy,
    augment=augment,
    prepare=normalise,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Train and print the test error and NLL."""
    return command(TASK, argv)


if __name__ == "__main__":
    sys.exit(main())
