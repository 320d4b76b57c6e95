"""VGG16-D as the paper describes it, with the paper's optimizer.

Task: `cnn-vgg16`, implementation 1 and 2. "13 conv layers 3x3 in blocks 64-64, 128-128, 256x3,
512x3, 512x3, five 2x2 max-poolings, 25088→4096→4096→classes with dropout 0.5": 138,357,544
parameters at 1000 classes, 134,301,514 at 10. Names and shapes of the tensors are those of the
official weights, which load. "SGD, batch 256, momentum 0.9, weight decay 5e-4, learning rate 1e-2
divided by 10 when validation accuracy stops improving (three times), 74 epochs, dropout 0.5".
References: Simonyan and Zisserman, Very deep convolutional networks for large-scale image
recognition, 2015 (sections 2 and 3, configuration D); He et al., Delving deep into rectifiers,
2015 (the initial weights: the paper's first nets started from a shallower, trained one).
Expected: not measured, since this training needs a GPU; `reference.vgg16_imagenette` is a better
recipe for one, and `reference.vgg16_overfit` shows what was run.
Time: a step of 8 pictures at 224 pixels takes 4 to 8 s and 3 GB on a CPU.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from reference import training
from reference.command import command
from reference.data.images import load_imagenette
from reference.losses import cross_entropy
from reference.optimizers import Optimization
from reference.photographs import cut, normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference.data import Data

__all__ = ["BLOCKS", "TASK", "VGG16", "Config", "build", "main", "paper"]

NAME = "vgg16"
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Channels and convolutions of each block. Source: the paper's table 1, column D."""
POOLED = 7  # 224 pixels after five halvings
HIDDEN = 4096


@dataclass(frozen=True, kw_only=True)
class Config(training.Config):
    """The paper's settings.

    Source: "SGD, batch 256, momentum 0.9, weight decay 5e-4, learning rate 1e-2 divided by 10 when
    validation accuracy stops improving (three times), 74 epochs, dropout 0.5".
    """

    lr: float = 1e-2
    weight_decay: float = 5e-4
    batch_size: int = 256
    max_epochs: int = 74
    patience: int = 0
    select: str = "error"
    momentum: float = 0.9
    stalled: int = 5
    """Epochs without a better validation before the rate is divided; the paper has no number."""
    dropout: float = 0.5
    norm: bool = False
    """Batch norm after each convolution: not in the paper, and official weights no longer load."""
    narrow: int = 1
    """Divides all widths, to try the code in seconds."""
    classes: int = 10
    size: int = 224
    loaded: int = 256
    """Side in pixels of the pictures before they are cut."""
    limit: int = 0
    """Pictures of a split that are used; 0: all."""


class VGG16(nn.Module):
    """Thirteen convolutions and three dense layers: [N, 3, 224, 224] → scores [N, classes]."""

    def __init__(
        self, classes: int = 1000, dropout: float = 0.5, *, norm: bool = False, narrow: int = 1
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for channels, convolutions in BLOCKS:
            outputs = channels // narrow
            for _ in range(convolutions):
                layers.append(nn.Conv2d(inputs, outputs, kernel_size=3, padding=1))
                if norm:
                    layers.append(nn.BatchNorm2d(outputs))
                layers.append(nn.ReLU(inplace=True))
                inputs = outputs
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
        self.features = nn.Sequential(*layers)  # [N, 512, 7, 7]
        self.avgpool = nn.AdaptiveAvgPool2d(POOLED)  # changes nothing at 224 pixels
        hidden = HIDDEN // narrow
        self.classifier = nn.Sequential(
            nn.Linear(inputs * POOLED * POOLED, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures → scores."""
        maps = self.avgpool(self.features(x))  # [N, 512, 7, 7]
        scores: Tensor = self.classifier(maps.flatten(1))  # [N, 25088] → [N, classes]
        return scores

    def initialise(self) -> None:
        """Weights whose outputs keep the variance of their inputs through ReLUs; biases zero."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]


def build(config: Any) -> VGG16:
    """VGG16-D with new weights."""
    model = VGG16(config.classes, config.dropout, norm=config.norm, narrow=config.narrow)
    model.initialise()
    return model


def paper(model: nn.Module, config: Config, _steps: int) -> Optimization:
    """SGD with momentum; the rate is divided by 10 whenever validation accuracy stalls."""
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=config.lr,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode="min", factor=0.1, patience=config.stalled, min_lr=config.lr / 1000
    )
    return Optimization(optimizer, plateau=schedule)


def augment(x: Tensor, generator: torch.Generator, config: Config) -> Tensor:
    """A part of 224 pixels of a picture scaled to 256 to 512, mirrored or not, as in the paper."""
    least, most = (config.size / scale for scale in (2 * config.loaded, config.loaded))
    return cut(x, generator, config.size, areas=(least**2, most**2))


def centre(x: Tensor, config: Config) -> list[Tensor]:
    """The middle of what was loaded, as large as in training."""
    start = (x.shape[-1] - config.size) // 2
    return [x[..., start : start + config.size, start : start + config.size]]


def load(config: Config) -> Data:
    """Imagenette's pictures as bytes."""
    return load_imagenette(size=config.loaded, limit=config.limit or None)


TASK = training.Task(
    name=NAME,
    config=Config,
    tiny={
        "max_epochs": 1, "narrow": 16, "size": 32, "loaded": 40, "limit": 20, "batch_size": 10,
    },
    build=build,
    load=load,
    optimizer=paper,
    loss=cross_entropy,
    augment=augment,
    prepare=normalise,
    views=centre,
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Train as the paper did and print the test error and NLL."""
    return command(TASK, argv)


if __name__ == "__main__":
    sys.exit(main())
