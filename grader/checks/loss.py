"""Family `loss`: a student's loss against the negative log-likelihood computed outside the box."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from grader.checks.arguments import Argument, Drawn, call, draw, generator, specs
from grader.checks.base import Seen, Stopped, check
from grader.checks.compare import Difference, Tolerance, difference
from grader.checks.phrases import bound_by, share
from grader.checks.requests import call_function, inspect_source
from grader.checks.scores import numbers
from grader.model.base import Record
from grader.model.measurements import CallResult
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["LossMatches"]


class LossMatches(Record):
    """Parameters of `loss.matches`: a class around a net, with `forward(x, y, reduction)`."""

    role: str
    """Of kind `class`."""
    method: str = "forward"
    net_argument: str = "classnet"
    """The class's argument that takes the net."""
    reduction_argument: str = ""
    """Its name, to pass it by keyword; empty: as the third argument."""
    mean: tuple[str, ...] = ("avg", "mean")
    """Names for the mean over the batch, tried in order; empty: not asked for."""
    sum: tuple[str, ...] = ("sum",)
    """Names for the sum over the batch; empty: not asked for."""
    features: int = Field(default=64, ge=1, le=4096)
    classes: int = Field(default=10, ge=2, le=1000)
    batch: int = Field(default=16, ge=2, le=256)
    seed: int = Field(default=0, ge=0)
    relative: float = Field(default=1e-4, ge=0)
    absolute: float = Field(default=1e-5, ge=0)
    partial: bool = True
    """Whether each right reduction earns its share."""

    @model_validator(mode="after")
    def _asks_something(self) -> LossMatches:
        if not (self.mean or self.sum):
            msg = "say what to look for: mean, sum or both"
            raise ValueError(msg)
        return self


Kind = Literal["mean", "sum"]

BATCHES = 2
"""Of different sizes, so that a mean over the wrong number shows."""


def _needs(params: LossMatches, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    names = dict.fromkeys((*params.mean, *params.sum))
    return (*(_request(params, rubric, name) for name in names), inspect_source())


def _given(params: LossMatches) -> tuple[Drawn, list[tuple[Drawn, Drawn]]]:
    """The net, and two batches of inputs and labels."""
    source = generator(params.seed)
    net = Argument(
        name=params.net_argument,
        draw="net",
        shape=(params.features, params.classes),
        dtype="float32",
    )
    (given,) = draw([net], source)
    batches = []
    for index in range(BATCHES):
        rows = max(2, params.batch // (index + 1) - index)
        inputs = Argument(name="x", draw="normal", shape=(rows, params.features), dtype="float32")
        labels = Argument(
            name="y", draw="integers", shape=(rows,), high=params.classes, dtype="int64"
        )
        x, y = draw([inputs, labels], source)
        batches.append((x, y))
    return given, batches


def _request(params: LossMatches, rubric: Rubric, name: str) -> ProbeRequest:
    net, batches = _given(params)
    by = "keyword" if params.reduction_argument else "position"
    reduction = Drawn(params.reduction_argument, by, name, {"value": name})
    calls = [call((*batch, reduction)) for batch in batches]
    return call_function(rubric, params.role, params.method, specs([net]), list(calls))


@dataclass(frozen=True)
class _Try:
    """One reduction's best attempt: the name that worked, or why none did."""

    kind: Kind
    name: str
    apart: Difference | None
    looks_like: str = ""
    result: CallResult | None = None
    stopped: CheckResult | None = None


@check("loss.matches", LossMatches, needs=_needs)
def loss_matches(params: LossMatches, seen: Seen) -> CheckResult:
    """Your loss is the negative log-likelihood, summed or averaged as it is told."""
    wanted: list[tuple[Kind, tuple[str, ...]]] = [("mean", params.mean), ("sum", params.sum)]
    tries = [_best(params, seen, kind, names) for kind, names in wanted if names]
    for one in tries:
        if one.stopped is not None and one.stopped.outcome is Outcome.ERROR:
            return one.stopped
    if all(one.stopped is not None for one in tries):
        assert tries[0].stopped is not None
        return tries[0].stopped
    right = [one for one in tries if one.apart is None and one.stopped is None]
    wrong = [one for one in tries if one not in right]
    fraction = Fraction(len(right), len(tries))
    if wrong and not params.partial:
        fraction = Fraction(0)
    bound = next(one.result.binding for one in tries if one.result is not None)
    sentences = [_told(one) for one in tries]
    if right and wrong:
        sentences.append(f"This earns {share(fraction)}.")
    return CheckResult.banded(
        fraction,
        " ".join(sentences),
        expected="The mean, or the sum, over the batch of -log p(y | x), from a net that ends in "
        "log-softmax.",
        hint=_hint(wrong[0]) if wrong else "",
        bound_by=bound_by(bound),
        places=(bound.place,) if bound.place else (),
    )


def _best(params: LossMatches, seen: Seen, kind: Kind, names: tuple[str, ...]) -> _Try:
    """Try the names in order; the first that matches, else the first that ran."""
    tries = [_try(params, seen, kind, name) for name in names]
    matched = [one for one in tries if one.apart is None and one.stopped is None]
    ours_ = [one for one in tries if one.stopped and one.stopped.outcome is Outcome.ERROR]
    ran = [one for one in tries if one.stopped is None]
    return (matched or ours_ or ran or tries)[0]


def _try(params: LossMatches, seen: Seen, kind: Kind, name: str) -> _Try:
    try:
        evidence, result = seen.measured(_request(params, seen.rubric, name), CallResult)
        found = [numbers(evidence, f"result_{index}") for index in range(BATCHES)]
    except Stopped as stopped:
        return _Try(kind, name, None, stopped=stopped.result)
    tolerance = Tolerance(params.relative, params.absolute)
    truths = _truths(params)
    for values, truth in zip(found, truths, strict=True):
        apart = difference(values, truth[kind], tolerance)
        if apart is not None:
            return _Try(kind, name, apart, _looks_like(found, truths, tolerance), result)
    return _Try(kind, name, None, result=result)


def _truths(params: LossMatches) -> list[dict[str, Any]]:
    """For each batch: what the loss is, and what slips make of it. All in float64."""
    import numpy as np

    net, batches = _given(params)
    truths = []
    for x, y in batches:
        logs = net.truth.log_probabilities(x.truth)
        each = -logs[np.arange(len(y.truth)), y.truth]
        truths.append(
            {
                "mean": each.mean(),
                "sum": each.sum(),
                "minus the mean": -each.mean(),
                "minus the sum": -each.sum(),
                "one loss for each example, without a reduction": each,
                "the mean of -p(y | x), without the logarithm": -np.exp(-each).mean(),
                "the mean over the batch and the classes": each.mean() / logs.shape[1],
            }
        )
    return truths


def _looks_like(found: list[Any], truths: list[dict[str, Any]], tolerance: Tolerance) -> str:
    for name in truths[0]:
        pairs = zip(found, truths, strict=True)
        if all(difference(values, truth[name], tolerance) is None for values, truth in pairs):
            return f"the {name}" if name in ("mean", "sum") else name
    return ""


def _told(one: _Try) -> str:
    asked = f'With reduction="{one.name}" your loss'
    what = f"the {one.kind} of -log p(y | x) over the batch"
    if one.stopped is not None:
        return f"{asked} could not be measured: {one.stopped.message}"
    if one.apart is None:
        return f"{asked} is {what}, as it should be."
    if one.looks_like:
        return f"{asked} is {one.looks_like}, where {what} was expected."
    return f"{asked} is not {what}: {one.apart.text}."


def _hint(one: _Try) -> str:
    if one.stopped is not None:
        return one.stopped.hint
    if one.looks_like in ("the mean", "the sum"):
        return "Look at how forward uses its argument reduction."
    if one.apart is not None and one.apart.hint:
        return one.apart.hint
    return 'nn.NLLLoss(reduction="none") gives one loss for each example; reduce those.'
