"""Transfer from fm2 to fm1: all but the last layer frozen, against random initialisation.

Task: `fashion-transfer` Q5. The weights of `fashion_cnn_fm2` are loaded, everything is frozen, the
last layer is new; both this net and one that starts at random are trained on 5%, 10%, … 100% of
fm1. Frozen layers stay in evaluation mode, so what they make of an image never changes: it is
computed once for each image, and the new layer is trained on that. A net that starts at random
gets `fashion_cnn`'s recipe in fewer epochs: as many steps at every fraction, as far as
`most_epochs` allows.
What it shows: training 4,325 of 160,853 parameters comes close at every fraction. The validation
loss is even the lower one, but that is the recipe's doing: what starts at random is
trained with smoothed labels, which makes it less certain than it could be; compare accuracies.
References: Yosinski et al., How transferable are features in deep neural networks?, 2014.
Expected: test accuracy of transfer at 90% .9852, of random .9876 (the team: .9864 and .986); at 5%
.9712 and .9760.
Time: 5 minutes of one CPU core with bfloat16 matrix instructions.
"""

from __future__ import annotations

import copy
import dataclasses
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from reference import fashion_cnn, training
from reference.baseline import weights_file
from reference.command import command
from reference.data import Data, Split, load_fm
from reference.fashion_autoencoder import part
from reference.fashion_first import load
from reference.optimizers import adamw

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["TASK", "Config", "frozen", "main", "transfer"]

REPORTED = 0.9  # Source: "final accuracies (90%: …)" (handout, Q5)


@dataclass(frozen=True, kw_only=True)
class Config(fashion_cnn.Config):
    """The best CNN's, with what the new layer needs.

    Source: "AdamW .005, weight decay .05" (handout, Q5), at a lower rate.
    """

    source: str = "fashion_cnn_fm2"
    """The task whose stored weights are loaded; empty: a net is trained on fm2 first."""
    max_epochs: int = 4
    """Of a net that starts at random, on all images."""
    most_epochs: int = 20
    """Of one on few images."""
    head_epochs: int = 20
    head_lr: float = 3e-3
    head_decay: float = 0.05
    mirror_test: bool = False
    fractions: tuple[float, ...] = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def frozen(model: nn.Sequential) -> nn.Sequential:
    """A copy of all but the last layer that training leaves as it is."""
    body = copy.deepcopy(model[:-1])
    body.requires_grad_(requires_grad=False)
    return body.eval()


def features_of(task: training.Task, config: Config, body: nn.Module, data: Data) -> Data:
    """What the frozen layers make of each image: [N, 1, 28, 28] → [N, 864]."""
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
    on_features = dataclasses.replace(task, prepare=None, augment=None, views=None, optimizer=adamw)
    settings = dataclasses.replace(
        config,
        lr=config.head_lr,
        weight_decay=config.head_decay,
        max_epochs=config.head_epochs,
        label_smoothing=0.0,
        bf16=False,
    )
    result, _ = training.run(on_features, settings, seed, data=features, model=head)
    return result, nn.Sequential(*body, head)


def source_net(task: training.Task, config: Config, seed: int) -> nn.Sequential:
    """The net that knows fm2."""
    if not config.source:
        held = load_fm("fm2").first(config.rows)
        model = training.run(task, config, seed, data=held)[1]
        assert isinstance(model, nn.Sequential)
        return model
    model = fashion_cnn.build(config)
    model.load_state_dict(torch.load(weights_file(config.source), weights_only=True))
    return model.to(config.device)


def experiment(task: training.Task, config: Config, seed: int) -> tuple[training.Run, nn.Module]:
    """Train both nets on each fraction of fm1; keep the transferred one at 90%."""
    body = frozen(source_net(task, config, seed))
    data = load(config).to(config.device)
    features = features_of(task, config, body, data)
    table: list[dict[str, Any]] = []
    kept: tuple[training.Run, nn.Module] | None = None
    seconds = 0.0
    for fraction in config.fractions:
        less = dataclasses.replace(data, train=part(data.train, fraction, seed))
        seen = dataclasses.replace(features, train=part(features.train, fraction, seed))
        epochs = min(config.most_epochs, round(config.max_epochs / fraction))
        settings = dataclasses.replace(config, max_epochs=epochs)
        random, _ = training.run(task, settings, seed, data=less)
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
    figures = {}
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


TASK = dataclasses.replace(
    fashion_cnn.TASK,
    name="fashion_transfer",
    config=Config,
    tiny={
        "source": "",
        "max_epochs": 1,
        "most_epochs": 2,
        "head_epochs": 2,
        "rows": 300,
        "widths": (8, 8, 8),
        "fractions": (0.5, 0.9),
    },
    experiment=experiment,
    draw=draw,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Train all and print the table."""
    return command(TASK, argv)


if __name__ == "__main__":
    sys.exit(main())
