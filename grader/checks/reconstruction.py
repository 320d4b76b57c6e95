"""What an autoencoder gives back, against its inputs: compared outside the box."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.checks.base import Stopped, failed
from grader.checks.phrases import called
from grader.checks.phrases import shape as spelt
from grader.checks.scores import numbers

if TYPE_CHECKING:
    import numpy as np

    from grader.checks.base import Seen
    from grader.model.evidence import Evidence

    Floats = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["Reconstruction", "reconstruction"]

NEGATIVE = -0.5
"""An output below this comes from a net whose inputs run from -1 to 1."""


@dataclass(frozen=True)
class Reconstruction:
    """Inputs that run from 0 to 1, and what came out for them.

    Attributes:
        inputs: [N, D].
        outputs: [N, D].
    """

    inputs: Floats
    outputs: Floats

    def mse(self) -> float:
        """The mean of the squared differences over all numbers of all inputs."""
        return _squared(self.outputs, self.inputs)

    def constant(self) -> float:
        """What the average input would reach."""
        return _squared(self.inputs.mean(axis=0), self.inputs)

    def normalised(self, mean: float, spread: float) -> float:
        """The error where inputs were normalised so, and outputs are compared with these."""
        return _squared(self.outputs, (self.inputs - mean) / spread)

    def shifted(self) -> float:
        """The error where inputs ran from -1 to 1; infinite where no output is below 0."""
        if not self.outputs.min() < NEGATIVE:
            return math.inf
        return _squared((self.outputs + 1) / 2, self.inputs)


def reconstruction(
    seen: Seen, evidence: Evidence, model: str, dataset: str, scale: float, **more: Any
) -> Reconstruction:
    """What a net gave back.

    Args:
        seen: Holds the inputs.
        evidence: Of `predict`.
        model: The role, for the message.
        dataset: The split that was asked for.
        scale: What its numbers are divided by to run from 0 to 1.
        **more: Other fields of the result where the shapes differ.

    Raises:
        Stopped: The outputs have another shape than the inputs.
    """
    import numpy as np

    given = np.asarray(seen.inputs(dataset), dtype=np.float64)
    inputs = given.reshape(len(given), -1) / scale
    outputs = numbers(evidence, "scores")
    if outputs.shape != inputs.shape:
        raise Stopped(
            failed(
                f"Your {called(model)} gives {spelt(outputs.shape)} for inputs of "
                f"{spelt(inputs.shape)}.",
                hint="An autoencoder's output has the shape of its input.",
                **more,
            )
        )
    return Reconstruction(inputs, outputs)


def _squared(outputs: Floats, inputs: Floats) -> float:
    import numpy as np

    with np.errstate(all="ignore"):
        return float(((outputs - inputs) ** 2).mean())
