"""Family `seed`: whether two runs of the same code give the same numbers."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from pydantic import Field

from grader.checks.base import Seen, check, failed, spoilt
from grader.checks.phrases import count, decimal
from grader.checks.requests import execute, inspect_source
from grader.checks.runs import not_reached
from grader.model.base import Number, Record, to_float
from grader.model.measurements import Execution
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["SeedReproduces"]


class SeedReproduces(Record):
    """Parameters of `seed.reproduces`: costs a second run of the whole submission."""

    relative: float = Field(default=1e-6, ge=0)
    """How far two losses may lie apart."""
    steps: int = Field(default=5, ge=1)
    """Losses that must be compared, at least."""
    printed: bool = False
    """Whether the numbers that are printed must be the same too."""


SEED = "Set torch.manual_seed (and random, numpy) once, before the data and the net are made."
NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


def _needs(_params: SeedReproduces, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (execute(rubric), execute(rubric, run=2), inspect_source())


@check("seed.reproduces", SeedReproduces, needs=_needs)
def seed_reproduces(params: SeedReproduces, seen: Seen) -> CheckResult:
    """Your training gives the same numbers when it is run again."""
    evidence, first = seen.measured(execute(seen.rubric), Execution)
    _, second = seen.measured(execute(seen.rubric, run=2), Execution)
    expected = "The same losses, step by step, in two runs."
    compared = 0
    for one, other in zip(first.losses, second.losses, strict=False):
        for step, (a, b) in enumerate(zip(one.values, other.values, strict=False), start=1):
            compared += 1
            if not _same(a, b, params.relative):
                return failed(
                    f"Two runs differ: at training step {step} the loss is "
                    f"{decimal(to_float(a), 6)} in one and {decimal(to_float(b), 6)} in the other.",
                    expected=expected,
                    hint=SEED,
                    places=(one.place,) if one.place else (),
                )
    if compared < params.steps:
        if stopped := not_reached(evidence, first, "your training", seen.source()):
            return stopped
        if first.clock_ended_training or second.clock_ended_training:
            return spoilt("time ran out before two runs could be compared")
        return failed(
            f"Only {count(compared, 'training step')} could be compared; it takes {params.steps}.",
            expected=expected,
            hint="Check that the notebook starts the training, and does not only load weights.",
        )
    if params.printed and (apart := _printed_apart(first, second)):
        return failed(f"Two runs print other numbers: {apart}.", expected=expected, hint=SEED)
    return CheckResult.banded(
        Fraction(1),
        f"Two runs gave the same losses in {count(compared, 'training step')}.",
        expected=expected,
    )


def _same(a: Number, b: Number, relative: float) -> bool:
    """Whether two losses agree. Two that diverged in the same way do; NaN agrees with NaN alone."""
    x, y = to_float(a), to_float(b)
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return math.isclose(x, y, rel_tol=relative, abs_tol=1e-12)


def _printed_apart(first: Execution, second: Execution) -> str:
    for one, other in zip(first.cells, second.cells, strict=False):
        for a, b in zip(NUMBER.findall(one.output), NUMBER.findall(other.output), strict=False):
            if a != b:
                return f"{a} and {b} (cell {one.cell})"
    return ""
