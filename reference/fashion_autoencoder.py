"""An autoencoder whose encoder starts a classifier, against one that starts at random.

Task: `fashion-transfer` Q4. An autoencoder 784-128-64-32-10 with ReLU and a sigmoid output, mean
squared error, trained on all of fm2 and fm1's training images; an MLP of the encoder's shape on
fm1, initialised at random or from the encoder, trained on 5% to 100% of the data. The ten numbers
of the code are linear: a ReLU there kills some of them for good, and the classifier with them.
Both classifiers get the same images, in the same order, and as many epochs; the epoch is chosen by
the validation loss.
References: Hinton and Salakhutdinov, Reducing the dimensionality of data with neural networks,
2006.
Expected: pre-trained at least as accurate as random in the mean of three seeds at every fraction:
.9638 and .9625 at 5%, .9704 and .9683 at 10%, .9766 and .9748 at 25%, .9834 and .9831 at 100%
(the team: .9427 and .9339). One seed of the three is up to .0010 below at 5% to 15%.
Time: 4 minutes of one CPU core a seed.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from reference import training
from reference.command import command
from reference.data import Data, Split, load_fm
from reference.fashion_first import prepare
from reference.losses import cross_entropy, squared_error
from reference.optimizers import adam

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["TASK", "Config", "autoencoder", "build", "encoder", "images_of", "main", "part"]


@dataclass(frozen=True, kw_only=True)
class Config(training.Config):
    """The handout's sizes.

    Source: "Autoencoder 784-128-64-32-10 with ReLU and a sigmoid output, MSE" (handout, Q4).
    """

    lr: float = 1e-3
    weight_decay: float = 0.0
    batch_size: int = 100
    max_epochs: int = 15
    """Of a classifier, at every fraction."""
    patience: int = 0
    autoencoder_epochs: int = 40
    sizes: tuple[int, ...] = (784, 128, 64, 32, 10)
    fractions: tuple[float, ...] = (0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0)
    repeats: int = 3
    """Other images and other initial weights, at every fraction."""
    rows: int = 0
    """Of each split; 0: all."""
    classes: int = 5


def dense(sizes: Sequence[int], last: nn.Module) -> list[nn.Module]:
    """Dense layers with ReLU between: [N, sizes[0]] → [N, sizes[-1]]."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return [*layers[:-1], last]


def encoder(config: Config) -> nn.Sequential:
    """Images to codes: [N, 1, 28, 28] → [N, 10]."""
    return nn.Sequential(nn.Flatten(), *dense(config.sizes, nn.Identity()))


def autoencoder(config: Config) -> nn.Sequential:
    """Images to codes and back: [N, 1, 28, 28] → [N, 784], values of 0 to 1."""
    return nn.Sequential(
        encoder(config),  # [N, 1, 28, 28] → [N, 10]
        nn.Sequential(*dense(config.sizes[::-1], nn.Sigmoid())),  # [N, 784]
    )


def build(config: Config, start: nn.Module | None = None) -> nn.Sequential:
    """The classifier: an encoder, at random or a copy of `start`, and a layer for the classes."""
    body = encoder(config) if start is None else copy.deepcopy(start)
    return nn.Sequential(body, nn.Linear(config.sizes[-1], config.classes))  # [N, 5]


def load(config: Any) -> Data:
    """The half with which the classifiers are trained."""
    return load_fm("fm1").first(config.rows)


def images_of(config: Any) -> Data:
    """What the autoencoder is trained on: all of fm2, and fm1's training images.

    Targets are the images themselves: [N, 784], values of 0 to 1.
    """
    first, second = load(config), load_fm("fm2").first(config.rows)
    parts = [second.train.inputs, second.val.inputs, second.test.inputs, first.train.inputs]

    def with_itself(images: Tensor) -> Split:
        return Split(images, prepare(images).flatten(1))

    return Data(
        train=with_itself(torch.cat(parts)),
        val=with_itself(first.val.inputs),
        test=with_itself(first.test.inputs),
    )


def part(split: Split, fraction: float, seed: int) -> Split:
    """A random part of the training data."""
    generator = torch.Generator().manual_seed(seed)
    return split[torch.randperm(len(split), generator=generator)[: round(fraction * len(split))]]


def experiment(task: training.Task, config: Config, seed: int) -> tuple[training.Run, nn.Module]:
    """Train the autoencoder, then both classifiers on each fraction; keep the last pre-trained."""
    coder = dataclasses.replace(
        task, name="autoencoder", build=autoencoder, load=images_of, loss=squared_error
    )
    settings = dataclasses.replace(config, max_epochs=config.autoencoder_epochs)
    coded, trained = training.run(coder, settings, seed)
    assert isinstance(trained, nn.Sequential)
    data = load(config)
    table: list[dict[str, Any]] = []
    seconds = coded.seconds
    for fraction in config.fractions:
        accuracies: dict[str, list[float]] = {"random": [], "pretrained": []}
        for repeat in range(config.repeats):
            drawn = 1000 * seed + repeat
            less = dataclasses.replace(data, train=part(data.train, fraction, drawn))
            for start, kept in (("random", None), ("pretrained", trained[0])):
                torch.manual_seed(drawn)
                result, model = training.run(
                    task, config, drawn, data=less, model=build(config, kept)
                )
                accuracies[start].append(1 - result.test_error)
                seconds += result.seconds
        row = {"fraction": fraction} | {
            f"{start}_test_accuracy": sum(values) / len(values)
            for start, values in accuracies.items()
        }
        print(f"{task.name}: {row}", file=sys.stderr, flush=True)
        table.append(row)
    figures = {"autoencoder_test_mse": coded.test_nll}
    for row in table:
        percent = round(100 * row["fraction"])
        figures[f"random_{percent:03}"] = row["random_test_accuracy"]
        figures[f"pretrained_{percent:03}"] = row["pretrained_test_accuracy"]
    result = dataclasses.replace(result, seed=seed, figures=figures, table=table, seconds=seconds)
    return result, model


def draw(result: training.Run, _config: Config, _model: nn.Module, folder: Path) -> list[Path]:
    """Draw the accuracies against the fraction."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    fractions = [row["fraction"] for row in result.table]
    for start in ("random", "pretrained"):
        values = [row[f"{start}_test_accuracy"] for row in result.table]
        axes.plot(fractions, values, marker="o", label=start)
    axes.set(xlabel="fraction of fm1's training images", ylabel="test accuracy")
    axes.legend(title="initial weights")
    path = folder / "fashion_autoencoder.png"
    figure.savefig(path, dpi=100)
    return [path]


TASK = training.Task(
    name="fashion_autoencoder",
    config=Config,
    tiny={
        "max_epochs": 1,
        "autoencoder_epochs": 1,
        "rows": 200,
        "fractions": (0.5, 1.0),
        "repeats": 1,
    },
    build=build,
    load=load,
    optimizer=adam,
    loss=cross_entropy,
    prepare=prepare,
    experiment=experiment,
    draw=draw,
    units={"autoencoder_test_mse": "mean squared error of a pixel of 0 to 1"},
)


def main(argv: Sequence[str] | None = None) -> int:
    """Train all and print the table."""
    return command(TASK, argv)


if __name__ == "__main__":
    sys.exit(main())
