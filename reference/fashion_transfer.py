"""Transfer from fm2 to fm1: all but the last layer frozen, against random initialisation.

Task: `fashion-transfer` Q5. A CNN with one convolution and three dense layers is trained on fm2;
its weights are loaded, everything is frozen, the last layer is new; both this net and one that
starts at random are trained on 5%, 10%, … 100% of fm1. The frozen layers hold neither dropout nor
batch norm, so what they make of an image never changes: it is computed once for each image.
References: Yosinski et al., How transferable are features in deep neural networks?, 2014.
Expected: transfer at 90% EXPECTED_TRANSFER, random EXPECTED_RANDOM (the team: .9864 and .986).
Time: TIME_TRANSFER on one CPU core.
"""

from __future__ import annotations

import copy
import dataclasses
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from reference import fashion_first, training
from reference.command import command
from reference.data import Data, Split, load_fm
from reference.fashion_autoencoder import part
from reference.fashion_first import convnet, load, prepare
from reference.losses import cross_entropy
from reference.optimizers import adamw

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["TASK", "Config", "frozen", "main", "transfer"]

REPORTED = 0.9  # Source: "final accuracies (90%: …)" (handout, Q5)


@dataclass(frozen=True, kw_only=True)
class Config(fashion_first.Config):
    """The handout's best net and optimizer.

    Source: "one conv, three dense, AdamW .005, weight decay .05" (handout, Q5).
    """

    lr: float = 0.005
    weight_decay: float = 0.05
    batch_size: int = 100
    max_epochs: int = 6
    """Of the net on fm2, and of a net that starts at random, at every fraction."""
    patience: int = 3
    head_epochs: int = 20
    """Of a new last layer."""
    kernels: tuple[int, ...] = (12,)
    dense: tuple[int, ...] = (128, 128)
    fractions: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)


def frozen(model: nn.Sequential) -> nn.Sequential:
    """A copy of all but the last layer that training leaves as it is."""
    body = copy.deepcopy(model[:-1])
    body.requires_grad_(requires_grad=False)
    return body.eval()


def features_of(task: training.Task, config: Config, body: nn.Module, data: Data) -> Data:
    """What the frozen layers make of each image: [N, 1, 28, 28] → [N, 128]."""
    splits = [
        Split(training.outputs_of(task, config, body, split), split.labels)
        for split in (data.train, data.val, data.test)
    ]
    return Data(*splits)


def transfer(
    task: training.Task, config: Config, body: nn.Sequential, features: Data, seed: int
) -> tuple[training.Run, nn.Sequential]:
    """Train a new last layer on the frozen layers' features.

    Returns:
        The run, and the whole net from images to scores.
    """
    torch.manual_seed(seed)
    head = nn.Linear(features.train.inputs.shape[1], config.classes)
    on_features = dataclasses.replace(task, prepare=None)
    settings = dataclasses.replace(config, max_epochs=config.head_epochs)
    result, _ = training.run(on_features, settings, seed, data=features, model=head)
    return result, nn.Sequential(*body, head)


def experiment(task: training.Task, config: Config, seed: int) -> tuple[training.Run, nn.Module]:
    """Train on fm2, then both nets on each fraction of fm1; keep the transferred one at 90%."""
    second = load_fm("fm2").first(config.rows)
    source, model = training.run(task, config, seed, data=second)
    assert isinstance(model, nn.Sequential)
    body = frozen(model)
    data = load(config).to(config.device)
    features = features_of(task, config, body, data)
    table: list[dict[str, Any]] = []
    kept: tuple[training.Run, nn.Module] | None = None
    seconds = source.seconds
    for fraction in config.fractions:
        less = dataclasses.replace(data, train=part(data.train, fraction, seed))
        seen = dataclasses.replace(features, train=part(features.train, fraction, seed))
        random, _ = training.run(task, config, seed, data=less)
        moved, whole = transfer(task, config, body, seen, seed)
        seconds += random.seconds + moved.seconds
        row: dict[str, Any] = {"fraction": fraction}
        for start, result in (("random", random), ("transfer", moved)):
            row[f"{start}_val_loss"] = result.val_nll
            row[f"{start}_test_accuracy"] = 1 - result.test_error
        print(f"{task.name}: {row}", file=sys.stderr, flush=True)
        table.append(row)
        if kept is None or fraction <= REPORTED:
            kept = moved, whole
    assert kept is not None
    figures = {"fm2_test_accuracy": 1 - source.test_error}
    for row in table:
        percent = round(100 * row["fraction"])
        figures[f"random_{percent:03}"] = row["random_test_accuracy"]
        figures[f"transfer_{percent:03}"] = row["transfer_test_accuracy"]
    parameters = sum(p.numel() for p in kept[1].parameters())
    result = dataclasses.replace(
        kept[0], figures=figures, table=table, seconds=seconds, parameters=parameters
    )
    return result, kept[1]


def draw(result: training.Run, _config: Config, _model: nn.Module, folder: Path) -> list[Path]:
    """Draw validation loss and test accuracy against the fraction."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    fractions = [row["fraction"] for row in result.table]
    named = (("val_loss", "validation loss (nats)"), ("test_accuracy", "test accuracy"))
    for axes, (column, label) in zip(figure.subplots(1, 2), named, strict=True):
        for start in ("random", "transfer"):
            values = [row[f"{start}_{column}"] for row in result.table]
            axes.plot(fractions, values, marker="o", label=start)
        axes.set(xlabel="fraction of fm1's training images", ylabel=label)
        axes.legend(title="initial weights")
    path = folder / "fashion_transfer.png"
    figure.savefig(path, dpi=100)
    return [path]


TASK = training.Task(
    name="fashion_transfer",
    config=Config,
    tiny={"max_epochs": 1, "head_epochs": 2, "rows": 300, "fractions": (0.5, 0.9)},
    build=convnet,
    load=load,
    optimizer=adamw,
    loss=cross_entropy,
    prepare=prepare,
    experiment=experiment,
    draw=draw,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Train all and print the table."""
    return command(TASK, argv)


if __name__ == "__main__":
    sys.exit(main())
