"""Family `curve`: learning curves, as the student printed them or as a run draws them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from grader.checks.base import Seen, Stopped, check, failed
from grader.checks.drawn import lines_about, names_it, place_of_figure, regex_problem
from grader.checks.faults import waiting
from grader.checks.phrases import count, decimal
from grader.checks.requests import execute, find_claims, inspect_source, read_documents
from grader.checks.runs import not_reached
from grader.checks.sections import Section
from grader.model.base import Record, number, to_float
from grader.model.documents import Documents
from grader.model.measurements import Claims, Execution
from grader.model.scorecard import CheckResult, Curves, Series

if TYPE_CHECKING:
    from grader.model.evidence import Place, ProbeRequest
    from grader.model.rubric import Rubric

__all__ = [
    "Curve",
    "CurveFalls",
    "CurveGap",
    "ReadCurve",
    "begun",
    "claims_of",
    "read_curve",
    "requests_of",
    "shown_as",
]

LEAST = 2
"""Numbers that make a curve."""

PERCENT = 1.5
"""An accuracy above this is in per cent."""


class Curve(Record):
    """Where a curve's numbers are: in stored outputs, else in the figures of a run."""

    printed: tuple[str, ...] = ()
    """Regular expressions with a group `value`: one number each time they match in stored outputs.
    The longest run of matches within one cell is the curve."""
    about: tuple[str, ...] = ()
    """Regular expressions over `title; axis label; line's label; file name` of a drawn line."""
    files: tuple[str, ...] = ()
    """Globs of text files that may hold the numbers too."""
    under: str = ""
    """Regular expression over a heading: only cells below it count; in a file without such a
    heading, all do."""
    until: str = ""
    """Regular expression over the headings that end it, where levels of headings say nothing."""

    @model_validator(mode="after")
    def _patterns_work(self) -> Curve:
        if not (self.printed or self.about):
            msg = "say where the curve is: printed, about or both"
            raise ValueError(msg)
        if problem := regex_problem((*self.printed, *self.about, self.under, self.until)):
            raise ValueError(problem)
        for pattern in self.printed:
            if "value" not in re.compile(pattern).groupindex:
                msg = f"'{pattern}' needs a group (?P<value>…)"
                raise ValueError(msg)
        return self


class CurveFalls(Record):
    """Parameters of `curve.falls`."""

    curve: Curve
    what: str = "the training loss"
    """In words, for the message."""
    rises: bool = False
    """Whether it should rise instead, as an accuracy does."""
    by: float = Field(default=0.1, ge=0)
    """From its first to its best value: a share of the first value, or absolute."""
    absolute: bool = False
    """Whether `by` is in the curve's own unit (accuracies: shares, 0 to 1)."""
    length: int = Field(default=LEAST, ge=LEAST)
    """Values it needs."""


class CurveGap(Record):
    """Parameters of `curve.gap`: training and validation part, which is overfitting."""

    train: Curve
    validation: Curve
    what: Literal["loss", "accuracy"] = "loss"
    at_least: float = Field(default=0.05, gt=0)
    """Of validation over training loss, or of training over validation accuracy (shares), at the
    end of the curves."""
    length: int = Field(default=3, ge=LEAST)
    """Values that each curve needs."""


@dataclass(frozen=True)
class ReadCurve:
    """A curve's numbers.

    Attributes:
        values: In order.
        how: Where they were found, in words.
        place: Of the numbers or of the figure's cell.
        shortened: Whether they come from a run that ended the training early.
    """

    values: tuple[float, ...]
    how: str
    place: Place | None
    shortened: bool


def requests_of(rubric: Rubric, *curves: Curve) -> tuple[ProbeRequest, ...]:
    """What curves are read from."""
    asked = [claims_of(curve) for curve in curves if curve.printed]
    if any(curve.about for curve in curves):
        asked.append(execute(rubric))
    if any(curve.under for curve in curves):
        asked.append(read_documents())
    return (*dict.fromkeys(asked), inspect_source())


def claims_of(curve: Curve) -> ProbeRequest:
    """The numbers of a curve that are printed."""
    return find_claims("curve", curve.printed, curve.files)


def read_curve(curve: Curve, what: str, seen: Seen) -> ReadCurve:
    """The numbers of a curve.

    Raises:
        Stopped: There are none; the result says why.
    """
    if curve.printed:
        _, stated = seen.measured(claims_of(curve), Claims)
        groups: dict[tuple[str, int | None], list[float]] = {}
        first: dict[tuple[str, int | None], Place] = {}
        for claim in stated.claims:
            if not _in_section(curve, claim.place, seen):
                continue
            key = (claim.place.file, claim.place.cell)
            groups.setdefault(key, []).append(to_float(claim.value))
            first.setdefault(key, claim.place)
        longest = max(groups, key=lambda key: len(groups[key]), default=None)
        if longest is not None and (len(groups[longest]) >= LEAST or not curve.about):
            place = first[longest].model_copy(update={"line": None})
            return ReadCurve(
                tuple(groups[longest]), f"as stored in {place}", place, shortened=False
            )
    if not curve.about:
        raise Stopped(_nowhere(what))
    return _drawn(curve, what, seen)


def _in_section(curve: Curve, place: Place, seen: Seen) -> bool:
    if not curve.under:
        return True
    _, documents = seen.measured(read_documents(), Documents)
    return Section(curve.under, documents, curve.until).holds(place.file, place.cell)


def _drawn(curve: Curve, what: str, seen: Seen) -> ReadCurve:
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    lines = [
        line
        for line in lines_about(run, curve.about)
        if len(line.y) >= LEAST
        and _in_section(curve, place_of_figure(run, run.figures[line.figure]), seen)
    ]
    # a title may speak of both curves; a line's own label says which it is
    lines = [line for line in lines if line.label and names_it(curve.about, line.label)] or lines
    if not lines:
        if stopped := not_reached(evidence, run, what, seen.source()):
            raise Stopped(stopped)
        raise Stopped(_nowhere(what))
    line = max(lines, key=lambda one: len(one.y))
    figure = run.figures[line.figure]
    place = place_of_figure(run, figure)
    return ReadCurve(line.y, f"as drawn in {place}", place, shortened=run.budget_ended_training)


def _nowhere(what: str) -> CheckResult:
    return failed(
        f"{begun(what)} was not found: neither printed in your stored outputs, nor drawn.",
        hint="Print its value once an epoch, plot it with a label, and save the notebook with its "
        "outputs.",
    )


def begun(what: str) -> str:
    """A curve's name as a sentence begins."""
    return f"{what[0].upper()}{what[1:]}" if what else "The curve"


def shown_as(*read: tuple[str, ReadCurve]) -> dict[str, Any]:
    """Fields of a check result: where curves were found, and what they look like."""
    series = tuple(
        Series(
            label=label,
            x=tuple(float(i) for i in range(1, len(one.values) + 1)),
            y=tuple(number(value) for value in one.values),
        )
        for label, one in read
    )
    title = " and ".join(label for label, _ in read)
    curves = Curves(title=begun(title), x_label="epoch", y_label="", series=series)
    return {
        "places": tuple(one.place for _, one in read if one.place is not None),
        "exhibits": (curves,),
    }


def _falls_needs(params: CurveFalls, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return requests_of(rubric, params.curve)


@check("curve.falls", CurveFalls, needs=_falls_needs)
def curve_falls(params: CurveFalls, seen: Seen) -> CheckResult:
    """Your curves show that the net learned."""
    read = read_curve(params.curve, params.what, seen)
    direction, verb = ("rises", "rose") if params.rises else ("falls", "fell")
    by = decimal(params.by) if params.absolute else f"{decimal(100 * params.by, 3)}%"
    more = {
        **shown_as((params.what, read)),
        "expected": f"{begun(params.what)} {direction} by {by}.",
    }
    values = _shares(read.values) if params.rises and params.absolute else read.values
    if len(values) < params.length and not read.shortened:
        return failed(
            f"{begun(params.what)} has {count(len(values), 'value')} ({read.how}); at least "
            f"{params.length} are needed to see how it goes.",
            hint="Record it once an epoch.",
            **more,
        )
    finite = [value for value in values if math.isfinite(value)]
    first = values[0]
    best = (max if params.rises else min)(finite, default=math.nan)
    change = best - first if params.rises else first - best
    wanted = params.by if params.absolute else params.by * abs(first)
    told = f"{begun(params.what)} goes from {decimal(first)} to {decimal(best)} ({read.how})"
    if len(finite) < len(values):
        return failed(
            f"{told}, and {len(values) - len(finite)} of its values are no numbers.",
            hint="Training diverged: lower the learning rate.",
            **more,
        )
    if change >= wanted and change > 0:
        return CheckResult.banded(Fraction(1), f"{told}: it {verb}.", **more)
    if read.shortened:
        return waiting(
            f"{told}. The run here was shortened on purpose, and your own numbers were not found "
            "in the stored outputs. A person will look.",
            **more,
        )
    return failed(
        f"{told}; it should have {'risen' if params.rises else 'fallen'} by {by}.",
        hint="Check the learning rate, and that the net is trained at all.",
        **more,
    )


def _shares(values: tuple[float, ...]) -> tuple[float, ...]:
    """Accuracies as shares, where they were given in per cent."""
    if max((value for value in values if math.isfinite(value)), default=0) <= PERCENT:
        return values
    return tuple(value / 100 for value in values)


def _gap_needs(params: CurveGap, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return requests_of(rubric, params.train, params.validation)


@check("curve.gap", CurveGap, needs=_gap_needs)
def curve_gap(params: CurveGap, seen: Seen) -> CheckResult:
    """Your curves of training and validation part: they show overfitting."""
    names = (f"the training {params.what}", f"the validation {params.what}")
    train, validation = (
        read_curve(curve, name, seen)
        for curve, name in zip((params.train, params.validation), names, strict=True)
    )
    more = {
        **shown_as((names[0], train), (names[1], validation)),
        "expected": f"A gap of at least {decimal(params.at_least)} at the end.",
    }
    shortest = min(len(train.values), len(validation.values))
    if shortest < params.length:
        return failed(
            f"The curves have {count(shortest, 'value')}; at least {params.length} are needed.",
            hint="Record both once an epoch.",
            **more,
        )
    a, b = (_at_end(one.values, params.what) for one in (train, validation))
    gap = a - b if params.what == "accuracy" else b - a
    told = (
        f"At the end {names[0]} is {decimal(a)} and {names[1]} {decimal(b)} ({train.how}): "
        f"a gap of {decimal(gap, 3)}"
    )
    if gap >= params.at_least:
        return CheckResult.banded(
            Fraction(1), f"{told}, which is overfitting.", measured=number(gap), **more
        )
    if train.shortened or validation.shortened:
        return waiting(
            f"{told}. The run here was shortened, and your own numbers were not found in the "
            "stored outputs. A person will look.",
            **more,
        )
    return failed(
        f"{told}; at least {decimal(params.at_least)} would show overfitting.",
        hint="Train longer, on fewer examples, or without regularisation.",
        measured=number(gap),
        **more,
    )


def _at_end(values: tuple[float, ...], what: str) -> float:
    """The median of the last quarter; NaN when one of it is."""
    scaled = _shares(values) if what == "accuracy" else values
    last = scaled[-max(1, len(scaled) // 4) :]
    return math.nan if any(math.isnan(value) for value in last) else median(last)
