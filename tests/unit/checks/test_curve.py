"""Checks of curves: whether they fall, part, cover all epochs and show what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from grader.checks.curve import Curve
from grader.checks.epochs import CurveCoversEpochs
from grader.checks.requests import read_documents
from grader.model.documents import Documents, Text
from grader.model.evidence import Place
from grader.model.measurements import (
    Axes,
    CellRun,
    FigureSeen,
    LineSeen,
    LossSeries,
)
from grader.model.outcome import Outcome
from tests.made_up import (
    a_seen,
    judged,
    measured,
)
from tests.unit.checks.pieces import STOPPED, claims, drawn, run

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult


TRAIN = r"train (?P<value>\S+)"


VALIDATION = r"val (?P<value>\S+)"


LIKE = r"test (?P<value>\S+)"


class TestFalls:
    PARAMS: dict[str, Any] = {"curve": {"printed": [TRAIN], "about": ["loss.*train"]}}

    def graded(self, *printed: Any, figures: tuple[FigureSeen, ...] = (), **params: Any) -> Any:
        seen = a_seen(claims(TRAIN, *printed), run(figures=figures))
        return judged("curve.falls", {**self.PARAMS, **params}, seen)

    def test_what_is_stored_counts_first(self) -> None:
        result = self.graded(2.0, 1.0, 0.5, figures=(drawn(1.0, 2.0),))
        assert result.outcome is Outcome.PASS
        assert "goes from 2 to 0.5 (as stored in hw.ipynb, cell 3): it fell" in result.message
        assert result.exhibits[0].series[0].y == (2.0, 1.0, 0.5)

    def test_else_what_the_run_draws(self) -> None:
        assert self.graded(figures=(drawn(2.0, 1.0),)).outcome is Outcome.PASS
        other = drawn(2.0, 1.0, label="validation")
        assert self.graded(figures=(other,)).outcome is Outcome.FAIL

    def test_another_parts_curve_says_nothing(self) -> None:
        params = {"curve": {**self.PARAMS["curve"], "under": "Q2", "until": r"Q\d"}}

        def graded(*headings: tuple[int, str]) -> CheckResult:
            texts = tuple(
                Text(place=Place(file="hw.ipynb", cell=cell), kind="markdown", text=text)
                for cell, text in headings
            )
            piece = measured(read_documents(), Documents(texts=texts))
            seen = a_seen(claims(TRAIN), run(figures=(drawn(2.0, 1.0),)), piece)  # in cell 4
            return judged("curve.falls", params, seen)

        assert graded((1, "# Q2 by hand"), (6, "# Q3")).outcome is Outcome.PASS
        assert graded((1, "# Q2 by hand"), (2, "# Q3")).outcome is Outcome.FAIL
        assert graded((1, "# Homework")).outcome is Outcome.PASS, "no heading says where it is"

    @pytest.mark.parametrize(
        "values", [(1.0, 0.95), (1.0, 2.0), (1.0, "nan"), ("nan", 0.1), (0.0, 0.0)]
    )
    def test_what_does_not_fall(self, values: tuple[Any, ...]) -> None:
        assert self.graded(*values).outcome is Outcome.FAIL

    def test_accuracies_rise_in_shares_or_per_cent(self) -> None:
        rising = {"rises": True, "absolute": True, "by": 0.2}
        assert self.graded(0.1, 0.5, **rising).outcome is Outcome.PASS
        assert self.graded(10.0, 50.0, **rising).outcome is Outcome.PASS
        assert self.graded(10.0, 20.0, **rising).outcome is Outcome.FAIL

    def test_too_short(self) -> None:
        assert self.graded(2.0, 1.0, length=3).outcome is Outcome.FAIL

    def test_a_shortened_run_shows_a_fall_but_disproves_none(self) -> None:
        def of(*values: float) -> Outcome:
            seen = a_seen(claims(TRAIN), run(figures=(drawn(*values),), budget_ended_training=True))
            return judged("curve.falls", self.PARAMS, seen).outcome

        assert of(2.0, 1.0) is Outcome.PASS
        assert of(2.0, 1.99) is Outcome.PENDING

    def test_an_error_before_the_figure_blocks(self) -> None:
        seen = a_seen(claims(TRAIN), run(cells=(STOPPED,), ended_by="error"))
        assert judged("curve.falls", self.PARAMS, seen).outcome is Outcome.BLOCKED


class TestGap:
    PARAMS: dict[str, Any] = {
        "train": {"printed": [TRAIN], "about": ["train"]},
        "validation": {"printed": [VALIDATION], "about": ["val"]},
        "at_least": 0.2,
    }

    def graded(self, train: tuple[Any, ...], validation: tuple[Any, ...], **params: Any) -> Any:
        seen = a_seen(claims(TRAIN, *train), claims(VALIDATION, *validation), run())
        return judged("curve.gap", {**self.PARAMS, **params}, seen)

    def test_losses_that_part(self) -> None:
        result = self.graded((2.0, 1.0, 0.1), (2.0, 1.5, 1.9))
        assert result.outcome is Outcome.PASS
        assert "a gap of 1.8, which is overfitting" in result.message
        assert self.graded((2.0, 1.0, 0.9), (2.0, 1.2, 1.0)).outcome is Outcome.FAIL
        assert self.graded((2.0, 1.0, 0.1), (2.0, 1.0, "nan")).outcome is Outcome.FAIL

    def test_accuracies_in_per_cent(self) -> None:
        params = {"what": "accuracy"}
        good = self.graded((50.0, 90.0, 99.0), (50.0, 60.0, 65.0), **params)
        assert good.outcome is Outcome.PASS
        assert self.graded((0.5, 0.6, 0.7), (0.5, 0.6, 0.7), **params).outcome is Outcome.FAIL

    def test_a_title_that_names_both_hides_neither(self) -> None:
        lines = tuple(
            LineSeen(label=label, x=(0.0, 1.0, 2.0), y=values)
            for label, values in (("train", (2.0, 1.0, 0.1)), ("val", (2.0, 1.5, 1.9)))
        )
        axes = Axes(
            title="train and val loss", x_label="", y_label="", legend=("train", "val"), lines=lines
        )
        figures = (FigureSeen(cell=4, axes=(axes,)),)
        seen = a_seen(claims(TRAIN), claims(VALIDATION), run(figures=figures))
        result = judged("curve.gap", self.PARAMS, seen)
        assert result.outcome is Outcome.PASS
        assert "a gap of 1.8" in result.message

    def test_a_shortened_run_decides_nothing(self) -> None:
        figures = (drawn(1.0, 0.9, 0.8), drawn(1.0, 0.9, 0.8, label="val"))
        seen = a_seen(
            claims(TRAIN), claims(VALIDATION), run(figures=figures, budget_ended_training=True)
        )
        assert judged("curve.gap", self.PARAMS, seen).outcome is Outcome.PENDING


class TestEpochs:
    def graded(self, *printed: Any, shortened: bool = False, **params: Any) -> CheckResult:
        given = {"epochs": 3, "curve": {"printed": [TRAIN], "about": ["loss"]}, **params}
        figures = (drawn(1.0, 0.9),)
        seen = a_seen(
            claims(TRAIN, *printed), run(figures=figures, budget_ended_training=shortened)
        )
        return judged("curve.covers_epochs", given, seen)

    def test_all_epochs(self) -> None:
        assert self.graded(3.0, 2.0, 1.0).outcome is Outcome.PASS
        assert self.graded(3.0, 2.0, 1.0, 0.5).outcome is Outcome.PASS
        assert self.graded(3.0, 2.0, 1.0, 0.5, exactly=True).outcome is Outcome.FAIL
        assert self.graded(3.0, 2.0).outcome is Outcome.FAIL

    def test_a_shortened_run_decides_nothing(self) -> None:
        assert self.graded(shortened=True).outcome is Outcome.PENDING
        assert self.graded().outcome is Outcome.FAIL


class TestBeside:
    """A curve that may be missing, told by what is printed as often."""

    def graded(self, curve: int, beside: int, like: int = 0) -> CheckResult:
        given = {
            "epochs": 10,
            "what": "the validation loss",
            "curve": {"printed": [VALIDATION]},
            "beside": [TRAIN],
            "like": [LIKE],
        }
        seen = a_seen(
            claims(VALIDATION, *map(float, range(curve))),
            claims(TRAIN, *map(float, range(beside))),
            claims(LIKE, *map(float, range(like))),
            run(),
        )
        return judged("curve.covers_epochs", given, seen)

    def test_enough_values_pass(self) -> None:
        assert self.graded(10, 0).outcome is Outcome.PASS

    def test_what_is_missing_beside_what_is_printed_fails(self) -> None:
        result = self.graded(0, 12)
        assert result.outcome is Outcome.FAIL
        assert result.message == (
            "The validation loss has 0 values in your stored outputs and log files, where other "
            "numbers of the training are printed 12 times."
        )
        assert self.graded(2, 12, 2).outcome is Outcome.FAIL, "at the end of two trainings"

    @pytest.mark.parametrize(
        ("curve", "beside", "like"), [(0, 0, 0), (0, 9, 0), (3, 12, 0), (9, 12, 0), (0, 12, 3)]
    )
    def test_what_cannot_be_told_waits(self, curve: int, beside: int, like: int) -> None:
        result = self.graded(curve, beside, like)
        assert result.outcome is Outcome.PENDING
        assert "A person will look." in result.message

    def test_patterns_need_a_value(self) -> None:
        curve = Curve(printed=(TRAIN,))
        with pytest.raises(ValidationError, match="needs a group"):
            CurveCoversEpochs(epochs=10, curve=curve, beside=("train",))
        with pytest.raises(ValidationError, match="like goes with beside"):
            CurveCoversEpochs(epochs=10, curve=curve, like=(TRAIN,))


class TestHistory:
    def graded(self, figure: FigureSeen, output: str = "", losses: tuple[Any, ...] = ()) -> Any:
        cells = (CellRun(cell=1, status="ok", wall_seconds=1, output=output),)
        series = (LossSeries(place=None, values=losses),) if losses else ()
        seen = a_seen(run(figures=(figure,), cells=cells, losses=series))
        return judged("figure.has", {"lines": 1, "history": True, "history_fraction": 0.5}, seen)

    def test_lines_that_were_recorded(self) -> None:
        assert self.graded(drawn(0.5, 0.25), "loss 0.5\nloss 0.25").outcome is Outcome.PASS
        means = self.graded(drawn(3.0, 1.0), losses=(4.0, 2.0, 1.5, 0.5))
        assert means.outcome is Outcome.PASS

    def test_lines_that_were_not(self) -> None:
        result = self.graded(drawn(0.7, 0.3), "loss 0.5\nloss 0.25", (4.0, 2.0, 1.5, 0.5))
        assert result.fraction == 0.5
        assert result.flags[0].code == "series_not_recorded"
        assert self.graded(drawn("nan", "nan"), "0.5").fraction == 0.5
