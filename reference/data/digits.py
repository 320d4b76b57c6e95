"""scikit-learn's digits: 1797 images of 8x8 pixels with values 0 to 16.

Shapes: inputs [N, 64] float32, labels [N] int64.
"""

from __future__ import annotations

import torch

from reference.data.splits import Data, Split

__all__ = ["DIGITS_BOUNDS", "load_digits"]

DIGITS_BOUNDS = (1000, 1350)
"""Where validation and test begin.

Source: "first 1000 train, next 350 validation, the rest (447) test" (handout digits-svhn, part 2).
"""


def load_digits() -> Data:
    """Load the digits, unscaled, in the handout's split."""
    from sklearn.datasets import load_digits as load

    bunch = load()
    inputs = torch.from_numpy(bunch.data).float()
    labels = torch.from_numpy(bunch.target).long()
    first, second = DIGITS_BOUNDS
    return Data(
        train=Split(inputs[:first], labels[:first]),
        val=Split(inputs[first:second], labels[first:second]),
        test=Split(inputs[second:], labels[second:]),
    )
