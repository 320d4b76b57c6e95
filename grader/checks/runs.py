"""What a restart-and-run-all came to, in the words of checks that needed something from it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from grader.checks.faults import (
    FILL_IN,
    HINTS,
    WEIGHTS_MISSING,
    failed,
    ours,
    spoilt,
    still_blank,
    waiting,
)
from grader.checks.phrases import decimal
from grader.model.evidence import Evidence, Place
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.measurements import CellRun, Execution, SourceFacts

__all__ = ["OURS", "excused", "first_line", "hint_of", "not_reached", "place_of", "what_happened"]

CUT = "budget.cut"
"""Code of the box's remark that a cell's error may come from training that was ended early."""

OURS = ("dataset_missing", WEIGHTS_MISSING)
"""Error kinds of cells for which this machine is to blame: there is no network in a box."""

LONGEST = 300
"""Characters of a student's own error that a sentence quotes."""


def place_of(run: Execution, cell: CellRun) -> Place:
    """Where a cell of a run is."""
    return Place(file=run.entry, cell=cell.cell or None, line=cell.line)


def what_happened(run: Execution, cell: CellRun) -> str:
    """`hw.ipynb, cell 3, line 2 stopped with NameError: name 'x' is not defined.`."""
    place = place_of(run, cell)
    if cell.status == "timeout":
        seconds = decimal(cell.wall_seconds, 2)
        return f"{place} was still running after {seconds} seconds, when it was stopped."
    kind = cell.error_kind or "an error"
    text = first_line(cell.error)
    if text and kind.islower() and cell.error_kind:
        return f"{place} stopped: {text.rstrip('.')}."
    said = text if text.startswith(kind) else f"{kind}: {text}" if text else kind
    return f"{place} stopped with {said.rstrip('.')}."


def excused(evidence: Evidence, cell: CellRun) -> bool:
    """Whether a cell's error is ours: training was cut short, or this machine lacks the data."""
    cut = any(
        remark.code == CUT and remark.place is not None and (remark.place.cell or 0) == cell.cell
        for remark in evidence.remarks
    )
    return cell.status == "error" and (cut or cell.error_kind in OURS)


def not_reached(
    evidence: Evidence, run: Execution, what: str, source: SourceFacts | None
) -> CheckResult | None:
    """The result of a check that needed a later part of the run, or None when all was reached.

    Args:
        evidence: Of the run.
        run: Its payload.
        what: What was not reached, such as `the figure`.
        source: What the source is: a blank template is told as such.
    """
    for cell in run.cells:
        ours_too = excused(evidence, cell) or cell.error_kind == WEIGHTS_MISSING
        if ours_too or cell.status in ("error", "timeout"):
            return _stopped_at(run, cell, what, source, excuse=ours_too)
    if run.ended_by in ("wall_clock", "output_limit"):
        over = spoilt if run.ended_by == "wall_clock" else ours
        return over(f"the run was over before {what}")
    return None


def _stopped_at(
    run: Execution, cell: CellRun, what: str, source: SourceFacts | None, *, excuse: bool
) -> CheckResult:
    """The result of what comes after a cell that stopped."""
    place, told = place_of(run, cell), what_happened(run, cell)
    missed = f"{what[0].upper()}{what[1:]} was not reached"
    if cell.error_kind == WEIGHTS_MISSING:
        absent = "These official pre-trained weights are not on the grader's machine."
        return waiting(f"{missed}: {told} {absent} A person will look.", places=(place,))
    if excuse:
        return ours(f"{what} was not reached, for a reason of ours: {told}")
    if blank := still_blank(source, place):
        return failed(f"{missed}: {blank}", hint=FILL_IN, places=(place,))
    if cell.error_kind == "wrong_framework":
        return failed(f"{missed}: {told}", hint=HINTS[cell.error_kind])
    return CheckResult(
        outcome=Outcome.BLOCKED,
        fraction=Fraction(0),
        message=f"{missed}: {told}",
        hint="Mend the earlier error; this may then work as it is.",
        places=(place,),
    )


def hint_of(evidence: Evidence, cell: CellRun) -> str:
    """What the box said to try about a cell's error, as a sentence."""
    code = f"execute.{cell.error_kind}"
    said = next((remark.message for remark in evidence.remarks if remark.code == code), "")
    return f"{said[0].upper()}{said[1:].rstrip('.')}." if said else ""


def first_line(error: str) -> str:
    """The line of an error's text that says what it is, shortened."""
    lines = [line.strip() for line in error.strip().splitlines() if line.strip()]
    if not lines:
        return ""
    line = lines[-1] if lines[0].startswith(("Traceback", "---")) else lines[0]
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rstrip()}…"
