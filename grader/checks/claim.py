"""Family `claim`: a number that the student states against the one measured here."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from grader.checks.accuracy import partly
from grader.checks.base import Seen, Stopped, check, failed
from grader.checks.drawn import regex_problem
from grader.checks.faults import waiting
from grader.checks.interval import wilson
from grader.checks.phrases import bound_by, count, decimal, examples, listed
from grader.checks.reconstruction import Reconstruction, reconstruction
from grader.checks.requests import (
    Source,
    find_claims,
    inspect_source,
    predict,
    read_documents,
)
from grader.checks.scores import judge
from grader.checks.sections import Section
from grader.model.base import Record, number, to_float
from grader.model.documents import Documents
from grader.model.measurements import Claim, Claims, Predictions
from grader.model.scorecard import CheckResult, Flag

if TYPE_CHECKING:
    from grader.model.evidence import Place, ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["ClaimMatches"]


class ClaimMatches(Record):
    """Parameters of `claim.matches`."""

    claim: str
    """What the number is, in words: `test error of the MLP`."""
    patterns: tuple[str, ...] = Field(min_length=1)
    """Regular expressions with one group `value`, for stored outputs, texts and reports."""
    files: tuple[str, ...] = ()
    """Globs of text files and reports (PDF, Word, OpenDocument, HTML) that may state it."""
    otherwise: tuple[str, ...] = ()
    """More such expressions, for what does not say whose number it is: they count where `patterns`
    find nothing, and in notebooks below a heading `under` only."""
    under: str = ""
    """Regular expression over headings: numbers stated below such a heading and its subheadings
    count before others of that notebook."""
    model: str
    """A role of kind `module`."""
    dataset: str
    metric: Literal["accuracy", "error", "nll", "mse"]
    """`mse`: the mean squared error of an autoencoder whose inputs run from 0 to 1."""
    tolerance: float = Field(default=0.0005, ge=0)
    """In the metric's own unit (a share, nats, or a squared difference)."""
    relative: float = Field(default=0.0, ge=0, lt=1)
    """Added to the tolerance, as a share of the measured number: what is stated may be a mean over
    batches of which the last is smaller."""
    scale: float = Field(default=255.0, gt=0)
    """For `mse`: what the dataset's numbers are divided by to run from 0 to 1."""
    coarsest: float = Field(default=0.005, ge=0)
    """How far rounding by the student may add to the tolerance."""
    unit: Literal["auto", "share", "percent"] = "auto"
    """How accuracies and errors are stated; `auto`: either."""
    which: Literal["last", "any", "all"] = "last"
    """Which of several claims counts. With `last`, reports count where nothing else states a
    number; they tell of several trials, so any of theirs may be the one."""
    missing: Literal["fail", "pending"] = "fail"
    """When no number is stated."""
    instead: tuple[str, ...] = ()
    """Other splits whose number the student may have stated by mistake; for the hint only."""
    source: Source = "saved"

    @model_validator(mode="after")
    def _patterns_have_value(self) -> ClaimMatches:
        if problem := regex_problem((self.under,)):
            raise ValueError(problem)
        for pattern in (*self.patterns, *self.otherwise):
            try:
                groups = re.compile(pattern).groupindex
            except re.error as error:
                msg = f"'{pattern}' is not a regular expression: {error}"
                raise ValueError(msg) from error
            if "value" not in groups:
                msg = f"'{pattern}' needs a group (?P<value>…)"
                raise ValueError(msg)
        return self


REPORTS = (".pdf", ".docx", ".odt", ".html", ".htm")
"""Endings of files that are written after the runs of which they tell."""

SINGLE = 1e-6
"""Rounding of a share in single precision."""

PARTLY = 0.999
"""Confidence of the interval in which a claim about a whole split may lie, seen from a part."""

APART = 4.0
"""Standard errors by which a mean of a part may miss that of the whole."""

NORMALISED = ((0.5, 0.5), (0.1307, 0.3081), (0.2860, 0.3530))
"""Mean and spread by which code often normalises: to -1 to 1, as MNIST, as Fashion-MNIST."""

SHARES = ("accuracy", "error")
"""Metrics that are stated in per cent too."""


@dataclass(frozen=True)
class _Measured:
    """What a net gives on a split.

    Attributes:
        values: What an honest student may state, the likeliest first.
        total: Number of examples.
        numbers: Of each example, for a sum over them.
        right: Examples whose class was predicted.
        deviation: Of the values of single examples; NaN where the number is no mean over them.
        unlike: Empty, or why the student may have measured on other inputs.
    """

    values: tuple[float, ...]
    total: int
    numbers: int = 1
    right: int = 0
    deviation: float = math.nan
    unlike: str = ""

    @property
    def value(self) -> float:
        """The likeliest."""
        return self.values[0]


def _needs(params: ClaimMatches, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    splits = dict.fromkeys((params.dataset, *params.instead))
    scored = [predict(rubric, params.model, split, params.source) for split in splits]
    asked = [_stated(params, params.patterns)]
    if params.otherwise:
        asked.append(_stated(params, params.otherwise))
    if params.under:
        asked.append(read_documents())
    return (*asked, *scored, inspect_source())


def _stated(params: ClaimMatches, patterns: tuple[str, ...]) -> ProbeRequest:
    return find_claims(params.claim, patterns, params.files)


@check("claim.matches", ClaimMatches, needs=_needs)
def claim_matches(params: ClaimMatches, seen: Seen) -> CheckResult:
    """The number you report is the one that your saved weights give."""
    counted = _counted(params, seen)
    if not counted:
        return _nothing_stated(params, seen)
    predictions, measured = _measure(params, seen, params.dataset)
    value = measured.value
    good = [claim for claim in counted if any(_fits(params, claim, one) for one in measured.values)]
    enough = len(good) == len(counted) if params.which == "all" else bool(good)
    chosen = good[-1] if enough else next(c for c in reversed(counted) if c not in good)
    more: dict[str, Any] = {
        "expected": f"The number that you state, within {decimal(_allowed(params, value))} of the "
        "one measured here.",
        "measured": number(value),
        "threshold": chosen.value,
        "unit": params.metric,
        "baseline": seen.baseline,
        "places": (chosen.place,),
        "bound_by": bound_by(predictions.binding),
    }
    where = f"{examples(measured.total, params.dataset)}"
    part = partly(params.dataset, seen)
    told, found = _spoken(params, chosen, value)
    said = f"You state {told} as the {params.claim} ({chosen.where})"
    if enough:
        return CheckResult.banded(
            Fraction(1),
            f"{said}, and that is what your net gives on the {where}.{part}",
            **more,
        )
    if measured.unlike or (part and not _apart_for_sure(params, chosen, measured)):
        return waiting(
            f"{said}; your net gives {found} on the {where}.{part}{measured.unlike} "
            "A person will look.",
            **more,
        )
    others = f" of {count(len(counted), 'number')} stated" if len(counted) > 1 else ""
    if others:
        said = f"{said}, one{others}"
    flags = [
        Flag(code="claim_differs", message=f"{params.claim}: stated {told}, measured {found}.")
    ]
    nor = ""
    if not part and _no_count_gives(params, chosen, measured.total):
        nor = f" No number of right answers among {measured.total} gives {told}, either."
        flags.append(Flag(code="claim_impossible", message=f"{params.claim}:{nor}"))
    return failed(
        f"{said}, but your net gives {found} on the {where}.{part}{nor}",
        flags=tuple(flags),
        hint=_near_miss(params, seen, chosen, measured)
        or "Hand in the weights of the run that you report, or report the run that you hand in.",
        **more,
    )


def _counted(params: ClaimMatches, seen: Seen) -> tuple[Claim, ...]:
    """Those of what was stated that the verdict goes by."""
    claims = seen.measured(_stated(params, params.patterns), Claims)[1].claims
    section = Section(params.under, _documents(seen)) if params.under else None
    if section:
        within = (one for one in claims if section.holds(one.place.file, one.place.cell))
        claims = tuple(within) or claims
    if not claims and params.otherwise:
        unnamed = seen.measured(_stated(params, params.otherwise), Claims)[1].claims
        claims = tuple(one for one in unnamed if section is None or _below(section, one.place))
    if params.which != "last":
        return claims
    shown = [one for one in claims if not one.place.file.lower().endswith(REPORTS)]
    return tuple(shown[-1:]) or claims


def _documents(seen: Seen) -> Documents:
    return seen.measured(read_documents(), Documents)[1]


def _below(section: Section, place: Place) -> bool:
    """Whether it is a file of its own, or lies below a heading of the section."""
    return place.cell is None or section.below(place.file, place.cell)


def _nothing_stated(params: ClaimMatches, seen: Seen) -> CheckResult:
    looked = "the stored outputs of your notebook"
    if params.files:
        looked += f" and in {listed(params.files)}"
    message = f"Your {params.claim} was not found: looked for in {looked}."
    hint = "Save the notebook after running it, with its outputs, and hand in the result files."
    if params.missing == "fail":
        return failed(message, hint=hint, expected=f"The {params.claim}, stated.")
    try:
        _measure(params, seen, params.dataset)
    except Stopped as stopped:  # whatever a person may find, it is the number of no net
        result = stopped.result
        return result.model_copy(update={"message": f"{message} {result.message}"})
    return waiting(f"{message} A person will look for it.", hint=hint)


def _measure(params: ClaimMatches, seen: Seen, split: str) -> tuple[Predictions, _Measured]:
    """The predictions for a split and the number that they give.

    Raises:
        Stopped: Nothing could be measured.
    """
    request = predict(seen.rubric, params.model, split, params.source)
    evidence, predictions = seen.measured(request, Predictions)
    if params.metric == "mse":
        given = reconstruction(seen, evidence, params.model, split, params.scale)
        return predictions, _of_images(given)
    judged = judge(seen, evidence, split)
    right = Fraction(judged.right, judged.total)
    values = {"accuracy": float(right), "error": float(1 - right)}
    value = judged.nll() if params.metric == "nll" else values[params.metric]
    spread = float(judged.losses().std()) if params.metric == "nll" else math.nan
    found = _Measured((value,), judged.total, right=judged.right, deviation=spread)
    return predictions, found


def _of_images(given: Reconstruction) -> _Measured:
    """The error of an autoencoder; who normalises the inputs may state it in those numbers."""
    values = [given.mse(), *(given.normalised(*one) for one in NORMALISED)]
    unlike = ""
    if math.isfinite(given.shifted()):
        values.append(given.shifted())
        unlike = " Its outputs seem to run from -1 to 1."
    total, numbers = given.inputs.shape
    return _Measured(tuple(values), total, numbers, unlike=unlike)


def _allowed(params: ClaimMatches, value: float) -> float:
    """How far the stated number may lie from a measured one, apart from rounding."""
    return params.tolerance + (params.relative * abs(value) if math.isfinite(value) else 0.0)


def _fits(params: ClaimMatches, claim: Claim, value: float) -> bool:
    """Whether a stated number is the measured one, in per cent too. NaN never is."""
    stated = to_float(claim.value)
    for scale in _scales(params):
        rounding = min(_half_step(stated) / scale, params.coarsest)
        if abs(stated / scale - value) <= _allowed(params, value) + rounding:
            return True
    return False


def _scales(params: ClaimMatches) -> tuple[float, ...]:
    """What a stated number may be divided by to be the metric."""
    if params.metric not in SHARES:
        return (1.0,)
    return {"share": (1.0,), "percent": (100.0,)}.get(params.unit, (1.0, 100.0))


def _no_count_gives(params: ClaimMatches, claim: Claim, total: int) -> bool:
    """Whether a stated share is none of so many examples, as precise as it is written.

    Source: the GRIM test, N. Brown and J. Heathers, Social Psychological and Personality Science 8
    (2017).
    """
    stated = to_float(claim.value)
    if params.metric not in SHARES or not math.isfinite(stated):
        return False
    for scale in _scales(params):
        nearest = min(max(round(stated / scale * total), 0), total)
        slack = max(_half_step(stated) / scale, SINGLE)
        if abs(nearest / total - stated / scale) <= slack:
            return False
    return True


def _apart_for_sure(params: ClaimMatches, claim: Claim, measured: _Measured) -> bool:
    """Whether a number stated for a whole split cannot be that of the part measured here."""
    if params.metric not in SHARES:
        spread = APART * measured.deviation / math.sqrt(measured.total)
        wider = params.model_copy(update={"tolerance": params.tolerance + spread})
        return math.isfinite(spread) and not _fits(wider, claim, measured.value)
    wrong = measured.total - measured.right
    counted = measured.right if params.metric == "accuracy" else wrong
    span = wilson(counted, measured.total, PARTLY)
    middle, half = (span.low + span.high) / 2, (span.high - span.low) / 2
    wider = params.model_copy(update={"tolerance": params.tolerance + half})
    return not _fits(wider, claim, middle)


def _half_step(stated: float) -> float:
    """Half a unit of the last decimal that was written: how far rounding may have moved it."""
    if not math.isfinite(stated):
        return 0.0
    exponent = Decimal(repr(stated)).normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return 0.5 * 10.0 ** min(0, exponent)


def _spoken(params: ClaimMatches, claim: Claim, value: float) -> tuple[str, str]:
    """The stated and the measured number, both in per cent where the first must be."""
    stated = to_float(claim.value)
    percent = params.unit == "percent" or 1 < stated < math.inf
    percent = percent and params.metric in SHARES
    if percent and params.unit != "share":
        return f"{decimal(stated, 6)}%", f"{decimal(100 * value)}%"
    return decimal(stated, 6), decimal(value)


def _near_miss(params: ClaimMatches, seen: Seen, claim: Claim, measured: _Measured) -> str:
    """What the stated number is instead, where that can be told."""
    value = measured.value
    if params.metric in SHARES and _fits(params, claim, 1 - value):
        other = "error" if params.metric == "accuracy" else "accuracy"
        return f"The number you state is the {other}, not the {params.metric}."
    if params.metric == "nll" and _fits(params, claim, value * measured.total):
        return "The number you state is the sum over the examples; divide it by their number."
    if params.metric == "nll" and _fits(params, claim, -value):
        return "The number you state has the opposite sign."
    if params.metric == "mse" and (told := _other_error(params, claim, measured)):
        return told
    for split in params.instead:
        try:
            _, other_split = _measure(params, seen, split)
        except Stopped:
            continue  # only a hint: what is missing here decides nothing
        if _fits(params, claim, other_split.value):
            return f"The number you state is the one on {split}, not on {params.dataset}."
    return ""


def _other_error(params: ClaimMatches, claim: Claim, measured: _Measured) -> str:
    """Which other measure of the same differences a stated number is."""
    if _fits(params, claim, math.sqrt(measured.value)):
        return "The number you state is the root of the mean squared error."
    of_each = measured.value * measured.numbers
    if _fits(params, claim, of_each):
        return (
            f"The number you state is the sum over the {measured.numbers} numbers of an example; "
            "divide it by these."
        )
    if _fits(params, claim, of_each * measured.total):
        return "The number you state is the sum over all examples; take the mean."
    return ""
