"""Answers that a little noise destroys are flagged with both accuracies; points stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from grader.checks.nudged import FRAGILE
from grader.checks.requests import predict
from grader.model.outcome import Outcome
from tests.made_up import (
    DATASET,
    a_rubric,
    a_seen,
    judged,
    measured,
    some_labels,
    some_predictions,
    some_scores,
)

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult

LABELS = some_labels()
ROWS = np.array([440, *range(3, 58)])


def answer(wrong: int, rows: Any = ROWS) -> Any:
    """Scores of some rows of which the first few are wrong."""
    return some_scores(tuple(LABELS[row] for row in rows), wrong)


def result(**arrays: Any) -> CheckResult:
    request = predict(a_rubric(), "cnn", DATASET)
    scores = some_scores(LABELS, 0)
    seen = a_seen(measured(request, some_predictions(), scores=scores, **arrays))
    params = {"model": "cnn", "dataset": DATASET, "bands": [{"at": 0.9, "fraction": 1}]}
    return judged("accuracy.at_least", params, seen)


def test_answers_that_noise_destroys_are_flagged_and_cost_nothing() -> None:
    found = result(nudged_rows=ROWS, noisy=answer(40), moved=answer(10))
    assert found.outcome is Outcome.PASS
    (flag,) = found.flags
    assert flag.code == FRAGILE
    assert "of 56 examples it gets 1.000 right" in flag.message
    assert "noise of 5% of the inputs' spread 0.286" in flag.message


def test_a_move_may_cost_more_than_noise() -> None:
    assert result(nudged_rows=ROWS, noisy=answer(8), moved=answer(22)).flags == ()
    found = result(nudged_rows=ROWS, noisy=answer(9), moved=answer(23))
    assert [flag.code for flag in found.flags] == [FRAGILE, FRAGILE]
    assert "moved to the right by one pixel 0.589" in found.flags[1].message


def test_a_nan_is_no_answer() -> None:
    broken = np.full((len(ROWS), 10), np.nan, dtype=np.float32)
    assert [flag.code for flag in result(nudged_rows=ROWS, noisy=broken).flags] == [FRAGILE]


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"noisy": answer(56)},
        {"nudged_rows": ROWS},
        {"nudged_rows": ROWS[:19], "noisy": answer(19, ROWS[:19])},
        {"nudged_rows": ROWS, "noisy": answer(30)[:50]},
        {"nudged_rows": ROWS, "noisy": answer(30)[:, :7]},
        {"nudged_rows": ROWS + 10, "noisy": answer(56)},
        {"nudged_rows": ROWS - 4, "noisy": answer(56)},
    ],
)
def test_what_does_not_fit_or_is_too_little_says_nothing(arrays: Any) -> None:
    assert result(**arrays).flags == ()
