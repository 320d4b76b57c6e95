"""What a restart-and-run-all came to, in the words of checks that needed something from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.checks.phrases import decimal
from grader.model.evidence import Place

if TYPE_CHECKING:
    from grader.model.measurements import CellRun, Execution

__all__ = ["cut_short", "first_line", "place_of", "stopped_at", "what_happened"]

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
    said = text if text.startswith(kind) else f"{kind}: {text}" if text else kind
    return f"{place} stopped with {said.rstrip('.')}."


def stopped_at(run: Execution) -> str:
    """What stopped the run early, or nothing."""
    for cell in run.cells:
        if cell.status in ("error", "timeout"):
            return what_happened(run, cell)
    return ""


def cut_short(run: Execution) -> bool:
    """Whether the run ended by our clock, with no cell to blame."""
    return run.ended_by in ("wall_clock", "output_limit") and not stopped_at(run)


def first_line(error: str) -> str:
    """The line of an error's text that says what it is, shortened."""
    lines = [line.strip() for line in error.strip().splitlines() if line.strip()]
    if not lines:
        return ""
    line = lines[-1] if lines[0].startswith(("Traceback", "---")) else lines[0]
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rstrip()}…"
