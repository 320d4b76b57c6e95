"""The derivatives of sigmoid, tanh and softmax, and of cross-entropy after softmax.

Task: `hw1` Q1 and Q2.I. "derive softmax's gradient, expressed by softmax alone"; "implement
`d_sigmoid`, `d_tanh`, `d_softmax`". Each derivative is taken from the activation's *output*, which
the forward pass has at hand: `y(1 - y)`, `1 - y²`, and for softmax `s_i(1 - s_i)` where i = k,
else `-s_i s_k`. The gradient of cross-entropy at the softmax's input is `ŷ - y`.
References: Goodfellow, Bengio and Courville, Deep learning, 2016, 6.2.2 and 6.5.
Expected: equal to autograd's in float64 within 1e-10, the whole Jacobian included.
Time: less than a second on one CPU core.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from reference import baseline
from reference.command import with_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Config",
    "cross_entropy",
    "d_cross_entropy",
    "d_sigmoid",
    "d_softmax",
    "d_tanh",
    "main",
    "parity",
    "sigmoid",
    "softmax",
    "tanh",
]

NAME = "gradients"


@dataclass(frozen=True, kw_only=True)
class Config:
    """What is compared with autograd."""

    rows: int = 64
    classes: int = 10
    scale: float = 5.0
    """Standard deviation of the inputs: wide enough to saturate sigmoid and tanh."""
    device: str = "cpu"


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + e^-x), in the form that cannot overflow."""
    z = torch.exp(-x.abs())  # in (0, 1]
    return torch.where(x >= 0, 1 / (1 + z), z / (1 + z))


def tanh(x: Tensor) -> Tensor:
    """(e^x - e^-x) / (e^x + e^-x), in the form that cannot overflow."""
    z = torch.exp(-2 * x.abs())
    return x.sign() * (1 - z) / (1 + z)


def softmax(x: Tensor) -> Tensor:
    """Over the last dimension, its maximum taken off first: [..., K] → [..., K]."""
    powers = torch.exp(x - x.max(dim=-1, keepdim=True).values)
    return powers / powers.sum(dim=-1, keepdim=True)


def d_sigmoid(y: Tensor) -> Tensor:
    """Slope of the sigmoid where it gave y."""
    return y * (1 - y)


def d_tanh(y: Tensor) -> Tensor:
    """Slope of tanh where it gave y."""
    return 1 - y * y


def d_softmax(s: Tensor) -> Tensor:
    """Jacobian of softmax where it gave s, `diag(s) - s sᵀ`: [..., K] → [..., K, K].

    Row i, column k is ∂s_i/∂x_k. It is symmetric, so both orders agree.
    """
    return torch.diag_embed(s) - s[..., :, None] * s[..., None, :]


def cross_entropy(y_hat: Tensor, y: Tensor) -> Tensor:
    """-Σ y log ŷ of each row, in nats: [N, K], one-hot [N, K] → [N]."""
    return -(y * y_hat.log()).sum(dim=-1)


def d_cross_entropy(y_hat: Tensor, y: Tensor) -> Tensor:
    """Gradient of each row's cross-entropy at the input of the softmax: [N, K] → [N, K].

    Σ_i -y_i/ŷ_i · ŷ_i(δ_ik - ŷ_k) = ŷ_k Σ_i y_i - y_k, and the y_i sum to one.
    """
    return y_hat - y


def parity(config: Config, seed: int = 0) -> dict[str, float]:
    """Greatest distance from autograd in float64, by function."""
    generator = torch.Generator().manual_seed(seed)
    shape = (config.rows, config.classes)
    x = torch.randn(shape, generator=generator, dtype=torch.float64) * config.scale
    labels = torch.randint(config.classes, (config.rows,), generator=generator)
    y = torch.nn.functional.one_hot(labels, config.classes).double()

    def slope(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
        leaf = at.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(function(leaf).sum(), leaf)
        return gradient

    jacobian = torch.func.vmap(torch.func.jacrev(lambda row: row.softmax(dim=-1)))  # [N, K, K]
    pairs = {
        "d_sigmoid": (d_sigmoid(sigmoid(x)), slope(torch.sigmoid, x)),
        "d_tanh": (d_tanh(tanh(x)), slope(torch.tanh, x)),
        "d_softmax": (d_softmax(softmax(x)), jacobian(x)),
        "d_cross_entropy": (
            d_cross_entropy(softmax(x), y),
            slope(lambda v: torch.nn.functional.cross_entropy(v, labels, reduction="sum"), x),
        ),
    }
    return {name: (ours - theirs).abs().max().item() for name, (ours, theirs) in pairs.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Compare with autograd and print the greatest distances."""
    parser = argparse.ArgumentParser(prog=f"python -m reference.{NAME}", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="four rows only")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--save", action="store_true", help="store the baseline")
    options = parser.parse_args(argv)
    if options.tiny and options.save:
        parser.error("--save stores a baseline, which a --tiny run is not")
    try:
        config = with_settings(Config(rows=4) if options.tiny else Config(), options.settings)
    except ValueError as error:
        parser.error(str(error))
    torch.set_num_threads(1)
    runs = []
    for seed in options.seeds:
        started = time.perf_counter()
        distances = parity(config, seed)
        runs.append({"seed": seed, "seconds": time.perf_counter() - started, "figures": distances})
        told = ", ".join(f"{name} {distance:.1e}" for name, distance in distances.items())
        print(f"seed {seed}: greatest distance from autograd in float64: {told}")
    if options.save:
        unit = "greatest absolute difference from autograd, float64"
        metrics = {
            name: {"unit": unit, "values": [run["figures"][name] for run in runs]}
            for name in distances
        }
        settings = dataclasses.asdict(config)
        file = baseline.write(NAME, metrics=metrics, config=settings, runs=runs, parameters=0)
        print(f"stored {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
