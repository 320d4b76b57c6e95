"""A fully connected net on MNIST whose backward pass is written by hand.

Task: `hw1` Q2.II. "Classifier on MNIST with torch tensor operations only": no autograd, no built-in
loss, activation, optimizer or layer. `SEED=42`, `EPOCHS=16`, `BATCH_SIZE=32`, sigmoid, hidden 128;
at least three learning rates (0.01, 0.1, 1). All 60,000 training images train; there is nothing to
select, so the last epoch counts. Besides: `better`, whose initial weights have the size that keeps
the variance from layer to layer and whose learning rate falls to zero.
References: LeCun et al., Efficient BackProp, 1998; Glorot and Bengio, Understanding the difficulty
of training deep feedforward neural networks, 2010.
Expected: test accuracy .870, .935 and .961 at learning rates 0.01, 0.1 and 1; better .977.
Time: 30 s for each learning rate on one CPU core.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from reference import baseline
from reference.command import with_settings
from reference.data import DataMissingError, batches, load_mnist
from reference.gradients import d_cross_entropy, d_sigmoid, d_tanh, sigmoid, softmax, tanh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference.data import Data, Split

__all__ = ["Config", "FullyConnectedNetwork", "History", "main", "train"]

NAME = "backprop_mlp"
ACTIVATIONS = {"sigmoid": (sigmoid, d_sigmoid), "tanh": (tanh, d_tanh)}
RATES = (0.01, 0.1, 1.0)  # what the handout asks for
BETTER = {"lr": 2.0, "init": "glorot", "schedule": "linear"}
WHITE = 255.0


@dataclass(frozen=True, kw_only=True)
class Config:
    """The handout's settings."""

    seed: int = 42
    epochs: int = 16
    batch_size: int = 32
    hidden: int = 128
    activation: str = "sigmoid"
    lr: float = 0.1
    init: str = "normal"
    """`normal`: standard deviation 1. `glorot`: sqrt(2 / (inputs + outputs))."""
    schedule: str = "constant"
    """`constant`, or `linear`: down to zero, step by step."""
    train_images: int = 60_000
    device: str = "cpu"


class FullyConnectedNetwork:
    """inputs → hidden → activation → outputs → softmax, trained by gradient descent."""

    def __init__(
        self,
        input_size: int,
        output_size: int,
        hidden_size: int,
        activation_func: str = "sigmoid",
        lr: float = 0.01,
        *,
        init: str = "normal",
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        def weights(inputs: int, outputs: int) -> Tensor:
            std = 1.0 if init == "normal" else math.sqrt(2 / (inputs + outputs))
            return torch.randn(inputs, outputs, generator=generator, dtype=dtype) * std

        self.W1 = weights(input_size, hidden_size)  # [D, H]
        self.b1 = torch.zeros(1, hidden_size, dtype=dtype)
        self.W2 = weights(hidden_size, output_size)  # [H, K]
        self.b2 = torch.zeros(1, output_size, dtype=dtype)
        self.activation, self.d_activation = ACTIVATIONS[activation_func]
        self.lr = lr
        self.h = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        """Inputs → probabilities: [N, D] → [N, K]. Keeps what `backward` needs."""
        self.h = self.activation(x @ self.W1 + self.b1)  # [N, H]
        return softmax(self.h @ self.W2 + self.b2)  # [N, K]

    def gradients(self, x: Tensor, y: Tensor, y_hat: Tensor) -> dict[str, Tensor]:
        """Of the mean cross-entropy of the batch that `forward` saw last.

        Shapes: x [N, D], one-hot y [N, K], y_hat [N, K].
        """
        dz2 = d_cross_entropy(y_hat, y) / len(x)  # [N, K]
        dz1 = (dz2 @ self.W2.T) * self.d_activation(self.h)  # [N, H]
        return {
            "W1": x.T @ dz1,  # [D, H]
            "b1": dz1.sum(dim=0, keepdim=True),  # [1, H]
            "W2": self.h.T @ dz2,  # [H, K]
            "b2": dz2.sum(dim=0, keepdim=True),  # [1, K]
        }

    def backward(self, x: Tensor, y: Tensor, y_hat: Tensor) -> None:
        """One step of gradient descent."""
        for name, gradient in self.gradients(x, y, y_hat).items():
            getattr(self, name).sub_(gradient, alpha=self.lr)  # in place: a third faster

    def state_dict(self) -> dict[str, Tensor]:
        """The four tensors by name."""
        return {name: getattr(self, name) for name in ("W1", "b1", "W2", "b2")}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take the four tensors."""
        for name, value in state.items():
            setattr(self, name, value.clone())


@dataclass(frozen=True)
class History:
    """Loss in nats and share of right labels after each epoch."""

    train_loss: list[float]
    train_accuracy: list[float]
    test_loss: list[float]
    test_accuracy: list[float]


def load(config: Config) -> Data:
    """Images as rows of pixels from 0 to 1: [N, 784]."""

    def flat(split: Split) -> Split:
        return dataclasses.replace(split, inputs=split.inputs.flatten(1).float() / WHITE)

    data = load_mnist(val_share=0)
    train = flat(data.train[: config.train_images])
    return dataclasses.replace(data, train=train, test=flat(data.test)).to(config.device)


def measure(net: FullyConnectedNetwork, split: Split) -> tuple[float, float]:
    """Mean cross-entropy in nats, and share of right labels."""
    y_hat = net.forward(split.inputs)
    right = y_hat.gather(1, split.labels[:, None]).clamp_min(torch.finfo(y_hat.dtype).tiny)
    hits = (y_hat.argmax(dim=1) == split.labels).double().mean()
    return -right.log().double().mean().item(), hits.item()


@torch.no_grad()
def train(config: Config, data: Data) -> tuple[FullyConnectedNetwork, History]:
    """Train on all training images, epoch by epoch."""
    generator = torch.Generator().manual_seed(config.seed)
    classes = 10
    net = FullyConnectedNetwork(
        data.train.inputs.shape[1], classes, config.hidden, config.activation, config.lr,
        init=config.init, generator=generator,
    )  # fmt: skip
    one_hot = torch.eye(classes)
    rows: list[tuple[float, float, float, float]] = []
    step, steps = 0, config.epochs * math.ceil(len(data.train) / config.batch_size)
    for _ in range(config.epochs):
        for x, labels in batches(data.train, config.batch_size, generator):
            if config.schedule == "linear":
                net.lr = config.lr * (1 - step / steps)
            net.backward(x, one_hot[labels], net.forward(x))
            step += 1
        rows.append((*measure(net, data.train), *measure(net, data.test)))
    return net, History(*(list(column) for column in zip(*rows, strict=True)))


def experiment(config: Config, data: Data) -> tuple[dict[str, Any], FullyConnectedNetwork]:
    """Train at each of the handout's learning rates, and better.

    Returns:
        What is stored for the seed, and the better net.
    """
    started = time.process_time()
    histories = {}
    for lr in RATES:
        _, histories[f"lr {lr:g}"] = train(dataclasses.replace(config, lr=lr), data)
    net, histories["better"] = train(with_settings(config, as_settings(BETTER)), data)
    for name, history in histories.items():
        print(
            f"seed {config.seed}, {name}: test accuracy {history.test_accuracy[-1]:.4f}, "
            f"test loss {history.test_loss[-1]:.4f} nats, "
            f"training accuracy {history.train_accuracy[-1]:.4f}",
            flush=True,
        )
    record = {
        "seed": config.seed,
        "epochs": config.epochs,
        "seconds": time.process_time() - started,
        "history": {name: dataclasses.asdict(history) for name, history in histories.items()},
    }
    return record, net


def as_settings(changes: dict[str, Any]) -> list[str]:
    """As a command line gives them."""
    return [f"{name}={value}" for name, value in changes.items()]


def save(config: Config, records: Sequence[dict[str, Any]], net: FullyConnectedNetwork) -> None:
    """Store what the seeds came to, and the first seed's better net."""
    metrics: dict[str, dict[str, Any]] = {}
    for name in records[0]["history"]:
        ends = [record["history"][name] for record in records]
        key = name.replace(" ", "_")
        metrics[f"test_error_{key}"] = {
            "unit": "share of wrong labels, 0 to 1",
            "values": [1 - end["test_accuracy"][-1] for end in ends],
        }
        metrics[f"test_nll_{key}"] = {
            "unit": "nats per example",
            "values": [end["test_loss"][-1] for end in ends],
        }
    state = net.state_dict()
    torch.save(state, baseline.weights_file(NAME))
    file = baseline.write(
        NAME,
        metrics=metrics,
        config={**dataclasses.asdict(config), "better": BETTER},
        runs=records,
        parameters=sum(value.numel() for value in state.values()),
    )
    print(f"stored {file}")


def main(argv: Sequence[str] | None = None) -> int:
    """Train at three learning rates and better; print the test accuracies."""
    parser = argparse.ArgumentParser(prog=f"python -m reference.{NAME}", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="one short epoch: does it run?")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument("--seeds", type=int, nargs="+", default=[Config.seed])
    parser.add_argument("--save", action="store_true", help="store the baseline and the weights")
    options = parser.parse_args(argv)
    if options.tiny and options.save:
        parser.error("--save stores a baseline, which a --tiny run is not")
    start = Config(epochs=1, train_images=3200) if options.tiny else Config()
    torch.set_num_threads(1)
    try:
        config = with_settings(start, options.settings)
    except ValueError as error:
        parser.error(str(error))
    try:
        data = load(config)
    except DataMissingError as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 2
    results = [experiment(dataclasses.replace(config, seed=seed), data) for seed in options.seeds]
    if options.save:
        save(config, [record for record, _ in results], results[0][1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
