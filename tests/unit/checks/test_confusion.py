"""Checks of printed and drawn matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks.requests import (
    predict,
)
from grader.model.base import number
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
)
from tests.unit.checks.pieces import documents, picture, pictured, run, table

if TYPE_CHECKING:
    from grader.model.documents import Table
    from grader.model.measurements import (
        FigureSeen,
    )


class TestConfusion:
    def graded(self, *tables: Table, figures: tuple[FigureSeen, ...] = (), **params: Any) -> Any:
        labels = some_labels(100)
        scores = some_scores(labels, wrong=7)
        seen = a_seen(
            documents(*tables),
            run(figures=figures),
            measured(predict(a_rubric(), "cnn", DATASET), some_predictions(), scores=scores),
            truth=a_truth(labels={DATASET: labels}),
        )
        given = {"model": "cnn", "dataset": DATASET, "classes": 10, "tolerance": 0, **params}
        return judged("confusion.matches", given, seen)

    def matrix(self) -> Any:
        counts = 10.0 * np.eye(10)
        for row in range(7):
            counts[row, row] -= 1
            counts[row, (row + 1) % 10] += 1
        return counts

    def printed(self, counts: Any) -> Table:
        return table((), *(tuple(float(value) for value in row) for row in counts))

    def test_counts_shares_and_both_ways_round(self) -> None:
        counts = self.matrix()
        for shown in (counts, counts.T, counts / 100, (counts / counts.sum(1)[:, None]).round(2)):
            assert self.graded(self.printed(shown)).outcome is Outcome.PASS

    def test_percentages(self) -> None:
        counts = self.matrix()
        shares = counts / counts.sum(1)[:, None]
        assert self.graded(self.printed((100 * shares).round(1))).outcome is Outcome.PASS

    def test_the_counts_are_not_any_that_look_like_them(self) -> None:
        for made_up in (10.0 * np.eye(10), 100.0 * np.eye(10), np.eye(10), 0.1 * np.eye(10)):
            assert self.graded(self.printed(made_up)).outcome is Outcome.FAIL

    def test_what_cannot_be_counts_is_none(self) -> None:
        figures = (pictured(picture(shape=(10, 10))),)
        rng = np.random.default_rng(0)
        probabilities = rng.dirichlet(np.full(10, 0.1), 10)
        one_hot = np.eye(10)[rng.integers(0, 10, 10)]
        more_rows = np.vstack([self.matrix()] * 2)
        odd = (-self.matrix(), self.matrix() * 0.37, self.matrix() / 1000)
        for other in (*odd, probabilities, one_hot, more_rows, np.eye(10)[::-1]):
            assert self.graded(self.printed(other), figures=figures).outcome is Outcome.PASS
            assert "No 10x10" in self.graded(self.printed(other)).message

    def test_other_counts_fail_and_are_flagged(self) -> None:
        counts = self.matrix()
        counts[0, 0] += 3
        result = self.graded(self.printed(counts))
        assert result.outcome is Outcome.FAIL
        assert "in 1 of 100 cells" in result.message
        assert result.flags[0].code == "confusion_differs"

    def test_a_drawn_one_counts_for_its_form(self) -> None:
        figures = (pictured(picture(shape=(10, 10))),)
        assert self.graded(figures=figures).outcome is Outcome.PASS
        assert self.graded(figures=figures, structure_fraction=0.5).fraction == 0.5
        assert self.graded(figures=(pictured(picture(shape=(3, 3))),)).outcome is Outcome.FAIL

    def test_drawn_numbers_are_counts_or_shares(self) -> None:
        counts = self.matrix()
        shuffled = np.random.default_rng(0).integers(0, 30, (10, 10)).astype(float)
        shares = shuffled / shuffled.sum(axis=1, keepdims=True)

        def drawn(numbers: Any) -> Any:
            values = tuple(number(float(value)) for value in numbers.reshape(-1))
            image = picture(shape=(10, 10), values=values)
            return self.graded(figures=(pictured(image),)).outcome

        for shown in (counts, shuffled, shares, 100 * shares, shuffled / shuffled.sum()):
            assert drawn(shown) is Outcome.PASS
        for other in (-counts, np.log1p(shuffled), np.full((10, 10), np.nan), np.eye(10)):
            assert drawn(other) is Outcome.PENDING

    def test_a_picture_in_colour_is_none(self) -> None:
        figures = (pictured(picture(shape=(10, 10, 3))),)
        assert self.graded(figures=figures).outcome is Outcome.FAIL

    def test_a_filter_of_the_same_size_is_none(self) -> None:
        filters = picture(shape=(10, 10), is_of="parameter", name="conv1.weight")
        assert self.graded(figures=(pictured(filters),)).outcome is Outcome.FAIL
