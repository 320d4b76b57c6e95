"""Whether a net does better on test examples than on those it was given to learn from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from grader.checks.base import Stopped
from grader.checks.phrases import called, decimal, fixed
from grader.checks.requests import predict
from grader.checks.scores import judge
from grader.model.measurements import Predictions
from grader.model.scorecard import Flag

if TYPE_CHECKING:
    from grader.checks.base import Seen
    from grader.checks.requests import Source
    from grader.checks.scores import Floats, Judged

__all__ = ["CONTAMINATED", "contaminated"]

CONTAMINATED = "test_loss_below_train_loss"
ROWS = 500
"""Of each split, every n-th row."""
FEWEST = 100
ERRORS = 3.0
"""Standard errors of the difference by which the test loss must be lower."""


def contaminated(
    seen: Seen, role: str, train: str, judged: Judged, source: Source
) -> tuple[Flag, ...]:
    """A flag with both losses, when the test loss is lower by more than chance explains.

    What could not be measured on the training examples says nothing.

    Args:
        seen: What was measured.
        role: The net.
        train: The split that it was given to learn from.
        judged: Its answers on the test examples.
        source: As those were asked.
    """
    try:
        evidence, _ = seen.measured(predict(seen.rubric, role, train, source), Predictions)
        learnt = judge(seen, evidence, train)
    except Stopped:
        return ()
    one, other = _losses(judged), _losses(learnt)
    if min(len(one), len(other)) < FEWEST:
        return ()
    on_test, on_train = float(one.mean()), float(other.mean())
    error = math.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
    if not on_train - on_test > ERRORS * error:
        return ()
    text = (
        f"{called(role)}: its loss is {fixed(on_test, 4)} nats on {len(one)} test examples and"
        f" {fixed(on_train, 4)} on {len(other)} of '{train}'. Nets do worse on what they have not"
        f" seen; this is {decimal((on_train - on_test) / max(error, 1e-12), 3)} standard errors"
        " better. Was it trained on the test examples?"
    )
    return (Flag(code=CONTAMINATED, message=text),)


def _losses(judged: Judged) -> Floats:
    """Negative log-likelihoods in nats of every n-th row; those that are none are left out."""
    import numpy as np

    step = -(-judged.total // ROWS)
    found = judged.losses()[::step]
    return found[np.isfinite(found)]
