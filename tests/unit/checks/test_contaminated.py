"""A test loss below the training loss by more than chance is flagged, with both; points stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from grader.checks import CHECKS
from grader.checks.contaminated import CONTAMINATED
from grader.checks.requests import predict
from grader.model.outcome import Outcome
from tests.made_up import (
    DATASET,
    a_rubric,
    a_seen,
    a_truth,
    judged,
    measured,
    some_labels,
    some_predictions,
    some_scores,
    student_fault,
)

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult

TRAIN = "digits/train"
LABELS = some_labels(1000)
PARAMS = {"model": "cnn", "dataset": DATASET, "bands": [{"at": 0.5, "fraction": 1}]}


def shuffled(wrong: int, labels: tuple[int, ...]) -> Any:
    """Scores with wrong ones among all rows."""
    scores = some_scores(labels, 0)
    rows = np.random.default_rng(4).permutation(len(labels))[:wrong]
    scores[rows] = np.roll(scores[rows], 1, axis=1)
    return scores


def result(test_wrong: int, train: Any, **params: Any) -> CheckResult:
    rubric = a_rubric()
    request = predict(rubric, "cnn", TRAIN)
    scores = shuffled(test_wrong, some_labels())
    seen = a_seen(
        measured(predict(rubric, "cnn", DATASET), some_predictions(), scores=scores),
        student_fault(request)
        if train is None
        else measured(request, some_predictions(), scores=shuffled(train, LABELS)),
        truth=a_truth(labels={DATASET: some_labels(), TRAIN: LABELS}),
    )
    return judged("accuracy.at_least", {**PARAMS, "learnt_from": TRAIN, **params}, seen)


def test_a_net_that_knows_the_test_better_than_the_training_examples_is_flagged() -> None:
    found = result(5, 300)
    assert found.outcome is Outcome.PASS
    (flag,) = found.flags
    assert flag.code == CONTAMINATED
    assert "on 447 test examples" in flag.message
    assert "on 500 of 'digits/train'" in flag.message


@pytest.mark.parametrize(("test_wrong", "train_wrong"), [(20, 0), (20, 45), (15, 50), (0, 0)])
def test_ordinary_nets_and_chance_are_not(test_wrong: int, train_wrong: int) -> None:
    assert result(test_wrong, train_wrong).flags == ()


def test_nothing_is_said_where_training_examples_were_not_measured() -> None:
    assert result(5, None).flags == ()
    assert result(5, None).outcome is Outcome.PASS


def test_only_a_rubric_that_asks_for_it_pays_for_it() -> None:
    assert result(5, 300, learnt_from="").flags == ()
    entry = CHECKS["accuracy.at_least"]
    for given, splits in (
        (PARAMS, [DATASET]),
        ({**PARAMS, "learnt_from": TRAIN}, [DATASET, TRAIN]),
    ):
        needs = entry.needs(entry.params.model_validate(given, strict=False), a_rubric())
        assert [r.params["dataset"] for r in needs if r.probe == "predict"] == splits
