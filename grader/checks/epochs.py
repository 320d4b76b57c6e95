"""Family `curve`: whether a curve has as many values as the assignment asks for."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from grader.checks.base import Seen, Stopped, check, failed
from grader.checks.curve import (
    Curve,
    ReadCurve,
    begun,
    claims_of,
    read_curve,
    requests_of,
    shown_as,
)
from grader.checks.faults import waiting
from grader.checks.phrases import count
from grader.model.base import Record
from grader.model.measurements import Claims
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["CurveCoversEpochs"]

FEW = 3
"""Numbers that are more than the results at the end of two trainings."""


class CurveCoversEpochs(Record):
    """Parameters of `curve.covers_epochs`."""

    curve: Curve
    epochs: int = Field(ge=1)
    what: str = "the curve"
    """In words, for the message."""
    exactly: bool = False
    """Whether more epochs are wrong too."""
    beside: tuple[str, ...] = ()
    """Regular expressions like `printed`, of what is printed each time that the curve is, such as
    the training loss. With it, a curve is missing for certain only where this is printed for all
    the epochs and the curve is not; else a person looks."""
    like: tuple[str, ...] = ()
    """More such expressions, of what may be the curve under another name: where they find numbers
    a person looks."""

    @model_validator(mode="after")
    def _consistent(self) -> CurveCoversEpochs:
        for pattern in (*self.beside, *self.like):
            Curve(printed=(pattern,))
        if self.like and not self.beside:
            msg = "like goes with beside"
            raise ValueError(msg)
        return self


def _epochs_needs(params: CurveCoversEpochs, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    others = [_beside(params, patterns) for patterns in (params.beside, params.like) if patterns]
    return requests_of(rubric, params.curve, *others)


def _beside(params: CurveCoversEpochs, patterns: tuple[str, ...]) -> Curve:
    return Curve(printed=patterns, files=params.curve.files)


@check("curve.covers_epochs", CurveCoversEpochs, needs=_epochs_needs)
def curve_covers_epochs(params: CurveCoversEpochs, seen: Seen) -> CheckResult:
    """Your curves cover all the epochs that were asked for."""
    if params.beside:
        return _against_beside(params, seen)
    read = read_curve(params.curve, params.what, seen)
    points = len(read.values)
    more = {
        **shown_as((params.what, read)),
        "expected": f"{'Exactly' if params.exactly else 'At least'} {params.epochs} epochs.",
        "measured": float(points),
        "threshold": float(params.epochs),
        "unit": "epochs",
    }
    told = f"{begun(params.what)} has {count(points, 'value')} ({read.how})"
    right = points == params.epochs if params.exactly else points >= params.epochs
    if right:
        return CheckResult.banded(Fraction(1), f"{told}; {params.epochs} were asked for.", **more)
    if read.shortened:
        return waiting(
            f"{told}, but the run here was shortened on purpose, and your own numbers were not "
            "found in the stored outputs. A person will look.",
            **more,
        )
    return failed(
        f"{told}, where {params.epochs} epochs were asked for.",
        hint="Record one value an epoch, and save the notebook after its whole training.",
        **more,
    )


def _against_beside(params: CurveCoversEpochs, seen: Seen) -> CheckResult:
    """The verdict where numbers that are printed as often tell if the curve is missing."""
    read: ReadCurve | None = None
    points = 0
    more: dict[str, Any] = {"expected": f"At least {params.epochs} values.", "unit": "values"}
    try:
        read = read_curve(params.curve, params.what, seen)
    except Stopped as stopped:
        if stopped.result.outcome is Outcome.ERROR:
            raise
    if read is not None:
        points = len(read.values)
        more |= shown_as((params.what, read))
    more |= {"measured": float(points), "threshold": float(params.epochs)}
    told = f"{begun(params.what)} has {count(points, 'value')}"
    told += f" ({read.how})" if read is not None else " in your stored outputs and log files"
    right = points == params.epochs if params.exactly else points >= params.epochs
    if right:
        return CheckResult.banded(Fraction(1), f"{told}; {params.epochs} were asked for.", **more)
    beside = _printed(params, params.beside, seen)
    if beside >= params.epochs and _printed(params, params.like, seen) < FEW and points < FEW:
        return failed(
            f"{told}, where other numbers of the training are printed {beside} times.",
            hint="Print and keep it each time that you print the training loss.",
            **more,
        )
    return waiting(f"{told}, where {params.epochs} were expected. A person will look.", **more)


def _printed(params: CurveCoversEpochs, patterns: tuple[str, ...], seen: Seen) -> int:
    """How many numbers patterns find where they find the most."""
    if not patterns:
        return 0
    _, stated = seen.measured(claims_of(_beside(params, patterns)), Claims)
    places = Counter((claim.place.file, claim.place.cell) for claim in stated.claims)
    return max(places.values(), default=0)
