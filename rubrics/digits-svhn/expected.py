"""What the template's class must compute, in float64 and without torch. Runs outside the box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Ints = np.ndarray[Any, np.dtype[np.int64]]


def classify(classnet: Any, x: Floats) -> Ints:
    """The most probable class of each row.

    Args:
        classnet: A net with `log_probabilities(x)`: [N, D] → [N, K].
        x: [N, D].

    Returns:
        [N].
    """
    scores = classnet.log_probabilities(x)
    labels: Ints = scores.argmax(axis=1)
    return labels
