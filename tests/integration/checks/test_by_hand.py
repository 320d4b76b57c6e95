"""The gradients that hand-written steps are held against, against autograd in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from grader.checks.by_hand import Batch, Net, gradients

ACTIVATIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "mse"])
def test_gradients_are_those_of_autograd(activation: str, loss: str) -> None:
    source = np.random.default_rng(3)
    shapes = ((12, 7), (7,), (7, 5), (5,))
    tensors = [source.standard_normal(shape) for shape in shapes]
    x, labels = source.uniform(size=(6, 12)), source.integers(5, size=6)
    w1, b1, w2, b2 = (torch.tensor(t, requires_grad=True) for t in tensors)
    logits = ACTIVATIONS[activation](torch.tensor(x) @ w1 + b1) @ w2 + b2
    y = torch.eye(5, dtype=torch.float64)[labels]
    functional = torch.nn.functional
    value = {
        "cross_entropy": lambda: functional.cross_entropy(logits, y, reduction="sum"),
        "binary_cross_entropy": lambda: functional.binary_cross_entropy_with_logits(
            logits, y, reduction="sum"
        ),
        "mse": lambda: ((logits - y) ** 2).mean(dim=1).sum(),
    }[loss]()
    value.backward()

    net = Net(*tensors, activation=activation, loss=loss)  # type: ignore[arg-type]
    found = gradients(net, Batch(x, np.eye(5)[labels]))

    for mine, theirs in zip(found, (w1, b1, w2, b2), strict=True):
        assert theirs.grad is not None
        assert np.abs(mine - theirs.grad.numpy()).max() <= 1e-12
