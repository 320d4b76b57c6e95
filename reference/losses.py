"""Losses that give one value for each example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["cross_entropy", "nll", "squared_error"]


def nll(log_probabilities: Tensor, labels: Tensor) -> Tensor:
    """Negative log-likelihood of each example, in nats.

    Shapes: log_probabilities [N, K], labels [N] → [N].
    """
    return -log_probabilities.gather(1, labels[:, None]).squeeze(1)  # [N, 1] → [N]


def cross_entropy(scores: Tensor, labels: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Negative log-likelihood of each example under the softmax of its scores, in nats.

    Shapes: scores [N, K], labels [N] → [N].
    """
    return functional.cross_entropy(
        scores, labels, reduction="none", label_smoothing=label_smoothing
    )


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error of each example.

    Shapes: outputs [N, D], targets [N, …] of D values each → [N].
    """
    return (outputs - targets.flatten(1)).square().mean(dim=1)
