"""Whether the pictures that are drawn are ones that the net gets wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.checks.requests import execute, predict
from grader.model.outcome import Outcome
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
from tests.unit.checks.pieces import picture, pictured, run

if TYPE_CHECKING:
    from grader.model.measurements import FigureSeen
    from grader.model.scorecard import CheckResult


class TestGallery:
    WRONG = 6
    """The first rows that the net misclassifies."""

    def graded(self, rows: tuple[int, ...], **truth: Any) -> CheckResult:
        labels = some_labels(100)
        images = [picture(is_of="dataset", name=DATASET, index=(row,)) for row in rows]
        request = predict(a_rubric(), "cnn", DATASET)
        scores = some_scores(labels, wrong=self.WRONG)
        seen = a_seen(
            run(figures=(pictured(*images),)),
            measured(request, some_predictions(), scores=scores),
            truth=a_truth(labels={DATASET: labels}, **truth),
        )
        given = {"model": "cnn", "dataset": DATASET, "at_least": 5}
        return judged("gallery.misclassified", given, seen)

    def test_rows_that_the_net_gets_wrong(self) -> None:
        assert self.graded((0, 1, 2, 3, 4)).outcome is Outcome.PASS
        result = self.graded((0, 1, 2, 50, 51))
        assert result.outcome is Outcome.FAIL
        assert "3 of the 5 pictures that you show are misclassified" in result.message

    def test_the_labels_that_the_code_saw_decide(self) -> None:
        served = tuple((label + 1) % 10 for label in some_labels(100))
        shown = self.graded((50, 51, 52, 53, 54), served_labels={DATASET: served})
        assert shown.outcome is Outcome.PASS
        right = self.graded((0, 1, 2, 3, 4), served_labels={DATASET: served})
        assert right.outcome is Outcome.FAIL

    def test_rows_are_those_of_the_served_copy(self) -> None:
        order = tuple(reversed(range(100)))
        served = tuple(some_labels(100)[row] for row in order)
        truth = {"served_labels": {DATASET: served}, "served_rows": {DATASET: order}}
        assert self.graded((99, 98, 97, 96, 95), **truth).outcome is Outcome.PASS
        assert self.graded((0, 1, 2, 3, 4), **truth).outcome is Outcome.FAIL

    def test_unknown_pictures_wait_for_a_person(self) -> None:
        seen = a_seen(run(figures=(pictured(*[picture() for _ in range(5)]),)))
        given = {"model": "cnn", "dataset": DATASET}
        assert judged("gallery.misclassified", given, seen).outcome is Outcome.PENDING


LABELS = some_labels(100)
SERVED = tuple((label + 3) % 10 for label in LABELS)
"""As student code saw them: wrong everywhere for a net that is right about the true ones."""
FREE = {"model": "cnn", "dataset": DATASET, "at_least": 5, "free": True, "montage": 10_000}


def figure(*rows: int, cell: int = 4, compares: bool = True, unknown: int = 0) -> FigureSeen:
    """A figure of rows of the split, and of pictures that were not recognised."""
    images = [picture(is_of="dataset", name=DATASET, index=(row,)) for row in rows]
    images += [picture(shape=(64, 64, 3)) for _ in range(unknown)]
    return pictured(*images).model_copy(update={"cell": cell, "compares": compares})


class TestFree:
    """The net is theirs to choose: only what is certain is told."""

    def graded(
        self,
        *figures: FigureSeen,
        served: tuple[int, ...] = SERVED,
        saved: Any = None,
        live: Any = None,
    ) -> CheckResult:
        """Scores of the nets, as handed in and as the run left it; none where it has none."""
        asked = []
        for source, scores in (("saved", saved), ("live", live)):
            request = predict(a_rubric(), "cnn", DATASET, source)  # type: ignore[arg-type]
            asked.append(
                not_there(request)
                if scores is None
                else measured(request, some_predictions(), scores=scores)
            )
        truth = a_truth(labels={DATASET: LABELS}, served_labels={DATASET: served})
        return judged(
            "gallery.misclassified", FREE, a_seen(run(figures=figures), *asked, truth=truth)
        )

    def test_mistakes_of_the_net_saved_or_as_the_run_left_it(self) -> None:
        scores, other = some_scores(LABELS, wrong=0), some_scores(SERVED, wrong=40)
        shown = figure(3, 8, 30, 31, 70, 90)
        for nets in ({"saved": scores}, {"live": scores}, {"saved": other, "live": scores}):
            result = self.graded(shown, **nets)
            assert result.outcome is Outcome.PASS
            assert "6 of the 6 pictures that you show are misclassified" in result.message
        assert self.graded(shown, saved=other).outcome is Outcome.PENDING
        true = {"served": LABELS, "saved": some_scores(LABELS, 0), "live": some_scores(LABELS, 95)}
        assert self.graded(shown, **true).outcome is Outcome.PASS

    def test_ones_that_it_gets_right(self) -> None:
        scores = some_scores(SERVED, wrong=1)
        assert self.graded(figure(0, 7, 9, 30, 50), live=scores).outcome is Outcome.FAIL
        result = self.graded(figure(7, 9, 30, 50, 51, 52), live=scores)
        assert result.outcome is Outcome.FAIL
        assert "0 of the 6 pictures" in result.message
        another = some_scores(LABELS, wrong=0)
        both = self.graded(figure(7, 9, 30, 50, 51, 52), live=scores, saved=another)
        assert both.outcome is Outcome.FAIL
        assert result.places

    def test_where_labels_are_true_they_may_be_the_mistakes_of_another_net(self) -> None:
        scores = some_scores(LABELS, wrong=0)
        result = self.graded(figure(7, 9, 30, 50, 51), served=LABELS, saved=scores)
        assert result.outcome is Outcome.PENDING
        assert "another net" in result.message

    def test_neither_right_nor_wrong_enough(self) -> None:
        scores = some_scores(SERVED, wrong=3)
        for rows in ((0, 1, 2, 50, 51), (0, 1, 50, 51, 52, 53, 54)[:6]):
            assert self.graded(figure(*rows), live=scores).outcome is Outcome.PENDING

    def test_ones_beside_each_other_may_be_any(self) -> None:
        scores = some_scores(LABELS, wrong=0)
        for rows in ((0, 1, 2, 3, 4, 5), (0, 10, 20, 30, 40)):
            result = self.graded(figure(*rows, compares=False), live=scores)
            assert result.outcome is Outcome.PENDING
            assert "side by side" in result.message
            assert self.graded(figure(*rows), live=scores).outcome is Outcome.PASS
        chosen = figure(0, 1, 2, 3, 5, compares=False)
        assert self.graded(chosen, live=scores).outcome is Outcome.PASS
        wrong = some_scores(LABELS, wrong=10)
        true = self.graded(figure(0, 1, 2, 3, 4, compares=False), served=LABELS, live=wrong)
        assert true.outcome is Outcome.PASS

    def test_one_cell_of_several_is_the_gallery(self) -> None:
        scores = some_scores(SERVED, wrong=10)
        right, wrong = figure(50, 61, 72, 83, 94), figure(0, 1, 2, 5, 7, cell=9)
        assert self.graded(right, wrong, live=scores).outcome is Outcome.PASS
        assert self.graded(right, live=scores).outcome is Outcome.FAIL
        spread = [figure(row) for row in (50, 61, 72, 83, 94)]
        assert self.graded(*spread, live=scores).outcome is Outcome.FAIL

    def test_pictures_that_were_not_recognised_may_be_the_gallery(self) -> None:
        scores = some_scores(SERVED, wrong=0)
        right = figure(50, 61, 72, 83, 94)
        assert self.graded(right, figure(unknown=5), live=scores).outcome is Outcome.PENDING
        assert self.graded(figure(unknown=8), live=scores).outcome is Outcome.PENDING
        assert self.graded(figure(1, 2, unknown=3), live=scores).outcome is Outcome.PENDING

    def test_without_a_net_a_person_looks(self) -> None:
        result = self.graded(figure(0, 1, 2, 5, 7))
        assert result.outcome is Outcome.PENDING
        assert "none of your nets" in result.message

    def test_too_few_pictures(self) -> None:
        scores = some_scores(LABELS, wrong=0)
        assert self.graded(live=scores).outcome is Outcome.FAIL
        assert self.graded(figure(0, 1, 2), live=scores).outcome is Outcome.FAIL
        montage = pictured(picture(shape=(120, 300, 3)))
        assert self.graded(montage, live=scores).outcome is Outcome.PENDING
        known = pictured(picture(shape=(160, 160, 3), is_of="dataset", name=DATASET, index=(3,)))
        assert self.graded(known, live=scores).outcome is Outcome.FAIL


def test_only_where_a_gallery_is_asked_for_are_pictures_looked_for_in_all_the_data() -> None:
    criterion = {
        "id": "gallery",
        "title": "Gallery",
        "source": "Extract wrongly classified images.",
        "points": 0,
        "check": "gallery.misclassified",
        "with": {"model": "cnn", "dataset": DATASET},
    }
    asked = a_rubric(task=[{"id": "q", "title": "Q", "points": 0, "criterion": [criterion]}])
    assert execute(asked).params["gallery"] is True
    assert "gallery" not in execute(a_rubric()).params
