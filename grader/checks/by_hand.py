"""A net with one hidden layer and its gradients in float64, and gradients with known slips.

    z = x W1 + b1    [N, H]        loss = mean or sum over the batch of the chosen loss
    h = activation(z)              δ = ∂loss/∂logits [N, K]
    logits = h W2 + b2  [N, K]     ∂W2 = hᵀδ, ∂b2 = Σδ
                                   ε = δW2ᵀ * activation'(z), ∂W1 = xᵀε, ∂b1 = Σε

Held against autograd in `tests/integration/checks/test_by_hand.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["ACTIVATIONS", "Activation", "Batch", "Gradients", "Loss", "Net", "gradients", "slips"]

Activation = Literal["sigmoid", "tanh", "relu"]
Loss = Literal["cross_entropy", "binary_cross_entropy", "mse"]

Gradients = tuple["Floats", "Floats", "Floats", "Floats"]
"""Of W1 [D, H], b1 [H], W2 [H, K], b2 [K]: summed over the batch."""


def _sigmoid(z: Floats) -> Floats:
    import numpy as np

    result: Floats = 1 / (1 + np.exp(-z))
    return result


def _tanh(z: Floats) -> Floats:
    import numpy as np

    result: Floats = np.tanh(z)
    return result


def _relu(z: Floats) -> Floats:
    import numpy as np

    result: Floats = np.maximum(z, 0)
    return result


@dataclass(frozen=True)
class Slope:
    """An activation with its derivative from its own output.

    Attributes:
        value: z → h.
        from_output: h → the derivative.
    """

    value: Callable[[Floats], Floats]
    from_output: Callable[[Floats], Floats]


ACTIVATIONS: Mapping[str, Slope] = {
    "sigmoid": Slope(_sigmoid, lambda h: h * (1 - h)),
    "tanh": Slope(_tanh, lambda h: 1 - h * h),
    "relu": Slope(_relu, lambda h: (h > 0).astype(h.dtype)),
}


@dataclass(frozen=True)
class Net:
    """Parameters of the net: W1 [D, H], b1 [H], W2 [H, K], b2 [K]."""

    w1: Floats
    b1: Floats
    w2: Floats
    b2: Floats
    activation: Activation
    loss: Loss

    def hidden(self, x: Floats) -> Floats:
        """Activations of the hidden layer, [N, D] → [N, H]."""
        return ACTIVATIONS[self.activation].value(x @ self.w1 + self.b1)

    def logits(self, x: Floats) -> Floats:
        """Scores before the output's activation, [N, D] → [N, K]."""
        return self.hidden(x) @ self.w2 + self.b2

    def outputs(self, x: Floats) -> Floats:
        """What `forward` should give, [N, D] → [N, K]."""
        import numpy as np

        logits = self.logits(x)
        if self.loss == "mse":
            return logits
        if self.loss == "binary_cross_entropy":
            return _sigmoid(logits)
        grown: Floats = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: Floats = grown / grown.sum(axis=1, keepdims=True)
        return result


@dataclass(frozen=True)
class Batch:
    """Inputs [N, D] and one-hot labels [N, K]."""

    x: Floats
    y: Floats

    @property
    def size(self) -> int:
        """N."""
        return len(self.x)


def gradients(net: Net, batch: Batch) -> Gradients:
    """Gradients of the loss, summed over the batch."""
    delta = _delta(net, batch)
    slope = ACTIVATIONS[net.activation].from_output(net.hidden(batch.x))
    return _from(net, batch, delta, (delta @ net.w2.T) * slope)


def _delta(net: Net, batch: Batch) -> Floats:
    """The loss's gradient with respect to the logits, [N, K]; `mse` is averaged over K."""
    apart = net.outputs(batch.x) - batch.y
    return 2 * apart / apart.shape[1] if net.loss == "mse" else apart


def _from(net: Net, batch: Batch, delta: Floats, epsilon: Floats) -> Gradients:
    hidden = net.hidden(batch.x)
    return batch.x.T @ epsilon, epsilon.sum(axis=0), hidden.T @ delta, delta.sum(axis=0)


def slips(net: Net, batch: Batch, step: float) -> dict[str, Gradients]:
    """Gradients as known mistakes give them: what the mistake is → its gradients.

    Args:
        net: Before the step.
        batch: What the step is made on.
        step: Learning rate times the factor of the reduction, for the slip that uses the new W2.
    """
    shape = ACTIVATIONS[net.activation]
    delta, hidden = _delta(net, batch), net.hidden(batch.x)
    before = batch.x @ net.w1 + net.b1
    right = shape.from_output(hidden)
    back = delta @ net.w2.T
    moved = net.w2 - step * (hidden.T @ delta)
    outputs = net.outputs(batch.x)
    squeezed = delta * outputs * (1 - outputs)
    found = {
        f"the derivative of {net.activation} is missing": _from(net, batch, delta, back),
        "it goes back through W2 after W2 was updated; use the old W2": _from(
            net, batch, delta, (delta @ moved.T) * right
        ),
        f"the derivative of {net.activation} is applied to its output once more": _from(
            net, batch, delta, back * shape.from_output(shape.value(hidden))
        ),
        f"the derivative of {net.activation} is written for its output, but gets its input": _from(
            net, batch, delta, back * shape.from_output(before)
        ),
    }
    if net.loss == "cross_entropy":
        found["the output's error is multiplied by ŷ(1-ŷ), which cross-entropy cancels"] = _from(
            net, batch, squeezed, (squeezed @ net.w2.T) * right
        )
        raw = _with_error(net, batch, net.logits(batch.x) - batch.y, right)
        found["the output's error is taken from the scores before softmax"] = raw
    return found


def _with_error(net: Net, batch: Batch, delta: Floats, slope: Floats) -> Gradients:
    return _from(net, batch, delta, (delta @ net.w2.T) * slope)
