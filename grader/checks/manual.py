"""Family `manual`: what a person decides."""

from __future__ import annotations

from fractions import Fraction

from pydantic import Field, model_validator

from grader.checks.base import Seen, check
from grader.checks.phrases import either, share
from grader.model.base import Points, Record
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

__all__ = ["ManualBand"]


class ManualBand(Record):
    """Parameters of `manual.band`."""

    question: str = Field(min_length=1)
    """What the person is to judge, as the student may read it."""
    bands: tuple[Points, ...] = (Fraction(0), Fraction(1, 2), Fraction(1))
    """Shares of the points that may be given, rising."""
    guidance: tuple[str, ...] = ()
    """What each band means, one for each: for the person who decides."""
    show_guidance: bool = False
    """Whether students read the guidance too. It often gives the answer away."""

    @model_validator(mode="after")
    def _bands_rise(self) -> ManualBand:
        rising = all(a < b for a, b in zip(self.bands, self.bands[1:], strict=False))
        if not self.bands or not rising or self.bands[0] < 0 or self.bands[-1] > 1:
            msg = "bands are rising shares of the points, from 0 to 1"
            raise ValueError(msg)
        if self.guidance and len(self.guidance) != len(self.bands):
            msg = "guidance needs one text for each band"
            raise ValueError(msg)
        return self


@check("manual.band", ManualBand, manual=True)
def manual_band(params: ManualBand, seen: Seen) -> CheckResult:
    """A person reads this part of your work and decides."""
    meanings = _meanings(params) if params.show_guidance else []
    choices = either([share(band) for band in params.bands])
    free = seen.rubric.assignment.feedback_only
    verb = "comment on" if free else "decide"
    return CheckResult(
        outcome=Outcome.PENDING,
        fraction=Fraction(0),
        message=f"A person will {verb} this: {params.question}",
        expected=" ".join(meanings) or ("" if free else f"It can earn {choices}."),
    )


def _meanings(params: ManualBand) -> list[str]:
    pairs = zip(params.bands, params.guidance, strict=False)
    return [f"{share(band).capitalize()}: {text.rstrip('.')}." for band, text in pairs]
