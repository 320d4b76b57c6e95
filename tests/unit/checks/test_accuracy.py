from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from grader.checks.requests import predict
from grader.model.outcome import Outcome
from grader.model.scorecard import Baseline, CheckResult, ConfusionMatrix
from tests.made_up import (
    DATASET,
    a_rubric,
    a_seen,
    a_truth,
    judged,
    measured,
    not_there,
    some_labels,
    some_predictions,
    some_scores,
)

REQUEST = predict(a_rubric(), "cnn", DATASET)
BANDS = [{"at": 0.06, "fraction": 1}, {"at": 0.1, "fraction": "1/2"}]


def error(scores: Any, bands: Any = BANDS, facts: Any = None, **changes: Any) -> CheckResult:
    seen = a_seen(
        measured(REQUEST, facts or some_predictions(), scores=scores),
        truth=a_truth(**changes.pop("truth", {})),
    )
    params = {"model": "cnn", "dataset": DATASET, "bands": bands, **changes}
    return judged("error.at_most", params, seen)


def wrong(number: int) -> Any:
    return some_scores(some_labels(), number)


def test_a_half_earned_says_what_full_points_need() -> None:
    result = error(wrong(31))
    assert result.outcome is Outcome.PARTIAL
    assert result.fraction == Fraction(1, 2)
    assert result.message == (
        "Your CNN misclassifies 31 of 447 test digits (error 0.0694, 95% interval "
        "0.049\N{EN DASH}0.097). This earns half of the points; full points need at most 0.06."
    )
    assert result.bound_by == (
        "by name: classnet in hw.ipynb, cell 7; weights classifier_cnn.model"
    )
    assert result.measured == pytest.approx(31 / 447)
    assert result.unit == "error"


def test_a_pass_and_a_fail_say_what_was_asked() -> None:
    assert error(wrong(20)).message.endswith("This earns full points: at most 0.06 was asked for.")
    failed = error(wrong(100))
    assert failed.outcome is Outcome.FAIL
    assert failed.message.endswith("Full points need at most 0.06, half of the points at most 0.1.")
    assert "matrix" in failed.hint


def test_a_band_is_reached_exactly_at_its_edge() -> None:
    labels = some_labels(100)
    scores = some_scores(labels, 6)
    seen = a_seen(
        measured(REQUEST, some_predictions(), scores=scores),
        truth=a_truth(labels={DATASET: labels}),
    )
    with_ = {"model": "cnn", "dataset": DATASET, "bands": [{"at": 0.06, "fraction": 1}]}
    assert judged("error.at_most", with_, seen).outcome is Outcome.PASS
    with_ = {"model": "cnn", "dataset": DATASET, "bands": [{"at": 0.94, "fraction": 1}]}
    assert judged("accuracy.at_least", with_, seen).outcome is Outcome.PASS
    with_ = {"model": "cnn", "dataset": DATASET, "bands": [{"at": 0.95, "fraction": 1}]}
    assert judged("accuracy.at_least", with_, seen).outcome is Outcome.FAIL


def test_a_narrow_miss_is_flagged_and_a_narrow_pass_is_not() -> None:
    near = error(wrong(31))
    assert [flag.code for flag in near.flags] == ["near_threshold"]
    assert "0.0694 narrowly misses 0.06" in near.flags[0].message
    assert error(wrong(26)).flags == ()
    assert error(wrong(150)).flags == ()


@pytest.mark.parametrize("value", [np.nan, 0.0, -np.inf, np.inf])
def test_scores_without_a_single_largest_never_pass(value: float) -> None:
    scores = np.full((447, 10), value, dtype=np.float32)
    result = error(scores, [{"at": 1, "fraction": 1}])
    assert result.outcome is Outcome.FAIL
    assert "prefers no class" in result.message


def test_one_nan_in_a_row_or_a_tie_makes_that_example_wrong() -> None:
    scores = wrong(0)
    scores[3, 7] = np.nan
    scores[5, :2] = scores[5].max()
    result = error(scores)
    assert result.measured == pytest.approx(2 / 447)
    result = error(scores, [{"at": 0.001, "fraction": 1}])
    assert result.hint.startswith("2 examples got no single best class")


def test_one_answer_for_everything_is_guessing() -> None:
    scores = np.zeros((447, 10), dtype=np.float32)
    scores[:, 3] = 1
    result = error(scores, [{"at": 0.95, "fraction": 1}])
    assert result.outcome is Outcome.FAIL
    assert "answers 3 for every example" in result.message
    assert "guessing" in result.hint


def test_a_chance_level_must_be_beaten() -> None:
    result = error(wrong(250), [{"at": 0.9, "fraction": 1}], chance=0.5)
    assert result.outcome is Outcome.FAIL
    assert "Guessing reaches 0.5 too" in result.message
    assert error(wrong(250), [{"at": 0.9, "fraction": 1}]).outcome is Outcome.PASS


def test_the_matrix_counts_true_rows_and_predicted_columns() -> None:
    (matrix,) = error(wrong(1)).exhibits
    assert isinstance(matrix, ConfusionMatrix)
    assert matrix.counts[0][1] == 1
    assert sum(map(sum, matrix.counts)) == 447
    assert matrix.title == "CNN on 447 test digits"


def test_oddities_are_flagged_and_change_no_points() -> None:
    odd = some_predictions(weights_matter=False, rows_independent=False, classify="differs")
    result = error(wrong(5), facts=odd)
    assert result.outcome is Outcome.PASS
    codes = {flag.code for flag in result.flags}
    assert codes == {"weights_do_not_matter", "rows_depend_on_batch", "classify_differs"}


@pytest.mark.parametrize("shape", [(446, 10), (447,), (447, 0), (0, 10), (447, 10, 1)])
def test_scores_that_do_not_fit_the_examples_fail_with_their_shape(shape: tuple[int, ...]) -> None:
    result = error(np.zeros(shape, dtype=np.float32))
    assert result.outcome is Outcome.FAIL
    assert f"[{', '.join(map(str, shape))}]" in result.message


def test_fewer_classes_than_labels_are_simply_wrong() -> None:
    result = error(wrong(0)[:, :5], [{"at": 0.1, "fraction": 1}])
    assert result.outcome is Outcome.FAIL


def test_missing_labels_are_our_fault() -> None:
    why = {"labels": {}, "missing": {DATASET: "digits is missing: grade data fetch digits"}}
    result = error(wrong(0), truth=why)
    assert result.outcome is Outcome.ERROR
    assert "grade data fetch digits" in result.message


def test_the_baseline_travels_along() -> None:
    baseline = Baseline(mean=0.05, spread=0.01, seeds=3, source="reference.digits_cnn")
    assert error(wrong(5), truth={"baselines": {"2/error": baseline}}).baseline == baseline


def test_weights_that_nobody_asked_for_are_not_missed() -> None:
    params = {"model": "cnn", "dataset": DATASET, "bands": BANDS}
    seen = a_seen(not_there(REQUEST, "No weight file was found."))
    asked = judged("error.at_most", params, seen)
    assert asked.outcome is Outcome.FAIL
    not_asked = judged("error.at_most", {**params, "unsaved": "pending"}, seen)
    assert not_asked.outcome is Outcome.PENDING
    assert "a person reads what you report" in not_asked.message
    assert "No weight file was found." in not_asked.message
