"""Family `autoencoder`: inputs against what comes out for them, compared outside the box."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from grader.checks.bands import Band, earned, well_formed
from grader.checks.base import Seen, check
from grader.checks.faults import waiting
from grader.checks.phrases import bound_by, called, decimal, examples, share
from grader.checks.reconstruction import reconstruction
from grader.checks.requests import Source, inspect_source, predict
from grader.model.base import Record, exact, number
from grader.model.measurements import Predictions
from grader.model.scorecard import CheckResult, Flag

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["AutoencoderError"]


class AutoencoderError(Record):
    """Parameters of `autoencoder.error_at_most`. The role's `output_shape` is a flat input's."""

    model: str
    """A role of kind `module`."""
    dataset: str
    bands: tuple[Band, ...]
    """By the error, on inputs that run from 0 to 1."""
    metric: Literal["mse", "rmse"] = "mse"
    """Mean squared error a number, or its root."""
    scale: float = Field(default=255.0, gt=0)
    """What the dataset's numbers are divided by to run from 0 to 1."""
    source: Source = "saved"

    @model_validator(mode="after")
    def _bands_fall(self) -> AutoencoderError:
        well_formed(self.bands, rising=False)
        return self


def _needs(params: AutoencoderError, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (predict(rubric, params.model, params.dataset, params.source), inspect_source())


@check("autoencoder.error_at_most", AutoencoderError, needs=_needs)
def error_at_most(params: AutoencoderError, seen: Seen) -> CheckResult:
    """Your autoencoder gives back its inputs closely enough."""
    request = predict(seen.rubric, params.model, params.dataset, params.source)
    evidence, predictions = seen.measured(request, Predictions)
    name = called(params.model)
    best = max(params.bands, key=lambda one: one.fraction)
    more: dict[str, Any] = {
        "expected": f"An error ({params.metric.upper()}) of at most {decimal(best.at)}.",
        "bound_by": bound_by(predictions.binding),
    }
    given = reconstruction(seen, evidence, params.model, params.dataset, params.scale, **more)
    error, constant = _error(params, given.mse()), _error(params, given.constant())
    fraction = _fraction(params, error)
    told = (
        f"Your {name} gives back {examples(len(given.inputs), params.dataset)} with a "
        f"{params.metric.upper()} of {decimal(error)}; the average picture would reach "
        f"{decimal(constant)}"
    )
    more |= {
        "measured": number(error),
        "threshold": number(float(best.at)),
        "unit": params.metric,
        "baseline": seen.baseline,
        "flags": _flags(predictions, name),
    }
    if fraction == 1:
        return CheckResult.banded(Fraction(1), f"{told}.", **more)
    if _fraction(params, _error(params, given.shifted())) > fraction:
        return waiting(
            f"{told}. Its outputs seem to run from -1 to 1 and come closer when taken so. "
            "A person will look.",
            **more,
        )
    earns = f" This earns {share(fraction)}." if fraction else ""
    return CheckResult.banded(
        fraction,
        f"{told}. At most {decimal(best.at)} was asked for.{earns}",
        hint="Scale inputs to 0 to 1, end in a sigmoid, and train until the loss stops falling.",
        **more,
    )


def _error(params: AutoencoderError, squared: float) -> float:
    return math.sqrt(squared) if params.metric == "rmse" else squared


def _fraction(params: AutoencoderError, error: float) -> Fraction:
    band = earned(params.bands, exact(error), rising=False) if math.isfinite(error) else None
    return band.fraction if band else Fraction(0)


def _flags(predictions: Predictions, name: str) -> tuple[Flag, ...]:
    if predictions.weights_matter:
        return ()
    text = f"{name}: the outputs stayed the same when the weights were changed."
    return (Flag(code="weights_do_not_matter", message=text),)
