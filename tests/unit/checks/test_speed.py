"""Checks that compare a net: its speed with a given one, its error, its rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from grader.checks.requests import (
    predict,
    time_module,
)
from grader.model.measurements import (
    Timing,
)
from grader.model.outcome import Outcome
from tests.made_up import (
    DATASET,
    a_binding,
    a_rubric,
    a_seen,
    a_truth,
    judged,
    measured,
    some_labels,
    some_predictions,
    some_scores,
)

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult


class TestSpeed:
    GIVEN = "def build(): ..."

    def graded(
        self,
        mine: tuple[float, ...],
        theirs: tuple[float, ...],
        counts: tuple[int, ...] = (2, 6, 10),
        **params: Any,
    ) -> Any:
        rubric = a_rubric()
        evidence = []
        for source, walls in (("", mine), (self.GIVEN, theirs)):
            for least, (most, wall) in enumerate(zip((2, 6, 10), walls, strict=True), 1):
                request = time_module(
                    rubric, "cnn", passes=most, least=least, seconds=8 * most / 10, batch=8,
                    training=False, given=source,
                )  # fmt: skip
                made = min(most, counts[least - 1])
                payload = Timing(binding=a_binding(), passes=made, batch=8)
                piece = measured(request, payload)
                evidence.append(piece.model_copy(update={"wall_seconds": wall}))
        bands = [{"at": 2, "fraction": 1}, {"at": 1.5, "fraction": 0.5}]
        given = params | {"model": "cnn", "given": self.GIVEN, "bands": bands, "passes": [2, 6, 10]}
        return judged("speed.ratio", given, a_seen(*evidence))

    def test_ratios_of_differences(self) -> None:
        result = self.graded((1.0, 2.0, 3.0), (5.0, 8.0, 11.0))
        assert result.outcome is Outcome.PASS
        assert result.measured == 3
        assert self.graded((1.0, 2.0, 3.0), (1.0, 2.0, 3.0)).outcome is Outcome.FAIL

    def test_a_slow_net_made_fewer_passes(self) -> None:
        result = self.graded((1.0, 2.0, 3.0), (3.0, 5.0, 7.0), counts=(1, 3, 5))
        assert result.measured == 2
        assert self.graded((1, 2, 3), (3, 5, 7), counts=(2, 2, 2)).outcome is Outcome.ERROR
        claimed = self.graded((1.0, 2.0, 3.0), (3.0, 5.0, 7.0), counts=(200, 600, 1000))
        assert claimed.measured == 2, "never more than were asked for"

    def test_close_to_a_band_is_flagged(self) -> None:
        result = self.graded((1.0, 2.0, 3.0), (1.0, 2.9, 4.8))
        assert result.fraction == 0.5
        assert result.flags[0].code == "near_threshold"

    @pytest.mark.parametrize("mine", [(1.0, 2.0, 5.0), (1.0, 1.001, 1.002), (3.0, 2.0, 1.0)])
    def test_a_busy_machine_is_nobodys_zero(self, mine: tuple[float, ...]) -> None:
        result = self.graded(mine, (5.0, 8.0, 11.0))
        assert result.outcome is Outcome.ERROR
        assert result.spoilt, "the next run measures it again"

    def test_a_verdict_that_no_noise_can_turn_is_given(self) -> None:
        assert self.graded((1.0, 2.0, 5.0), (50.0, 80.0, 110.0)).outcome is Outcome.PASS
        assert self.graded((50.0, 80.0, 150.0), (1.0, 2.0, 3.0)).outcome is Outcome.FAIL
        assert self.graded((0.235, 0.547, 0.593), (0.5, 4.1, 8.1)).outcome is Outcome.PASS
        assert self.graded((0.235, 0.547, 0.593), (0.5, 0.9, 1.1)).outcome is Outcome.ERROR


class TestAutoencoder:
    def graded(self, outputs: Any) -> CheckResult:
        inputs = np.tile(np.array([[0, 255], [255, 0]], dtype=np.uint8), (50, 32))
        request = predict(a_rubric(), "cnn", DATASET)
        seen = a_seen(
            measured(request, some_predictions(), scores=outputs(inputs).astype(np.float32)),
            truth=a_truth(inputs={DATASET: inputs}),
        )
        given = {"model": "cnn", "dataset": DATASET, "bands": [{"at": 0.02, "fraction": 1}]}
        return judged("autoencoder.error_at_most", given, seen)

    def test_the_error_is_measured_against_the_inputs(self) -> None:
        result = self.graded(lambda x: x / 255 + 0.1)
        assert result.outcome is Outcome.PASS
        assert result.measured == pytest.approx(0.01, rel=1e-5)
        assert "the average picture would reach 0.25" in result.message
        assert self.graded(lambda x: x / 255 + 0.2).outcome is Outcome.FAIL
        assert self.graded(lambda x: x * np.nan).outcome is Outcome.FAIL
        assert self.graded(lambda x: x[:, :10] / 255).outcome is Outcome.FAIL

    def test_outputs_from_minus_one_to_one_wait_for_a_person(self) -> None:
        assert self.graded(lambda x: x / 127.5 - 0.99).outcome is Outcome.PENDING
        assert self.graded(lambda x: x / 127.5 - 0.3).outcome is Outcome.FAIL
        assert self.graded(lambda x: -1 - x * 0.0).outcome is Outcome.FAIL


class TestBeats:
    ROLES: dict[str, Any] = {
        name: {"kind": "module", "names": [name]} for name in ("first", "second")
    }

    def graded(self, first: int, second: int, **params: Any) -> CheckResult:
        rubric = a_rubric(roles=self.ROLES)
        labels = some_labels(100)
        evidence = [
            measured(
                predict(rubric, role, DATASET),
                some_predictions(),
                scores=some_scores(labels, wrong=wrong),
            )
            for role, wrong in (("first", first), ("second", second))
        ]
        truth = a_truth(labels={DATASET: labels}, partial={DATASET: "1,000 of 10,000 pictures"})
        seen = a_seen(*evidence, rubric=rubric, truth=truth)
        given = {"better": "second", "worse": "first", "dataset": DATASET, **params}
        return judged("accuracy.beats", given, seen)

    def test_the_second_must_be_better(self) -> None:
        result = self.graded(30, 20)
        assert result.outcome is Outcome.PASS
        assert "accuracy 0.8000" in result.message
        assert "Measured on a part of the data: 1,000 of 10,000 pictures." in result.message
        assert self.graded(20, 20).outcome is Outcome.FAIL
        assert self.graded(30, 20, by=0.1).outcome is Outcome.PASS
        assert self.graded(30, 20, by=0.11).outcome is Outcome.FAIL
