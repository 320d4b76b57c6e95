"""The 95% confidence interval of a share.

Source: E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference,
JASA 22(158), 209-212. It keeps its coverage for shares near 0 and 1, where accuracies live.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from grader.model.scorecard import Interval

__all__ = ["above", "wilson"]


def wilson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """The two-sided Wilson score interval.

    Args:
        successes: 0 to `trials`.
        trials: At least 1.
        confidence: Coverage, such as 0.95.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p = successes / trials
    centre = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = (
        z / (1 + z * z / trials) * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    )
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return Interval(low=low, high=high)


def above(successes: int, trials: int, chance: float, confidence: float) -> bool:
    """Whether a share is above chance: Wilson's one-sided lower bound lies above it."""
    return wilson(successes, trials, 2 * confidence - 1).low > chance
