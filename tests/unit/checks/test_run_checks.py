"""training.learns and figure.has: judged on a restart-and-run-all."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from grader.checks.requests import execute, inspect_source, predict
from grader.model.evidence import Evidence, Place
from grader.model.measurements import FigureSeen, LineSeen, LossSeries, SourceFacts
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult, Curves, FigureShown
from tests.made_up import (
    DATASET,
    a_figure,
    a_rubric,
    a_seen,
    judged,
    measured,
    our_fault,
    some_labels,
    some_predictions,
    some_scores,
    student_fault,
)
from tests.unit.checks.test_notebook import BAD, cell, run

RUN = execute(a_rubric())
FALLING = tuple(2.0 / (1 + step) for step in range(40))
FLAT = (2.0,) * 40


def losses(*series: Any) -> tuple[LossSeries, ...]:
    place = Place(file="hw.ipynb", cell=7)
    return tuple(LossSeries(place=place, values=values) for values in series)


class TestTraining:
    def learns(
        self, *series: Any, wrong: int = 100, live: Evidence | None = None, **more: Any
    ) -> CheckResult:
        alive = live or measured(
            predict(a_rubric(), "cnn", DATASET, "live"),
            some_predictions(),
            scores=some_scores(some_labels(), wrong),
        )
        execution = run(cell(1), losses=losses(*series), **more)
        seen = a_seen(measured(RUN, execution), alive)
        return judged("training.learns", {"model": "cnn", "dataset": DATASET}, seen)

    def test_it_learns(self) -> None:
        result = self.learns(FALLING)
        assert result.outcome is Outcome.PASS
        assert result.message == (
            "Over 40 training steps your loss fell: from 0.367 to 0.0563 (medians of the first and "
            "last quarter). Your CNN then classifies 347 of 447 test digits rightly (accuracy "
            "0.776); guessing reaches 0.101."
        )
        (curves,) = result.exhibits
        assert isinstance(curves, Curves)
        assert curves.series[0].label == "run 1 (hw.ipynb, cell 7)"
        assert len(curves.series[0].y) == 40

    def test_each_half_counts_alone(self) -> None:
        guessing = self.learns(FALLING, wrong=400)
        assert guessing.fraction == Fraction(1, 2)
        assert "not clearly better than guessing" in guessing.message
        flat = self.learns(FLAT)
        assert flat.fraction == Fraction(1, 2)
        assert "did not fall enough" in flat.message
        assert self.learns(FLAT, wrong=400).outcome is Outcome.FAIL

    def test_a_clock_that_ended_the_training_costs_nothing(self) -> None:
        flat = self.learns(FLAT, clock_ended_training=True)
        assert flat.outcome is Outcome.ERROR
        assert "time ran out" in flat.message
        assert self.learns(FALLING, clock_ended_training=True).outcome is Outcome.PASS

    def ended(self, *ours: LossSeries, wrong: int = 400) -> CheckResult:
        """The net is called classnet in the run; other nets may be in it."""
        alive = measured(
            predict(a_rubric(), "cnn", DATASET, "live"),
            some_predictions(),
            scores=some_scores(some_labels(), wrong),
        )
        execution = run(cell(1), losses=ours, clock_ended_training=True)
        seen = a_seen(measured(RUN, execution), alive)
        return judged("training.learns", {"model": "cnn", "dataset": DATASET}, seen)

    def test_what_was_seen_until_our_clock_ended_it_is_shown_to_a_person(self) -> None:
        for nets in ((), ("classnet",)):
            result = self.ended(LossSeries(place=None, values=FLAT, by_clock=True, nets=nets))
            assert result.outcome is Outcome.PENDING
            assert result.message.endswith("A person will look.")
            assert (result.measured, len(result.exhibits)) == (pytest.approx(47 / 447), 1)
        short = LossSeries(place=None, values=FLAT[:3], by_clock=True, nets=("classnet",))
        assert self.ended(short).outcome is Outcome.ERROR

    def test_that_our_clock_ended_another_net_changes_nothing(self) -> None:
        other = LossSeries(place=None, values=FLAT, by_clock=True, nets=("svhn",))
        mine = LossSeries(place=None, values=FALLING, nets=("classnet",))
        assert self.ended(mine, other, wrong=100).outcome is Outcome.PASS
        assert self.ended(mine, other).fraction == Fraction(1, 2)
        flat = LossSeries(place=None, values=FLAT, nets=("classnet",))
        assert self.ended(flat, other).outcome is Outcome.FAIL

    def test_steps_are_counted_of_the_net_that_is_asked_about(self) -> None:
        other = LossSeries(place=None, values=FLAT, by_clock=True, nets=("svhn",))
        mine = LossSeries(place=None, values=FALLING[:3], nets=("classnet",))
        assert "Only 3 training steps were seen" in self.ended(mine, other, wrong=100).message

    def test_a_loss_that_diverges_never_falls(self) -> None:
        result = self.learns((*FALLING[:20], *("nan",) * 20), wrong=400)
        assert result.outcome is Outcome.FAIL
        assert "learning rate" in result.hint

    def test_some_wild_steps_say_nothing(self) -> None:
        wild = [value if index % 9 else 50.0 for index, value in enumerate(FALLING)]
        assert self.learns(tuple(wild)).outcome is Outcome.PASS

    def test_negative_losses_may_fall_too(self) -> None:
        assert self.learns(tuple(-v for v in reversed(FALLING))).outcome is Outcome.PASS

    def test_every_run_must_fall(self) -> None:
        result = self.learns(FALLING, FLAT)
        assert "The loss fell in 1 of 2 training runs." in result.message

    def test_no_training_at_all(self) -> None:
        result = self.learns()
        assert "backward() was never called" in result.message
        assert "Only 3 training steps were seen" in self.learns((1.0, 0.5, 0.2)).message

    def test_training_that_was_not_reached_is_blocked_by_the_cell(self) -> None:
        seen = a_seen(measured(RUN, run(cell(1), BAD, finished=False, ended_by="error")))
        result = judged("training.learns", {}, seen)
        assert result.outcome is Outcome.BLOCKED
        assert "hw.ipynb, cell 3, line 2 stopped with NameError" in result.message

    def test_our_clock_or_our_fault_keeps_the_points_open(self) -> None:
        seen = a_seen(measured(RUN, run(cell(1), finished=False, ended_by="wall_clock")))
        assert judged("training.learns", {}, seen).outcome is Outcome.ERROR
        request = predict(a_rubric(), "cnn", DATASET, "live")
        assert self.learns(FALLING, live=our_fault(request)).outcome is Outcome.ERROR

    def test_a_net_that_cannot_be_found_after_the_run_costs_its_half(self) -> None:
        request = predict(a_rubric(), "cnn", DATASET, "live")
        result = self.learns(FALLING, live=student_fault(request, "KeyError", "'w'"))
        assert result.fraction == Fraction(1, 2)
        assert "KeyError" in result.message


class TestFigure:
    def has(self, *figures: Any, cells: Any = None, **params: Any) -> CheckResult:
        ended = "error" if cells else "end"
        execution = run(*(cells or (cell(1),)), figures=figures, ended_by=ended)
        pixels = {
            f"figure_{index}": np.zeros((4, 6, 3), dtype=np.uint8) for index in range(len(figures))
        }
        return judged("figure.has", params, a_seen(measured(RUN, execution, **pixels)))

    def test_labelled_curves(self) -> None:
        result = self.has(a_figure(), lines=2, axis_labels=True, legend=True, title=True)
        assert result.outcome is Outcome.PASS
        assert result.message == "Your run drew what was asked for (hw.ipynb, cell 9)."
        (shown,) = result.exhibits
        assert isinstance(shown, FigureShown)
        assert (shown.height, shown.width) == (4, 6)
        assert shown.title == "NLL (hw.ipynb, cell 9)"

    def test_missing_labels_are_named(self) -> None:
        result = self.has(a_figure(labelled=False), lines=2, axis_labels=True, legend=True)
        assert result.fraction == Fraction(1, 2)
        assert "it has no label on an axis and no legend" in result.message

    def test_too_few_lines_or_points(self) -> None:
        result = self.has(a_figure(1), lines=2)
        assert result.outcome is Outcome.FAIL
        assert result.message == (
            "hw.ipynb drew 1 figure, but none with 2 lines of 2 points or more."
        )
        assert len(result.exhibits) == 1
        assert self.has(a_figure(), lines=1, length=4).outcome is Outcome.FAIL

    def test_about_looks_at_titles_labels_and_names(self) -> None:
        assert self.has(a_figure(), about=["(?i)NLL|loss"]).outcome is Outcome.PASS
        result = self.has(a_figure(), about=["accuracy"], topic="the accuracy", lines=1)
        assert result.message == (
            "hw.ipynb drew 1 figure, but none names the accuracy in a title, label, legend or file "
            "name."
        )

    def test_a_figure_of_something_else_is_another_one(self) -> None:
        assert self.has(a_figure(), not_about=["fraction"]).outcome is Outcome.PASS
        result = self.has(a_figure(), not_about=["(?i)nll"], topic="curves", lines=1)
        assert result.outcome is Outcome.FAIL
        assert "none names curves" in result.message

    def test_none_drawn_and_not_reached(self) -> None:
        assert self.has().message == "hw.ipynb ran, but drew no figure."
        blocked = self.has(cells=(cell(1), BAD))
        assert blocked.outcome is Outcome.BLOCKED
        assert "cell 3" in blocked.message

    def test_a_blank_cell_and_another_framework_fail_as_such(self) -> None:
        place = Place(file="hw.ipynb", cell=3, line=9)
        facts = SourceFacts(
            files=(), imports=(), frameworks=("torch",), placeholders=(place,), definitions=0
        )
        stopped = measured(RUN, run(cell(1), BAD, ended_by="error"))
        seen = a_seen(stopped, measured(inspect_source(), facts))
        result = judged("figure.has", {}, seen)
        assert result.outcome is Outcome.FAIL
        assert result.message == (
            "The figure was not reached: the template's cell still says PLEASE FILL IN (hw.ipynb, "
            "cell 3)."
        )
        other = cell(2, "error", error_kind="wrong_framework", error="it is written in Keras")
        result = self.has(cells=(cell(1), other))
        assert result.outcome is Outcome.FAIL
        assert "hw.ipynb, cell 2 stopped: it is written in Keras." in result.message

    def test_what_our_machine_kept_away_stays_open(self) -> None:
        no_data = cell(3, "error", error_kind="dataset_missing", error="SVHN is not here")
        result = self.has(cells=(cell(1), no_data))
        assert result.outcome is Outcome.ERROR
        assert "SVHN is not here" in result.message

    def test_a_figure_before_the_error_counts(self) -> None:
        assert self.has(a_figure(), cells=(cell(1), BAD)).outcome is Outcome.PASS

    def test_as_many_as_asked(self) -> None:
        assert self.has(a_figure(), a_figure(), figures=2).outcome is Outcome.PASS
        result = self.has(a_figure(), a_figure(1), figures=2, lines=2)
        assert "1 of them as asked for; 2 were asked for" in result.message


FIVE = (0.05, 0.1, 0.3, 0.6, 1.0)


def over(*x: tuple[Any, ...], labelled: bool = True) -> FigureSeen:
    """A figure with a curve over each of these."""
    lines = tuple(LineSeen(label="", x=one, y=(0.5,) * len(one)) for one in x)
    bare = a_figure(0, labelled=labelled)
    return bare.model_copy(update={"axes": (bare.axes[0].model_copy(update={"lines": lines}),)})


class TestSpan:
    ASKED: dict[str, Any] = {"lines": 2, "length": 4, "x_ratio": 20, "axis_labels": True}

    def has(self, *figures: FigureSeen, clock: bool = False, **params: Any) -> CheckResult:
        execution = run(cell(1), figures=figures, clock_ended_training=clock)
        pixels = {
            f"figure_{index}": np.zeros((4, 6, 3), dtype=np.uint8) for index in range(len(figures))
        }
        seen = a_seen(measured(RUN, execution, **pixels))
        return judged("figure.has", {**self.ASKED, **params}, seen)

    @pytest.mark.parametrize("times", [1, 100, 25_000, 250])
    def test_five_per_cent_to_all_in_any_unit(self, times: int) -> None:
        x = tuple(round(times * one, 4) for one in FIVE)
        assert self.has(over(x, x)).outcome is Outcome.PASS
        assert self.has(over(x[::-1], (*x, "nan"))).outcome is Outcome.PASS

    @pytest.mark.parametrize(
        "x",
        [
            (0, 0.25, 0.5, 0.75, 1),
            (0, 5, 10, 50, 100),
            (-1.3, -1, -0.5, 0),  # logarithms
            (13, 25, 125, 250),  # batches
        ],
    )
    def test_what_spans_enough(self, x: tuple[float, ...]) -> None:
        assert self.has(over(x, x)).outcome is Outcome.PASS

    @pytest.mark.parametrize("x", [(0.05, 0.1, 0.3, 0.9), (20, 40, 60, 80, 100), (5, 5, 5, 5)])
    def test_a_shorter_range_earns_a_share(self, x: tuple[float, ...]) -> None:
        result = self.has(over(x, x), narrow_fraction=0.75)
        assert (result.outcome, result.fraction) == (Outcome.PARTIAL, Fraction(3, 4))
        assert f"its curves span {min(x):g} to {max(x):g} on the horizontal axis" in result.message
        assert "This earns 75% of the points." in result.message
        assert "whole range" in result.hint
        assert "the largest x at least 20 times the least" in result.expected
        assert self.has(over(x, x), x_ratio=0).outcome is Outcome.PASS
        unlabelled = self.has(over(x, x, labelled=False), narrow_fraction=0.75)
        assert unlabelled.fraction == Fraction(1, 2)
        assert "no label on an axis and its curves span" in unlabelled.message

    def test_every_curve_that_is_asked_for_spans_it(self) -> None:
        short = FIVE[:4]
        assert self.has(over(FIVE, short)).outcome is Outcome.PARTIAL
        assert self.has(over(FIVE, short, FIVE)).outcome is Outcome.PASS
        assert self.has(over(FIVE, FIVE[:3])).outcome is Outcome.FAIL
        assert self.has(over(FIVE, short), over(FIVE, FIVE)).outcome is Outcome.PASS

    @pytest.mark.parametrize("x", [(0, 1, 2, 3), (1, 2, 3, 4, 5), (1, 3, 2, 4)])
    def test_an_axis_of_words_is_for_a_person(self, x: tuple[float, ...]) -> None:
        result = self.has(over(x, x))
        assert result.outcome is Outcome.PENDING
        assert "whose numbers stand for something else" in result.message
        assert self.has(over(x, x), over(FIVE, FIVE)).outcome is Outcome.PASS

    def test_what_our_clock_may_have_cut_is_for_a_person(self) -> None:
        x = FIVE[:4]
        assert self.has(over(x, x), clock=True).outcome is Outcome.PENDING
        assert self.has(over(FIVE, FIVE), clock=True).outcome is Outcome.PASS

    def test_a_range_is_of_lines(self) -> None:
        with pytest.raises(ValueError, match="say how many"):
            self.has(lines=0)


def test_a_person_decides_between_the_bands() -> None:
    result = judged("manual.band", {"question": "Is it explained well?"}, a_seen())
    assert result.outcome is Outcome.PENDING
    assert result.message == "A person will decide this: Is it explained well?"
    assert result.expected == "It can earn no points, half of the points or full points."
    given = {"question": "Q1", "bands": [0, 1], "guidance": ["Nothing is said", "It is right."]}
    kept = judged("manual.band", given, a_seen())
    assert "right" not in kept.model_dump_json()
    told = judged("manual.band", {**given, "show_guidance": True}, a_seen())
    assert told.expected == "No points: Nothing is said. Full points: It is right."


@pytest.mark.parametrize("bands", [[], [0.5, 0.2], [0, 2]])
def test_bands_of_a_person_rise_within_the_points(bands: list[float]) -> None:
    with pytest.raises(ValueError, match="rising shares"):
        judged("manual.band", {"question": "Q", "bands": bands}, a_seen())
