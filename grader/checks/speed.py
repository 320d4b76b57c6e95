"""Family `speed`: passes of a net against those of a given one, in the same kind of box.

The host's clock measures whole probes; what starting one costs cancels in differences between pass
counts. Two differences for each net say how far the machine can be trusted.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from grader.checks.bands import Band, earned, well_formed
from grader.checks.base import Seen, check, ours
from grader.checks.phrases import bound_by, called, decimal, share
from grader.checks.requests import inspect_source, time_module
from grader.model.base import Record
from grader.model.measurements import Timing
from grader.model.scorecard import CheckResult, Flag

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["SpeedRatio"]

COUNTS = 3
SHORTEST_SECONDS = 0.05
"""Below this a difference is the machine's mood, not the net's work."""


class SpeedRatio(Record):
    """Parameters of `speed.ratio`: how many times as fast as the given net."""

    model: str
    """A role of kind `module`."""
    given: str = Field(min_length=1)
    """Python source that defines `build()`: the net to compare with."""
    bands: tuple[Band, ...]
    """By the ratio: given net's seconds a pass over those of the student's."""
    training: bool = False
    """Whether a pass goes backward and steps, too."""
    batch: int = Field(default=8, ge=1, le=4096)
    passes: tuple[int, ...] = (2, 6, 10)
    """Three counts of passes, rising."""
    noise: float = Field(default=0.5, gt=0)
    """When the two differences of one net lie apart by more than this share, only a verdict that
    both give is given."""
    near: float = Field(default=0.15, ge=0)
    """A ratio this close to a better band is shown to a person."""

    @model_validator(mode="after")
    def _three_counts(self) -> SpeedRatio:
        rising = all(a < b for a, b in zip(self.passes, self.passes[1:], strict=False))
        if len(self.passes) != COUNTS or self.passes[0] < 1 or not rising:
            msg = "passes are three rising numbers, such as [2, 6, 10]"
            raise ValueError(msg)
        well_formed(self.bands, rising=True)
        return self


def _needs(params: SpeedRatio, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (
        *_requests(params, rubric, ""),
        *_requests(params, rubric, params.given),
        inspect_source(),
    )


def _requests(params: SpeedRatio, rubric: Rubric, given: str) -> tuple[ProbeRequest, ...]:
    return tuple(
        time_module(
            rubric,
            params.model,
            passes=number,
            batch=params.batch,
            training=params.training,
            given=given,
        )
        for number in params.passes
    )


@check("speed.ratio", SpeedRatio, needs=_needs)
def speed_ratio(params: SpeedRatio, seen: Seen) -> CheckResult:
    """Your net is as fast as the assignment asks, compared with the given one."""
    mine, bound = _seconds(params, seen, "")
    theirs, _ = _seconds(params, seen, params.given)
    for slopes in (mine, theirs):
        low, high = min(slopes), max(slopes)
        if low * (params.passes[1] - params.passes[0]) < SHORTEST_SECONDS or not low > 0:
            return ours("the passes were too short to be timed here; the rubric may ask for more")
        if high > (1 + params.noise) * low and not _sure(params, mine, theirs):
            return ours("this machine was too busy to compare speeds")
    ratio = Fraction(theirs[2]) / Fraction(mine[2])
    band = earned(params.bands, ratio, rising=True)
    fraction = band.fraction if band else Fraction(0)
    better = [one for one in params.bands if one.fraction > fraction]
    best = max(params.bands, key=lambda one: one.fraction)
    name = called(params.model)
    what = "training step" if params.training else "pass"
    told = f"A {what} of your {name} is {decimal(ratio, 3)} times as fast as that of the given net"
    near = [one for one in better if float(one.at) <= float(ratio) * (1 + params.near)]
    flags: tuple[Flag, ...] = ()
    if near:
        text = f"{name}: {decimal(ratio, 3)} times as fast, close to {decimal(near[0].at)}."
        flags = (Flag(code="near_threshold", message=text),)
    more: dict[str, Any] = {
        "expected": f"At least {decimal(best.at)} times as fast.",
        "measured": float(ratio),
        "threshold": float(best.at),
        "unit": "times as fast",
        "bound_by": bound,
        "flags": flags,
    }
    if fraction == 1:
        return CheckResult.banded(Fraction(1), f"{told}.", **more)
    earns = f" This earns {share(fraction)}." if fraction else ""
    return CheckResult.banded(
        fraction,
        f"{told}; {decimal(best.at)} were asked for.{earns}",
        hint="Fewer channels early, smaller inputs, strides instead of pooling.",
        **more,
    )


def _sure(params: SpeedRatio, mine: tuple[float, ...], theirs: tuple[float, ...]) -> bool:
    """Whether the slowest and the fastest that both nets may be earn the same."""
    slowest = Fraction(min(theirs)) / Fraction(max(mine))
    fastest = Fraction(max(theirs)) / Fraction(min(mine))
    return earned(params.bands, slowest, rising=True) == earned(params.bands, fastest, rising=True)


def _seconds(params: SpeedRatio, seen: Seen, given: str) -> tuple[tuple[float, ...], str]:
    """Seconds a pass: between the first and second count, second and third, first and third."""
    measured = [seen.measured(request, Timing) for request in _requests(params, seen.rubric, given)]
    walls = [evidence.wall_seconds for evidence, _ in measured]
    pairs = ((0, 1), (1, 2), (0, 2))
    slopes = tuple((walls[b] - walls[a]) / (params.passes[b] - params.passes[a]) for a, b in pairs)
    return slopes, bound_by(measured[0][1].binding)
