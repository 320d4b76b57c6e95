"""Ten variants of the CNN on fm1: a table of training, validation and test loss and accuracy.

Task: `fashion-transfer` Q2. One or two convolutions, one to three dense layers, SGD, Adam or AdamW,
learning rate, weight decay. The variant with the lowest validation loss is kept; the test figures
of the others are for the table only and choose nothing.
References: Kingma and Ba, Adam, 2015; Loshchilov and Hutter, Decoupled weight decay, 2019.
Expected: lowest validation loss .048 nats or less: one convolution, two dense layers, Adam .005 has
.0478 and a test accuracy of .9874 (the team's best, of the same shape: .0475 and .9886).
Time: 4 minutes of one CPU core.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reference import fashion_first, optimizers, training
from reference.command import command
from reference.fashion_first import convnet, load, prepare
from reference.losses import cross_entropy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

__all__ = ["TASK", "VARIANTS", "Config", "Variant", "main"]


@dataclass(frozen=True)
class Variant:
    """A row of the table."""

    kernels: tuple[int, ...]
    dense: tuple[int, ...]
    optimizer: str
    lr: float
    weight_decay: float = 0.0

    def __str__(self) -> str:
        sizes = "-".join(map(str, self.kernels)), "-".join(map(str, (*self.dense, 5)))
        return (
            f"conv {sizes[0]}, dense {sizes[1]}, "
            f"{self.optimizer} {self.lr:g}, weight decay {self.weight_decay:g}"
        )


VARIANTS = (
    Variant((6, 12), (80,), "sgd", 0.1),
    Variant((6, 12), (80,), "adam", 0.005),
    Variant((6, 12), (80,), "adam", 0.001),
    Variant((6, 12), (80,), "adamw", 0.005, 0.05),
    Variant((12,), (80,), "adam", 0.005),
    Variant((12,), (), "adam", 0.005),
    Variant((12,), (120, 80), "adamw", 0.005, 0.05),
    Variant((6, 12), (), "adam", 0.005),
    Variant((12, 24), (120, 80), "adam", 0.002),
    Variant((16, 32), (120,), "adamw", 0.002, 0.05),
)
"""Source: "conv 1-2, dense 1-3, SGD/Adam/AdamW, learning rate, weight decay" (handout, Q2)."""


@dataclass(frozen=True, kw_only=True)
class Config(fashion_first.Config):
    """What all variants share."""

    max_epochs: int = 6
    patience: int = 3
    variants: int = len(VARIANTS)
    """The first of them only, to try something out."""


def of_variant(config: Config, variant: Variant) -> Config:
    """The settings with those of a variant."""
    return dataclasses.replace(
        config,
        kernels=variant.kernels,
        dense=variant.dense,
        lr=variant.lr,
        weight_decay=variant.weight_decay,
    )


def experiment(task: training.Task, config: Config, seed: int) -> tuple[training.Run, nn.Module]:
    """Train every variant; keep the one with the lowest validation loss."""
    data = load(config)
    table: list[dict[str, Any]] = []
    runs: list[tuple[training.Run, nn.Module]] = []
    for variant in VARIANTS[: config.variants]:
        settings = of_variant(config, variant)
        one = dataclasses.replace(task, optimizer=getattr(optimizers, variant.optimizer))
        result, model = training.run(one, settings, seed, data=data)
        train_error, train_loss = training.evaluate(
            one, settings, model, data.train.to(config.device)
        )
        row = {
            "variant": str(variant),
            "train_loss": train_loss,
            "train_accuracy": 1 - train_error,
            "val_loss": result.val_nll,
            "val_accuracy": 1 - result.val_error,
            "test_loss": result.test_nll,
            "test_accuracy": 1 - result.test_error,
            "epochs": result.epochs,
            "parameters": result.parameters,
        }
        print(f"{task.name} {len(table) + 1}: {row}", file=sys.stderr, flush=True)
        table.append(row)
        runs.append((result, model))
    best, model = min(runs, key=lambda pair: pair[0].val_nll)
    figures = {
        "lowest_val_loss": best.val_nll,
        "test_accuracy_of_lowest_val_loss": 1 - best.test_error,
    }
    seconds = sum(result.seconds for result, _ in runs)
    return dataclasses.replace(best, figures=figures, table=table, seconds=seconds), model


TASK = training.Task(
    name="fashion_variants",
    config=Config,
    tiny={"max_epochs": 2, "rows": 200, "variants": 3},
    build=convnet,
    load=load,
    loss=cross_entropy,
    prepare=prepare,
    experiment=experiment,
    units={"lowest_val_loss": "nats per example"},
)


def main(argv: Sequence[str] | None = None) -> int:
    """Train the variants and print the table."""
    return command(TASK, argv)


if __name__ == "__main__":
    sys.exit(main())
