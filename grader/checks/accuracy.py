"""Families `accuracy` and `error`: predictions of a net against labels that never enter a box."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from grader.checks.bands import Band, earned, well_formed
from grader.checks.base import Seen, check
from grader.checks.contaminated import contaminated
from grader.checks.faults import waiting
from grader.checks.interval import wilson
from grader.checks.nudged import fragile
from grader.checks.phrases import bound_by, called, count, decimal, examples, fixed, share
from grader.checks.requests import Source, inspect_source, predict
from grader.checks.scores import Judged, judge
from grader.model.base import Points, Record, number
from grader.model.measurements import Predictions
from grader.model.scorecard import CheckResult, ConfusionMatrix, Flag, Interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["AccuracyAtLeast", "AccuracyBeats", "ErrorAtMost", "partly"]


class Measured(Record):
    """What both families need."""

    model: str
    """A role of kind `module`."""
    dataset: str
    """Such as `digits/test`."""
    bands: tuple[Band, ...]
    """Such as `[{ at = 0.65, fraction = 1 }, { at = 0.55, fraction = 0.5 }]`."""
    source: Source = "saved"
    chance: Points | None = None
    """Accuracy of guessing; default: the share of the most frequent class."""
    unsaved: Literal["fail", "pending"] = "fail"
    """Without saved weights: `pending` where the assignment does not ask for them."""
    learnt_from: str = ""
    """A split to learn from, such as `digits/train`: a lower loss on `dataset` is flagged. It costs
    a prediction of all its examples; empty: not looked at."""


class AccuracyAtLeast(Measured):
    """Parameters of `accuracy.at_least`. Accuracies are shares, 0 to 1."""

    @model_validator(mode="after")
    def _bands_rise(self) -> AccuracyAtLeast:
        well_formed(self.bands, rising=True)
        return self


class ErrorAtMost(Measured):
    """Parameters of `error.at_most`. Errors are shares of misclassified examples, 0 to 1."""

    @model_validator(mode="after")
    def _bands_fall(self) -> ErrorAtMost:
        well_formed(self.bands, rising=False)
        return self


MANY = 5000
"""Examples from which an interval is worth a fourth decimal."""


def _needs(params: Measured, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    splits = (params.dataset, *((params.learnt_from,) if params.learnt_from else ()))
    asked = (predict(rubric, params.model, split, params.source) for split in splits)
    return (*asked, inspect_source())


@check("accuracy.at_least", AccuracyAtLeast, needs=_needs)
def accuracy_at_least(params: AccuracyAtLeast, seen: Seen) -> CheckResult:
    """Your net classifies enough of the examples rightly."""
    return _banded(params, seen, rising=True)


@check("error.at_most", ErrorAtMost, needs=_needs)
def error_at_most(params: ErrorAtMost, seen: Seen) -> CheckResult:
    """Your net misclassifies few enough of the examples."""
    return _banded(params, seen, rising=False)


class AccuracyBeats(Record):
    """Parameters of `accuracy.beats`."""

    better: str
    """A role of kind `module`: the net that must be better."""
    worse: str
    """A role of kind `module`."""
    dataset: str
    by: Points = Fraction(0)
    """By how much (a share of the examples) it must be better; 0: by one example."""
    source: Source = "saved"


def _beats_needs(params: AccuracyBeats, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    asked = (
        predict(rubric, role, params.dataset, params.source)
        for role in (params.better, params.worse)
    )
    return (*dict.fromkeys(asked), inspect_source())


@check("accuracy.beats", AccuracyBeats, needs=_beats_needs)
def accuracy_beats(params: AccuracyBeats, seen: Seen) -> CheckResult:
    """Your improved net classifies more examples rightly than your first one."""
    judged, bound = [], ""
    for role in (params.worse, params.better):
        request = predict(seen.rubric, role, params.dataset, params.source)
        evidence, predictions = seen.measured(request, Predictions)
        judged.append(judge(seen, evidence, params.dataset))
        bound = bound_by(predictions.binding)
    worse, better = judged
    gain = Fraction(better.right - worse.right, better.total)
    right = gain > 0 and gain >= params.by and better.constant is None
    by = f" by {decimal(params.by)}" if params.by else ""
    told = (
        f"Your {called(params.better)} classifies {better.right:,} of "
        f"{examples(better.total, params.dataset)} rightly (accuracy "
        f"{fixed(Fraction(better.right, better.total), 4)}), your {called(params.worse)} "
        f"{worse.right:,} ({fixed(Fraction(worse.right, worse.total), 4)})"
    )
    return CheckResult.banded(
        Fraction(right),
        f"{told}.{partly(params.dataset, seen)}"
        if right
        else f"{told}; it should be better{by}.{partly(params.dataset, seen)}",
        expected=f"A higher accuracy{by}.",
        hint="" if right else "Check that each file holds the weights of its own net.",
        measured=number(float(gain)),
        threshold=number(float(params.by)),
        unit="accuracy gained",
        bound_by=bound,
    )


def _banded(params: Measured, seen: Seen, *, rising: bool) -> CheckResult:
    request = predict(seen.rubric, params.model, params.dataset, params.source)
    bound = seen.evidence.get_for(request)
    if params.unsaved == "pending" and bound is not None and bound.state == "unbound":
        return _reported_only(params, bound.fault.message if bound.fault else "")
    evidence, predictions = seen.measured(request, Predictions)
    judged = judge(seen, evidence, params.dataset)
    counted = judged.right if rising else judged.total - judged.right
    value = Fraction(counted, judged.total)
    interval = wilson(counted, judged.total)
    guess = _guess(params, judged)
    band = None if guess else earned(params.bands, value, rising=rising)
    fraction = band.fraction if band else Fraction(0)
    best = max(params.bands, key=lambda one: one.fraction)
    flags = _trust(predictions, called(params.model))
    flags += fragile(evidence, judged, called(params.model))
    if params.learnt_from:
        flags += contaminated(seen, params.model, params.learnt_from, judged, params.source)
    if not guess:
        flags += _near(params, value, fraction, interval, rising=rising)
    return CheckResult.banded(
        fraction,
        f"{_counted(params, judged, interval, rising=rising)} "
        f"{guess or _verdict(params, fraction, rising=rising)}{partly(params.dataset, seen)}",
        expected=_expected(params, rising=rising),
        hint="" if fraction == 1 else _hint(judged, value, guess=bool(guess), rising=rising),
        measured=number(float(value)),
        threshold=number(float(best.at)),
        unit="accuracy" if rising else "error",
        interval=interval,
        baseline=seen.baseline,
        bound_by=bound_by(predictions.binding),
        flags=flags,
        exhibits=_exhibits(params, seen, judged),
    )


def _reported_only(params: Measured, why: str) -> CheckResult:
    """Nobody asked for the weights, so their absence is no fault; a person reads the report."""
    return waiting(
        f"No saved weights of your {called(params.model)} were found, and you were not asked for "
        f"them, so a person reads what you report. {why}".rstrip(),
        hint="Hand in the weights too, and they are measured.",
    )


def _counted(params: Measured, judged: Judged, interval: Interval, *, rising: bool) -> str:
    """`Your CNN misclassifies 31 of 447 test digits (error 0.0694, 95% interval 0.049-0.097).`."""
    verb, what = ("classifies", "accuracy") if rising else ("misclassifies", "error")
    counted = judged.right if rising else judged.total - judged.right
    places = 4 if judged.total >= MANY else 3
    value = fixed(Fraction(counted, judged.total), 4)
    between = f"{fixed(interval.low, places)}\N{EN DASH}{fixed(interval.high, places)}"
    return (
        f"Your {called(params.model)} {verb} {counted:,} of "
        f"{examples(judged.total, params.dataset)}{' rightly' if rising else ''} "
        f"({what} {value}, 95% interval {between})."
    )


def partly(dataset: str, seen: Seen) -> str:
    """That only a part of a split was here, as one more sentence; else nothing."""
    told = seen.truth.partial.get(dataset, "").strip().rstrip(".")
    return f" Measured on a part of the data: {told}." if told else ""


def _verdict(params: Measured, fraction: Fraction, *, rising: bool) -> str:
    """What it earns, and what more would need."""
    better = sorted(
        (band for band in params.bands if band.fraction > fraction),
        key=lambda band: band.fraction,
        reverse=True,
    )
    word = "at least" if rising else "at most"
    earns = f"This earns {share(fraction)}"
    if not better:
        easiest = min((b for b in params.bands if b.fraction == fraction), key=_ease(rising))
        return f"{earns}: {word} {decimal(easiest.at)} was asked for."
    needs = f"{share(better[0].fraction)} need {word} {decimal(better[0].at)}"
    needs += "".join(f", {share(b.fraction)} {word} {decimal(b.at)}" for b in better[1:])
    return f"{earns}; {needs}." if fraction > 0 else f"{needs[0].upper()}{needs[1:]}."


def _ease(rising: bool) -> Callable[[Band], Fraction]:  # noqa: FBT001 - a sort key's direction
    return lambda band: band.at if rising else -band.at


def _expected(params: Measured, *, rising: bool) -> str:
    best = max(params.bands, key=lambda band: band.fraction)
    what = "An accuracy of at least" if rising else "An error of at most"
    return f"{what} {decimal(best.at)} for {share(best.fraction)}."


def _guess(params: Measured, judged: Judged) -> str:
    """Why the answers are no better than guessing, or nothing. Guessing earns nothing."""
    constant = judged.constant
    if constant == -1:
        return "It prefers no class for any example: the scores are all equal, or not numbers."
    if constant is not None and judged.commonest < 1:
        return f"It answers {constant} for every example, which is guessing and earns nothing."
    accuracy = Fraction(judged.right, judged.total)
    if params.chance is not None and accuracy <= params.chance:
        return f"Guessing reaches {decimal(params.chance)} too, so this earns nothing."
    return ""


def _hint(judged: Judged, value: Fraction, *, guess: bool, rising: bool) -> str:
    if judged.undecided:
        rows = count(judged.undecided, "example")
        return (
            f"{rows} got no single best class (equal scores, or NaN), which counts as wrong. "
            "Look for a learning rate that is too high, or an output that saturates."
        )
    accuracy = value if rising else 1 - value
    if guess or float(accuracy) <= _chance_at_best(judged):
        return (
            "This is no better than guessing. Check that the trained weights were saved, and that "
            "inputs are scaled as in training."
        )
    return "The matrix below shows which classes are confused."


def _chance_at_best(judged: Judged) -> float:
    """The accuracy up to which guessing the most frequent class is a likely explanation."""
    return wilson(round(judged.commonest * judged.total), judged.total).high


def _near(
    params: Measured, value: Fraction, fraction: Fraction, interval: Interval, *, rising: bool
) -> tuple[Flag, ...]:
    """A better band's edge inside the interval: another test set may have reached it.

    A band that was reached with luck is not flagged: luck is never held against a student.
    """
    what = "accuracy" if rising else "error"
    edges = [
        band
        for band in params.bands
        if band.fraction > fraction and interval.low <= float(band.at) <= interval.high
    ]
    if not edges:
        return ()
    nearest = min(edges, key=lambda band: abs(band.at - value))
    text = (
        f"{called(params.model)}: the {what} {fixed(value, 4)} narrowly misses "
        f"{decimal(nearest.at)}, which lies in its 95% interval."
    )
    return (Flag(code="near_threshold", message=text),)


def _trust(predictions: Predictions, name: str) -> tuple[Flag, ...]:
    """What does not change the points but should be looked at."""
    flags = []
    if not predictions.weights_matter:
        text = f"{name}: the scores stayed the same when the weights were changed."
        flags.append(Flag(code="weights_do_not_matter", message=text))
    if not predictions.rows_independent:
        text = f"{name}: the scores of an example depend on the other examples in its batch."
        flags.append(Flag(code="rows_depend_on_batch", message=text))
    if predictions.classify == "differs":
        text = f"{name}: the student's own classify gives other classes than the largest scores."
        flags.append(Flag(code="classify_differs", message=text))
    return tuple(flags)


def _exhibits(params: Measured, seen: Seen, judged: Judged) -> tuple[ConfusionMatrix, ...]:
    names = seen.classes(params.dataset)
    if len(names) < 2:  # noqa: PLR2004 - one class cannot be confused
        return ()
    title = f"{called(params.model)} on {examples(judged.total, params.dataset)}"
    return (ConfusionMatrix(title=title, labels=names, counts=judged.confusion(len(names))),)
