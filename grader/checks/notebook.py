"""Family `notebook`: a restart-and-run-all under the rubric's budget."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from pydantic import model_validator

from grader.checks.bands import Band, earned, well_formed
from grader.checks.base import Seen, check, failed, spoilt
from grader.checks.faults import HINTS
from grader.checks.phrases import count, listed, share
from grader.checks.requests import execute, inspect_source
from grader.checks.runs import OURS, excused, hint_of, place_of, what_happened
from grader.model.base import Record, number
from grader.model.measurements import CellRun, Execution
from grader.model.scorecard import CheckResult, Flag

if TYPE_CHECKING:
    from grader.model.evidence import Evidence, ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["NotebookRuns"]


class NotebookRuns(Record):
    """Parameters of `notebook.runs`."""

    bands: tuple[Band, ...] = (Band(at=Fraction(1), fraction=Fraction(1)),)
    """By the share of code cells that ran; the default: all or nothing."""
    forgive: tuple[str, ...] = ()
    """Error kinds that are not counted, such as `FileNotFoundError`."""
    forgive_timeouts: bool = False
    """Whether a cell that did not end within the budget is not counted."""

    @model_validator(mode="after")
    def _bands_rise(self) -> NotebookRuns:
        well_formed(self.bands, rising=True)
        return self


def _needs(_params: NotebookRuns, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (execute(rubric), inspect_source())


@check("notebook.runs", NotebookRuns, needs=_needs)
def notebook_runs(params: NotebookRuns, seen: Seen) -> CheckResult:
    """Your notebook runs from a fresh start, from the first cell to the last."""
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    forgiven = [cell for cell in run.cells if _forgiven(evidence, cell, params)]
    forgiven += [cell for cell in _after_ours(run) if cell not in forgiven]
    faulty = [
        cell for cell in run.cells if cell.status in ("error", "timeout") and cell not in forgiven
    ]
    unseen = [] if faulty else [cell for cell in run.cells if cell.status == "skipped"]
    counted = [cell for cell in run.cells if cell not in forgiven and cell not in unseen]
    good = sum(cell.status == "ok" for cell in counted)
    if not counted:
        return _nothing_ran(run, forgiven)
    ratio = Fraction(good, len(counted))
    band = earned(params.bands, ratio, rising=True)
    fraction = band.fraction if band else Fraction(0)
    more = {
        "measured": number(float(ratio)),
        "threshold": number(float(max(params.bands, key=lambda b: b.fraction).at)),
        "unit": "share of code cells",
        "expected": "Every code cell runs without an error after a restart.",
        "flags": _flags(run, forgiven, unseen),
    }
    if not faulty:
        return CheckResult.banded(fraction, _all_ran(run, good, forgiven), **more)
    first = faulty[0]
    ran = f"{good} of {count(len(counted), 'code cell')} ran"
    return CheckResult.banded(
        fraction,
        f"{what_happened(run, first)} {ran}; this earns {share(fraction)}.",
        hint=hint_of(evidence, first) or _hint(first),
        places=(place_of(run, first),),
        **more,
    )


def _forgiven(evidence: Evidence, cell: CellRun, params: NotebookRuns) -> bool:
    if cell.status == "timeout":
        return params.forgive_timeouts
    theirs = cell.error_kind not in params.forgive
    return cell.status == "error" and (excused(evidence, cell) or not theirs)


def _after_ours(run: Execution) -> list[CellRun]:
    """Cells that miss a name because an earlier one stopped for a reason of ours."""
    numbers = [cell.cell for cell in run.cells if cell.error_kind in OURS]
    return [
        cell
        for cell in run.cells
        if numbers and cell.cell > min(numbers) and cell.error_kind == "NameError"
    ]


def _hint(cell: CellRun) -> str:
    if cell.status == "timeout":
        return HINTS["timeout"]
    return HINTS.get(
        cell.error_kind, "Restart the kernel, run all cells, and mend the first error."
    )


def _all_ran(run: Execution, good: int, forgiven: list[CellRun]) -> str:
    text = f"{run.entry} ran from a fresh start: {count(good, 'code cell')} without an error."
    if run.entry.endswith(".py"):
        text = f"{run.entry} ran from a fresh start to its end."
    if run.budget_ended_training:
        text += " Training was shortened here on purpose; this does not count against you."
    if forgiven:
        where = listed([f"cell {cell.cell}" for cell in forgiven], most=4)
        text += f" What stopped in {where} is not counted."
    return text


def _nothing_ran(run: Execution, forgiven: list[CellRun]) -> CheckResult:
    endless = next((cell for cell in forgiven if cell.status == "timeout"), None)
    if endless is not None:
        return failed(
            what_happened(run, endless),
            expected="Every code cell runs without an error after a restart.",
            hint=HINTS["timeout"],
            places=(place_of(run, endless),),
        )
    if forgiven or run.ended_by == "wall_clock":
        return spoilt("the run was over before a cell of the submission could be judged")
    return failed(
        "Nothing ran: no code cell was found in your submission.",
        expected="Every code cell runs without an error after a restart.",
        hint="Hand in the notebook or script with your code.",
    )


def _flags(run: Execution, forgiven: list[CellRun], unseen: list[CellRun]) -> tuple[Flag, ...]:
    flags = []
    late = [str(cell.cell) for cell in run.cells if cell.status == "timeout"]
    if late:
        text = f"Stopped in {run.entry} when its time was over: cell {listed(late)}."
        flags.append(Flag(code="cell_timeout", message=text))
    kept = [str(cell.cell) for cell in forgiven if cell.status == "error"]
    if kept:
        text = f"Errors in {run.entry} that are not counted: cell {listed(kept)}."
        flags.append(Flag(code="errors_forgiven", message=text))
    if unseen:
        text = f"{count(len(unseen), 'cell')} of {run.entry} were not run, and are not counted."
        flags.append(Flag(code="run_cut_short", message=text))
    return tuple(flags)
