from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.checks.faults import WEIGHTS_MISSING
from grader.checks.requests import execute
from grader.model.evidence import Place, Remark
from grader.model.measurements import CellRun, Execution
from grader.model.outcome import Outcome
from tests.made_up import a_rubric, a_seen, judged, measured, student_fault

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult


def cell(number: int, status: str = "ok", **more: Any) -> CellRun:
    return CellRun.model_validate({"cell": number, "status": status, "wall_seconds": 1.0, **more})


def run(*cells: CellRun, **more: Any) -> Execution:
    given: dict[str, Any] = {
        "entry": "hw.ipynb",
        "cells": cells,
        "finished": True,
        "ended_by": "end",
        "optimizer_steps": 0,
        "budget_ended_training": False,
        "losses": (),
        "figures": (),
        "stubbed_packages": (),
    }
    return Execution(**{**given, **more})


def runs(execution: Execution, *remarks: Remark, **params: Any) -> CheckResult:
    seen = a_seen(measured(execute(a_rubric()), execution, remarks))
    return judged("notebook.runs", params, seen)


BAD = cell(3, "error", error="NameError: name 'x' is not defined", error_kind="NameError", line=2)


def test_everything_ran() -> None:
    result = runs(run(cell(1), cell(2), budget_ended_training=True))
    assert result.outcome is Outcome.PASS
    assert result.message == (
        "hw.ipynb ran from a fresh start: 2 code cells without an error. Training was shortened "
        "here on purpose; this does not count against you."
    )


def test_the_first_error_is_named_with_cell_and_line() -> None:
    skipped = cell(4, "skipped")
    result = runs(run(cell(1), BAD, skipped, finished=False, ended_by="error"))
    assert result.outcome is Outcome.FAIL
    assert result.message == (
        "hw.ipynb, cell 3, line 2 stopped with NameError: name 'x' is not defined. "
        "1 of 3 code cells ran; this earns no points."
    )
    assert "Restart the kernel" in result.hint
    assert str(result.places[0]) == "hw.ipynb, cell 3, line 2"


def test_bands_give_a_share_of_the_cells() -> None:
    bands = [{"at": 1, "fraction": 1}, {"at": 0.5, "fraction": 0.5}]
    result = runs(run(cell(1), BAD), bands=bands)
    assert result.outcome is Outcome.PARTIAL
    assert result.message.endswith("this earns half of the points.")


def test_errors_of_ours_and_forgiven_ones_do_not_count() -> None:
    place = Place(file="hw.ipynb", cell=3, line=2)
    cut = Remark(code="budget.cut", message="training was ended early", place=place)
    stopped = run(cell(1), BAD, cell(4, "skipped"), finished=False, ended_by="error")
    result = runs(stopped, cut)
    assert result.outcome is Outcome.PASS
    assert "What stopped in cell 3 is not counted." in result.message
    assert [flag.code for flag in result.flags] == ["errors_forgiven", "run_cut_short"]
    no_data = cell(3, "error", error_kind="dataset_missing", error="SVHN is not here")
    assert runs(run(cell(1), no_data)).outcome is Outcome.PASS
    assert runs(run(cell(1), BAD), forgive=["NameError"]).outcome is Outcome.PASS
    other = cell(5, "error", error_kind="IndexError", error="Target 9 is out of bounds.")
    assert runs(run(cell(1), BAD, other), cut).places[0].cell == 5


def test_the_boxs_own_hint_is_better_than_ours() -> None:
    said = Remark(code="execute.NameError", message="the name may come from a removed cell")
    result = runs(run(cell(1), BAD), said)
    assert result.hint == "The name may come from a removed cell."


def test_a_cell_without_end_is_flagged_for_a_person() -> None:
    slow = cell(3, "timeout", wall_seconds=60.0)
    result = runs(run(cell(1), slow, finished=False, ended_by="wall_clock"))
    assert result.outcome is Outcome.FAIL
    assert "cell 3 was still running after 60 seconds" in result.message
    assert [flag.code for flag in result.flags] == ["cell_timeout"]
    assert runs(run(cell(1), slow), forgive_timeouts=True).outcome is Outcome.PASS


def test_cells_that_our_clock_kept_away_do_not_count() -> None:
    result = runs(run(cell(1), cell(2, "skipped"), finished=False, ended_by="wall_clock"))
    assert result.outcome is Outcome.PASS
    assert [flag.code for flag in result.flags] == ["run_cut_short"]


def test_no_code_at_all_fails_and_no_time_at_all_is_ours() -> None:
    assert runs(run()).outcome is Outcome.FAIL
    assert runs(run(finished=False, ended_by="wall_clock")).outcome is Outcome.ERROR


def test_an_endless_first_cell_is_not_ours_even_where_timeouts_are_forgiven() -> None:
    endless = cell(1, "timeout", wall_seconds=120.0)
    result = runs(run(endless, cell(2, "skipped"), finished=False), forgive_timeouts=True)
    assert result.outcome is Outcome.FAIL
    assert "still running after 120 seconds" in result.message


class TestPretrainedWeightsThatAreNotHere:
    """A cell that loads official weights stops for a reason of ours."""

    STOPPED = cell(2, "error", error="no vgg16-397923af.pth", error_kind=WEIGHTS_MISSING)

    def test_it_and_the_names_it_leaves_unmade_are_not_counted(self) -> None:
        result = runs(run(cell(1), self.STOPPED, BAD, cell(4)))
        assert result.outcome is Outcome.PASS
        assert "What stopped in cell 2 and cell 3 is not counted." in result.message

    def test_another_error_after_it_counts(self) -> None:
        other = cell(3, "error", error="ValueError: shapes", error_kind="ValueError")
        assert runs(run(cell(1), self.STOPPED, other)).outcome is Outcome.FAIL

    def test_what_comes_after_it_waits_for_a_person(self) -> None:
        seen = a_seen(measured(execute(a_rubric()), run(cell(1), self.STOPPED)))
        result = judged("filters.shown", {}, seen)
        assert result.outcome is Outcome.PENDING
        assert "official pre-trained weights are not on the grader's machine" in result.message

    def test_a_measurement_that_needs_them_waits_too(self) -> None:
        fault = student_fault(execute(a_rubric()), WEIGHTS_MISSING, "vgg16 is not here")
        result = judged("notebook.runs", {}, a_seen(fault))
        assert result.outcome is Outcome.PENDING
        assert result.flags[0].code == WEIGHTS_MISSING
