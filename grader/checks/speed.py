"""Family `speed`: passes of a net against those of a given one, in the same kind of box.

The host's clock measures whole probes; what starting one costs cancels in differences between pass
counts. Two differences for each net say how far the machine can be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from grader.checks.bands import Band, earned, well_formed
from grader.checks.base import Seen, check, spoilt
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
    passes: tuple[int, ...] = (100, 1000, 2000)
    """Three counts of passes, rising. A slow net makes fewer: see `seconds`."""
    seconds: float = Field(default=8.0, gt=0)
    """For the longest of the three counts; the others have their share. At least one, two and
    three passes are made."""
    noise: float = Field(default=0.5, gt=0)
    """When the two differences of one net lie apart by more than this share, only a verdict that
    both give is given."""
    near: float = Field(default=0.15, ge=0)
    """A ratio this close to a better band is shown to a person."""

    @model_validator(mode="after")
    def _three_counts(self) -> SpeedRatio:
        rising = all(a < b for a, b in zip(self.passes, self.passes[1:], strict=False))
        if len(self.passes) != COUNTS or self.passes[0] < 1 or not rising:
            msg = "passes are three rising numbers, such as [100, 1000, 2000]"
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
            least=least,
            seconds=params.seconds * number / params.passes[-1],
            batch=params.batch,
            training=params.training,
            given=given,
        )
        for least, number in enumerate(params.passes, 1)
    )


@check("speed.ratio", SpeedRatio, needs=_needs)
def speed_ratio(params: SpeedRatio, seen: Seen) -> CheckResult:
    """Your net is as fast as the assignment asks, compared with the given one."""
    mine, theirs = _timed(params, seen, ""), _timed(params, seen, params.given)
    bound = mine.bound_by
    for timed in (mine, theirs):
        if not timed.low > 0:
            return spoilt("this machine was too busy to compare speeds")
        sure = timed.seconds > SHORTEST_SECONDS and _sure(params, mine, theirs)
        if timed.shortest_seconds < SHORTEST_SECONDS and not sure:
            return spoilt("the passes were too short to be timed here; the rubric may ask for more")
        if timed.high > (1 + params.noise) * timed.low and not sure:
            return spoilt("this machine was too busy to compare speeds")
    ratio = theirs.pass_seconds / mine.pass_seconds
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


@dataclass(frozen=True)
class _Timed:
    """One net's passes.

    Attributes:
        counts: Passes made in each of the three probes.
        wall_seconds: Of each.
        bound_by: How the net was found.
    """

    counts: tuple[int, ...]
    wall_seconds: tuple[float, ...]
    bound_by: str

    def _between(self, a: int, b: int) -> Fraction:
        seconds = Fraction(self.wall_seconds[b]) - Fraction(self.wall_seconds[a])
        passes = self.counts[b] - self.counts[a]
        return seconds / passes if passes > 0 else Fraction(0)

    @property
    def seconds(self) -> Fraction:
        """What lies between the fewest passes and the most."""
        return Fraction(self.wall_seconds[2]) - Fraction(self.wall_seconds[0])

    @property
    def pass_seconds(self) -> Fraction:
        """Seconds a pass, between the fewest and the most."""
        return self._between(0, 2)

    @property
    def low(self) -> Fraction:
        """The least that a pass may have taken."""
        return min(self._between(0, 1), self._between(1, 2), self.pass_seconds)

    @property
    def high(self) -> Fraction:
        """The most that a pass may have taken."""
        return max(self._between(0, 1), self._between(1, 2), self.pass_seconds)

    @property
    def shortest_seconds(self) -> Fraction:
        """What lies between two probes, at least."""
        steps = (self.counts[1] - self.counts[0], self.counts[2] - self.counts[1])
        return self.low * min(steps)


def _sure(params: SpeedRatio, mine: _Timed, theirs: _Timed) -> bool:
    """Whether the slowest and the fastest that both nets may be earn the same."""
    if not mine.low > 0 or not theirs.low > 0:
        return False
    slowest, fastest = theirs.low / mine.high, theirs.high / mine.low
    return earned(params.bands, slowest, rising=True) == earned(params.bands, fastest, rising=True)


def _timed(params: SpeedRatio, seen: Seen, given: str) -> _Timed:
    measured = [seen.measured(request, Timing) for request in _requests(params, seen.rubric, given)]
    counts = tuple(
        max(least, min(timing.passes, most))
        for least, (most, (_, timing)) in enumerate(zip(params.passes, measured, strict=True), 1)
    )
    walls = tuple(evidence.wall_seconds for evidence, _ in measured)
    return _Timed(counts, walls, bound_by(measured[0][1].binding))
