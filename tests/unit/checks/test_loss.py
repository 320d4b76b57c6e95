from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from grader.checks.loss import LossMatches, _given, _request
from grader.model.measurements import CallResult
from grader.model.outcome import Outcome
from tests.made_up import a_binding, a_rubric, a_seen, judged, measured, our_fault, student_fault

if TYPE_CHECKING:
    from grader.model.evidence import Evidence
    from grader.model.scorecard import CheckResult

Loss = Callable[[Any, str], Any]


def correct(each: Any, reduction: str) -> Any:
    return each.sum() if reduction == "sum" else each.mean()


def evidence(loss: Loss, params: LossMatches, reduction: str) -> Evidence:
    """What the box measures of a student whose forward reduces with `loss`."""
    net, batches = _given(params)
    results = []
    for x, y in batches:
        logs = net.truth.log_probabilities(x.truth)
        each = -logs[np.arange(len(y.truth)), y.truth]
        results.append(np.asarray(loss(each, reduction), dtype=np.float64))
    payload = CallResult(
        binding=a_binding("classifier", definition="ClassifierNeuralNet", weights=""),
        calls=2,
        dtypes=("float32",) * 2,
        shapes=tuple(one.shape for one in results),
    )
    arrays = {f"result_{index}": one for index, one in enumerate(results)}
    return measured(_request(params, a_rubric(), reduction), payload, **arrays)


def matches(loss: Loss, *extra: Evidence, **params: Any) -> CheckResult:
    record = LossMatches.model_validate({"role": "classifier", **params}, strict=False)
    names = (*record.mean, *record.sum)
    pieces = {name: evidence(loss, record, name) for name in names}
    seen = a_seen(*pieces.values(), *extra)
    return judged("loss.matches", {"role": "classifier", **params}, seen)


def test_both_reductions_right() -> None:
    result = matches(correct)
    assert result.outcome is Outcome.PASS
    assert result.message == (
        'With reduction="avg" your loss is the mean of -log p(y | x) over the batch, as it should '
        'be. With reduction="sum" your loss is the sum of -log p(y | x) over the batch, as it '
        "should be."
    )
    assert result.bound_by == "by name: ClassifierNeuralNet in hw.ipynb, cell 7"


def test_the_other_name_of_the_mean_is_accepted_and_named() -> None:
    result = matches(lambda each, how: each.mean() if how == "mean" else each.sum())
    assert result.outcome is Outcome.PASS
    assert 'With reduction="mean"' in result.message


def test_a_reduction_that_is_ignored_earns_half() -> None:
    result = matches(lambda each, _: each.mean())
    assert result.fraction == Fraction(1, 2)
    assert (
        'With reduction="sum" your loss is the mean, where the sum of -log p(y | x) over the '
        "batch was expected. This earns half of the points."
    ) in result.message
    assert "reduction" in result.hint
    assert matches(lambda each, _: each.mean(), partial=False).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        (lambda each, how: -correct(each, how), "minus the mean"),
        (lambda each, _: each, "without a reduction"),
        (lambda each, _: -np.exp(-each).mean(), "without the logarithm"),
        (lambda each, _: each.mean() / 10, "over the batch and the classes"),
    ],
)
def test_slips_are_named(loss: Loss, told: str) -> None:
    result = matches(loss)
    assert result.outcome is Outcome.FAIL
    assert told in result.message


def test_nan_never_matches() -> None:
    result = matches(lambda each, _: each.sum() * np.nan)
    assert result.outcome is Outcome.FAIL
    assert "NaN" in result.message


def test_a_crash_in_one_reduction_costs_that_one_only() -> None:
    record = LossMatches(role="classifier")
    crash = student_fault(_request(record, a_rubric(), "sum"), "TypeError", "unexpected 'sum'")
    result = matches(correct, crash)
    assert result.fraction == Fraction(1, 2)
    assert "TypeError: unexpected 'sum'" in result.message


def test_our_fault_in_one_reduction_keeps_all_points_open() -> None:
    record = LossMatches(role="classifier")
    result = matches(correct, our_fault(_request(record, a_rubric(), "sum")))
    assert result.outcome is Outcome.ERROR


def test_the_labels_and_net_are_drawn_on_the_host_and_reduction_goes_third() -> None:
    record = LossMatches(role="classifier", batch=8)
    request = _request(record, a_rubric(), "avg")
    calls: Any = request.params["calls"]
    assert [len(call["args"]) for call in calls] == [3, 3]
    assert calls[0]["args"][2] == {"value": "avg"}
    assert len(calls[0]["args"][1]["tensor"]) == 8
    assert len(calls[1]["args"][1]["tensor"]) == 3
    by_name = LossMatches(role="classifier", reduction_argument="mode")
    calls = _request(by_name, a_rubric(), "avg").params["calls"]
    assert calls[0]["kwargs"] == {"mode": {"value": "avg"}}
