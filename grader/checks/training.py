"""Family `training`: whether the student's own training loop learns within a budget."""

from __future__ import annotations

import math
from fractions import Fraction
from statistics import median
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from grader.checks.base import Seen, Stopped, check, spoilt
from grader.checks.faults import waiting
from grader.checks.interval import above
from grader.checks.phrases import bound_by, called, count, decimal, examples, share
from grader.checks.requests import execute, inspect_source, predict
from grader.checks.runs import not_reached
from grader.checks.scores import judge
from grader.model.base import Points, Record, to_float
from grader.model.measurements import Execution, LossSeries, Predictions
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult, Curves, Series

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["TrainingLearns"]


class TrainingLearns(Record):
    """Parameters of `training.learns`."""

    model: str = ""
    """A role of kind `module`, measured after the budgeted run; empty: only the losses."""
    dataset: str = ""
    """Such as `digits/test`; needed with `model`."""
    ratio: float = Field(default=0.9, gt=0, lt=1)
    """The median loss of the last quarter of steps must be below this share of the first's."""
    steps: int = Field(default=8, ge=4)
    """Fewer recorded losses than this say nothing."""
    loss_fraction: Points = Fraction(1, 2)
    """Share for a falling loss when the accuracy is not above chance."""
    confidence: float = Field(default=0.999, gt=0.5, lt=1)
    """One-sided, for the accuracy to be above chance."""

    @model_validator(mode="after")
    def _model_and_dataset(self) -> TrainingLearns:
        if bool(self.model) != bool(self.dataset):
            msg = "model and dataset go together"
            raise ValueError(msg)
        if not 0 <= self.loss_fraction <= 1:
            msg = "loss_fraction is a share of the points, from 0 to 1"
            raise ValueError(msg)
        return self


MOST_POINTS = 400
"""Of a shown curve; more are thinned evenly."""


def _needs(params: TrainingLearns, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    run: tuple[ProbeRequest, ...] = (execute(rubric),)
    if params.model:
        run += (predict(rubric, params.model, params.dataset, "live"),)
    return (*run, inspect_source())


@check("training.learns", TrainingLearns, needs=_needs)
def training_learns(params: TrainingLearns, seen: Seen) -> CheckResult:
    """Your own training code learns when it is run for a short time."""
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    enough = any(len(one.values) >= params.steps for one in run.losses)
    if not enough and (stopped := not_reached(evidence, run, "your training", seen.source())):
        return stopped
    learned, told, extra, net = _accuracy(params, seen) if params.model else (False, "", {}, "")
    asked = [one for one in run.losses if net in one.nets] or list(run.losses)
    series = [one for one in run.losses if len(one.values) >= params.steps]
    falling = [one for one in series if _falls(one, params.ratio)]
    # that our time ended another net's training says nothing of this one
    series = [one for one in series if one in falling or one in asked or not one.by_clock]
    falls = bool(series) and len(falling) == len(series)
    sentences = [_losses_told(asked, series, falling)]
    more: dict[str, Any] = {
        "expected": "The loss falls during a short run"
        + (", and the net then does better than guessing." if params.model else "."),
        "exhibits": _curves(series),
    }
    fraction = Fraction(falls)
    if params.model:
        fraction = params.loss_fraction * falls + (1 - params.loss_fraction) * learned
        sentences.append(told)
        more |= extra
    if fraction < 1 and _ended_by_us(run, asked):
        if not any(one in asked and one.by_clock for one in series):
            return spoilt(f"time ran out before your training could show it. {' '.join(sentences)}")
        sentences.append("Our time ended this training early. A person will look.")
        return waiting(" ".join(sentences), **more)
    if 0 < fraction < 1:
        sentences.append(f"This earns {share(fraction)}.")
    return CheckResult.banded(fraction, " ".join(sentences), hint=_hint(series, falls), **more)


def _ended_by_us(run: Execution, asked: list[LossSeries]) -> bool:
    """Whether our time ended the training that is asked about."""
    known = any(one.by_clock for one in run.losses)
    return any(one.by_clock for one in asked) if known else run.clock_ended_training


def _falls(one: LossSeries, ratio: float) -> bool:
    """Medians of quarters: a few wild steps say nothing. NaN never falls."""
    first, last = _ends(one)
    fallen = last <= first - (1 - ratio) * abs(first) and last < first
    return math.isfinite(first) and math.isfinite(last) and fallen


def _ends(one: LossSeries) -> tuple[float, float]:
    """Median loss of the first and of the last quarter of the steps."""
    values = [to_float(value) for value in one.values]
    values = [math.inf if math.isnan(value) else value for value in values]
    quarter = max(1, len(values) // 4)
    return median(values[:quarter]), median(values[-quarter:])


def _losses_told(
    asked: list[LossSeries], series: list[LossSeries], falling: list[LossSeries]
) -> str:
    if not series:
        seen_some = max((len(one.values) for one in asked), default=0)
        if seen_some:
            return f"Only {count(seen_some, 'training step')} were seen: too few to judge."
        return "No training was seen: backward() was never called on a loss."
    if len(series) == 1:
        first, last = _ends(series[0])
        verb = "fell" if falling else "did not fall enough"
        return (
            f"Over {count(len(series[0].values), 'training step')} your loss {verb}: from "
            f"{decimal(first, 3)} to {decimal(last, 3)} (medians of the first and last quarter)."
        )
    return f"The loss fell in {len(falling)} of {count(len(series), 'training run')}."


def _accuracy(params: TrainingLearns, seen: Seen) -> tuple[bool, str, dict[str, Any], str]:
    """Whether the net alive after the run beats guessing, by how much, and which it is."""
    name = called(params.model)
    try:
        evidence, predictions = seen.measured(
            predict(seen.rubric, params.model, params.dataset, "live"), Predictions
        )
        judged = judge(seen, evidence, params.dataset)
    except Stopped as stopped:
        if stopped.result.outcome is Outcome.ERROR:
            raise
        return False, f"Your {name} after the run: {stopped.result.message}", {}, ""
    learned = above(judged.right, judged.total, judged.commonest, params.confidence)
    accuracy = judged.right / judged.total
    told = (
        f"Your {name} then classifies {judged.right:,} of "
        f"{examples(judged.total, params.dataset)} rightly (accuracy {decimal(accuracy, 3)}); "
        f"guessing reaches {decimal(judged.commonest, 3)}."
    )
    if not learned:
        told += " That is not clearly better than guessing."
    extra = {
        "measured": accuracy,
        "threshold": judged.commonest,
        "unit": "accuracy",
        "bound_by": bound_by(predictions.binding),
    }
    return learned, told, extra, predictions.binding.definition


def _hint(series: list[LossSeries], falls: bool) -> str:  # noqa: FBT001 - a fact, not a switch
    if falls:
        return ""
    if not series:
        return "Check that the notebook starts the training, and does not only load weights."
    if any(not math.isfinite(_ends(one)[1]) for one in series):
        return "The loss became NaN or infinite: lower the learning rate."
    return "Check zero_grad, backward and step, and that the optimizer holds this net's parameters."


def _curves(series: list[LossSeries]) -> tuple[Curves, ...]:
    if not series:
        return ()
    curves = []
    for index, one in enumerate(series, start=1):
        step = math.ceil(len(one.values) / MOST_POINTS)
        where = f" ({one.place})" if one.place else ""
        curves.append(
            Series(
                label=f"run {index}{where}",
                x=tuple(float(x) for x in range(0, len(one.values), step)),
                y=one.values[::step],
            )
        )
    title = "Training loss in the short run"
    return (Curves(title=title, x_label="step", y_label="loss", series=tuple(curves)),)
