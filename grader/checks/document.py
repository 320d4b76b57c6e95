"""Families `pdf`, `team`, `deadline` and `finding`: what was handed in, by whom, when, how well."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from grader.checks.bands import Band, earned, well_formed
from grader.checks.base import Seen, Stopped, check, failed, ours
from grader.checks.faults import waiting
from grader.checks.findings import findings_in
from grader.checks.phrases import cells, count, decimal, listed, share
from grader.checks.requests import compare_pdf, execute, find_mistakes, inspect_source
from grader.model.base import Points, Record
from grader.model.documents import Findings, PdfMatch
from grader.model.late import MINUTES_A_DAY, days_late, minutes_late
from grader.model.measurements import Execution
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["DeadlineMet", "FindingAbsent", "PdfMatches", "TeamWithin"]

PDF_BANDS = (
    Band(at=Fraction(95, 100), fraction=Fraction(1)),
    Band(at=Fraction(8, 10), fraction=Fraction(1, 2)),
)


class PdfMatches(Record):
    """Parameters of `pdf.matches`."""

    pattern: str = "*.pdf"
    """Glob of the PDF; `{student_ids}` counts as `*`."""
    bands: tuple[Band, ...] = PDF_BANDS
    """By the share of the notebook's cells that are in the PDF."""
    cut: int = Field(default=0, ge=0)
    """Cells of which only a part may be there without costing anything."""

    @model_validator(mode="after")
    def _bands_rise(self) -> PdfMatches:
        well_formed(self.bands, rising=True)
        return self


class TeamWithin(Record):
    """Parameters of `team.size`."""

    min: int | None = Field(default=None, ge=1)
    """By default the assignment's."""
    max: int | None = Field(default=None, ge=1)


class Lateness(Record):
    """What is left so many days after the date."""

    days: int = Field(ge=1)
    """Begun days, at most."""
    fraction: Points
    """Share of the points."""


class DeadlineMet(Record):
    """Parameters of `deadline.met`. The date is the assignment's `due`."""

    grace_minutes: float = Field(default=0, ge=0)
    """Minutes after the date that are not late yet."""
    late: tuple[Lateness, ...] = ()
    """Such as `[{ days = 1, fraction = 0.9 }, { days = 3, fraction = 0.5 }]`; later is nothing."""
    unknown: Literal["pending", "pass"] = "pending"
    """When it is not known when it was handed in."""

    @model_validator(mode="after")
    def _falls(self) -> DeadlineMet:
        ordered = sorted(self.late, key=lambda one: one.days)
        shares = [one.fraction for one in ordered]
        if any(not 0 <= one <= 1 for one in shares) or shares != sorted(shares, reverse=True):
            msg = "a later day may not earn more, and fractions are shares from 0 to 1"
            raise ValueError(msg)
        return self


class FindingAbsent(Record):
    """Parameters of `finding.absent`."""

    codes: tuple[str, ...] = Field(min_length=1)
    """Of findings, such as `validation_in_training`."""
    dynamic: bool = True
    """Whether what a run showed counts too."""
    partial: bool = False
    """Whether each absent one earns its share."""


def _pdf_needs(params: PdfMatches, _rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (compare_pdf(params.pattern), inspect_source())


@check("pdf.matches", PdfMatches, needs=_pdf_needs)
def pdf_matches(params: PdfMatches, seen: Seen) -> CheckResult:
    """Your PDF shows every cell of your notebook."""
    _, match = seen.measured(compare_pdf(params.pattern), PdfMatch)
    expected = "A PDF export of the notebook with all cells visible."
    if match.error or not match.pdf:
        what = f"{match.pdf} cannot be read" if match.pdf else "The PDF cannot be compared"
        return failed(
            f"{what}: {match.error.rstrip('.') or 'it is not there'}.",
            expected=expected,
            hint="Export the notebook again (File, Save and export as, PDF) and look at it.",
        )
    if not match.has_text:
        return waiting(
            f"The {count(match.pages, 'page')} of {match.pdf} are pictures, so their text could "
            "not be compared. A person will look.",
            expected=expected,
        )
    if match.cells <= 0:
        return failed(f"{match.notebook} has no cell to see.", expected=expected)
    found = min(match.cells, max(0, match.found) + min(len(match.cut), params.cut))
    value = Fraction(found, match.cells)
    band = earned(params.bands, value, rising=True)
    fraction = band.fraction if band else Fraction(0)
    told = f"{match.pdf} shows {found} of {count(match.cells, 'cell')} of {match.notebook}"
    places = (*match.missing, *match.cut)
    more: dict[str, Any] = {
        "expected": expected,
        "measured": float(value),
        "threshold": float(max(params.bands, key=lambda one: one.fraction).at),
        "unit": "share of cells",
        "places": places[:20],
    }
    if fraction == 1:
        return CheckResult.banded(Fraction(1), f"{told}.", **more)
    parts = []
    if match.missing:
        parts.append(f"missing: {cells(match.missing)}")
    if match.cut:
        parts.append(f"cut off: {cells(match.cut)}")
    earns = f" This earns {share(fraction)}." if fraction else ""
    return CheckResult.banded(
        fraction,
        f"{told}{'; ' if parts else ''}{'; '.join(parts)}.{earns}",
        hint="Export the notebook as it is handed in; wrap long lines so that none runs off "
        "the page.",
        **more,
    )


@check("team.size", TeamWithin)
def team_size(params: TeamWithin, seen: Seen) -> CheckResult:
    """Your team has as many members as the assignment allows."""
    allowed = seen.rubric.assignment.team_size
    low, high = params.min or allowed.min, params.max or allowed.max
    size = len(seen.submission.student_ids)
    span = f"{low}" if low == high else f"{low} to {high}"
    expected = f"{span} {'student' if low == high == 1 else 'students'}."
    if size == 0:
        return waiting("It is not known who handed this in. A person will look.", expected=expected)
    told = f"{count(size, 'student')} handed in"
    return CheckResult.banded(
        Fraction(low <= size <= high),
        f"{told}." if low <= size <= high else f"{told}, where {span} may.",
        expected=expected,
        hint="" if low <= size <= high else "Ask the course staff.",
        measured=float(size),
    )


@check("deadline.met", DeadlineMet)
def deadline_met(params: DeadlineMet, seen: Seen) -> CheckResult:
    """You handed in on time."""
    due = seen.rubric.assignment.due
    if due is None:
        return ours("the rubric has no date: [assignment] due")
    expected = f"Handed in by {due.isoformat(sep=' ', timespec='minutes')}."
    when = seen.submission.submitted_at
    if when is None:
        text = "It is not known when this was handed in"
        if params.unknown == "pass":
            return CheckResult.banded(
                Fraction(1), f"{text}; nothing is held against you.", expected=expected
            )
        return waiting(f"{text}. A person will look.", expected=expected)
    late, days = minutes_late(due, when), days_late(due, when, params.grace_minutes)
    stamp = when.isoformat(sep=" ", timespec="minutes")
    if days == 0:
        return CheckResult.banded(Fraction(1), f"Handed in at {stamp}, on time.", expected=expected)
    reached = [one for one in params.late if days <= one.days]
    fraction = max((one.fraction for one in reached), default=Fraction(0))
    how = f"{decimal(late, 3)} minutes" if late < MINUTES_A_DAY else count(days, "day")
    return CheckResult.banded(
        fraction,
        f"Handed in at {stamp}, {how} late. This earns {share(fraction)}.",
        expected=expected,
        hint="Ask the course staff if you had a reason.",
        measured=float(days),
        unit="days late",
    )


def _finding_needs(params: FindingAbsent, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    run = (execute(rubric),) if params.dynamic else ()
    return (find_mistakes(), *run, inspect_source())


@check("finding.absent", FindingAbsent, needs=_finding_needs)
def finding_absent(params: FindingAbsent, seen: Seen) -> CheckResult:
    """Your work avoids a mistake that deep learning makes easy."""
    seen.measured(find_mistakes(), Findings)
    if params.dynamic:
        _our_fault_in_the_run(seen)
    mine = [one for one in findings_in(seen.evidence) if one.code in params.codes]
    expected = f"None of: {listed(_spoken(code) for code in params.codes)}."
    if not mine:
        return CheckResult.banded(
            Fraction(1),
            f"Not found in your work: {listed(_spoken(code) for code in params.codes)}.",
            expected=expected,
        )
    there = {one.code for one in mine}
    total = len(params.codes)
    fraction = Fraction(total - len(there), total) if params.partial else Fraction(0)
    first = mine[0]
    where = f" ({first.place})" if first.place else ""
    more_told = f" And {count(len(mine) - 1, 'more finding')} like it." if len(mine) > 1 else ""
    return CheckResult.banded(
        fraction,
        f"{first.seen.rstrip('.')}{where}. {first.why.rstrip('.')}.{more_told}".strip(),
        expected=expected,
        hint=first.mend,
        places=tuple(one.place for one in mine if one.place is not None)[:20],
    )


def _our_fault_in_the_run(seen: Seen) -> None:
    """A run that broke through us shows nothing yet; one that the student's code ended may count.

    Raises:
        Stopped: It was our fault.
    """
    try:
        seen.measured(execute(seen.rubric), Execution)
    except Stopped as stopped:
        if stopped.result.outcome is Outcome.ERROR:
            raise


def _spoken(code: str) -> str:
    return code.replace("_", " ").replace("-", " ")
