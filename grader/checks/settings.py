"""Family `settings`: numbers and names that the assignment gives, as the code sets them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from grader.checks.base import Seen, check, failed
from grader.checks.drawn import regex_problem
from grader.checks.faults import FILL_IN, waiting
from grader.checks.phrases import decimal, listed, share
from grader.checks.ranges import Range
from grader.checks.requests import find_settings, inspect_source, read_documents
from grader.checks.sections import Section
from grader.model.base import Record
from grader.model.documents import Documents
from grader.model.measurements import SettingSeen, SettingsWritten
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from grader.model.evidence import Place, ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["Setting", "Written"]

MOST_PLACES = 20
LINE = 100
"""Characters of a student's line that a sentence quotes."""


class Setting(Record):
    """What one setting must be."""

    what: str = Field(min_length=1)
    """In words, such as `the number of epochs`."""
    names: tuple[str, ...] = Field(min_length=1)
    """Regular expressions, each for a whole name in either case: `(n_|num_)?epochs?`. A loop's name
    stands for its number of rounds."""
    value: float | str | Range
    """A number, the name of a function, or `{ at_most = 1000 }`."""
    instead: tuple[str, ...] = ()
    """Texts that are another choice for certain, where the value is one; empty: any other text."""

    @model_validator(mode="after")
    def _consistent(self) -> Setting:
        if problem := regex_problem(self.names):
            raise ValueError(problem)
        if self.instead and not isinstance(self.value, str):
            msg = "instead goes with a value that is a text"
            raise ValueError(msg)
        return self


class Written(Record):
    """Parameters of `settings.written`."""

    settings: tuple[Setting, ...] = Field(min_length=1)
    under: str = ""
    """Regular expression over a heading: a setting is wrong only where a wrong value stands below
    it, for other parts have settings of their own. Right is what fits anywhere; empty: no heading
    matters."""
    until: str = ""
    """Regular expression over headings that end that part, whatever their level."""
    apart_from: str = ""
    """Regular expression over a heading of another part: what stands below it is never wrong."""
    partial: bool = True
    """Whether each setting that is not wrong earns its share."""

    @model_validator(mode="after")
    def _consistent(self) -> Written:
        if problem := regex_problem((self.under, self.until, self.apart_from)):
            raise ValueError(problem)
        if self.until and not self.under:
            msg = "until goes with under"
            raise ValueError(msg)
        if self.under and self.apart_from:
            msg = "say either what is `under` a heading or what is `apart_from` it"
            raise ValueError(msg)
        return self


@dataclass(frozen=True)
class Judged:
    """A setting and what was found of it.

    Attributes:
        setting: What was asked.
        right: Values that fit.
        wrong: Values that do not; empty where that cannot be told.
        why: Why it cannot be told.
    """

    setting: Setting
    right: tuple[SettingSeen, ...] = ()
    wrong: tuple[SettingSeen, ...] = ()
    why: str = ""


def _needs(params: Written, _rubric: Rubric) -> tuple[ProbeRequest, ...]:
    documents = (read_documents(),) if params.under or params.apart_from else ()
    return (_request(params), *documents, inspect_source())


def _request(params: Written) -> ProbeRequest:
    return find_settings(tuple(dict.fromkeys(n for one in params.settings for n in one.names)))


@check("settings.written", Written, needs=_needs)
def settings_written(params: Written, seen: Seen) -> CheckResult:
    """Your code sets the numbers and functions that the assignment gives."""
    _, written = seen.measured(_request(params), SettingsWritten)
    source = seen.source()
    if source is not None and not source.files:
        return failed("No code was found, and so none of the settings that the assignment gives.")
    if source is not None and source.placeholders and not written.values:
        where = listed([str(place) for place in source.placeholders], most=3)
        return failed(
            f"A part of the template still says PLEASE FILL IN ({where}).",
            hint=FILL_IN,
            places=source.placeholders[:3],
        )
    counts = _counts(params, seen)
    judged = [_judge(one, written, counts) for one in params.settings]
    right = [one for one in judged if one.right]
    wrong = [one for one in judged if one.wrong]
    untold = [one for one in judged if not one.right and not one.wrong]
    more: dict[str, Any] = {
        "expected": _expected(params.settings),
        "places": _places((*wrong, *right)),
    }
    found = f"As asked: {listed([_found(one) for one in right], most=8)}." if right else ""
    if wrong:
        return _another(params, wrong, untold, found, more)
    if untold:
        told = " ".join(f"{_capital(one.setting.what)} {one.why}." for one in untold)
        return waiting(
            f"{told} A person will look.{f' {found}' if found else ''}",
            hint="Give each of these a name of its own, such as EPOCHS = 16, so that it is found.",
            **more,
        )
    return CheckResult.banded(
        Fraction(1),
        f"Your code sets what the assignment gives: {listed([_found(o) for o in right], most=8)}.",
        **more,
    )


def _counts(params: Written, seen: Seen) -> Callable[[Place], bool]:
    """Whether a wrong value at a place is held against the student."""
    if not (params.under or params.apart_from):
        return lambda _place: True
    documents = seen.measured(read_documents(), Documents)[1]
    section = Section(params.under or params.apart_from, documents, params.until)
    wanted = bool(params.under)
    return lambda place: section.below(place.file, place.cell) is wanted


def _another(
    params: Written,
    wrong: list[Judged],
    untold: list[Judged],
    found: str,
    more: dict[str, Any],
) -> CheckResult:
    """The result where some settings are others for certain. A doubt costs nothing."""
    total = len(params.settings)
    fraction = Fraction(total - len(wrong), total) if params.partial else Fraction(0)
    parts = [f"{one.setting.what} is {_other(one)}" for one in wrong]
    text = f"{_capital('; '.join(parts))}."
    if untold:
        text += f" Not told by the text: {listed([one.setting.what for one in untold])}."
    if found:
        text += f" {found}"
    if fraction:
        text += f" This earns {share(fraction)}."
    return CheckResult.banded(
        fraction,
        text,
        hint="Set these as the text of the assignment says, and train again.",
        **more,
    )


def _judge(setting: Setting, written: SettingsWritten, counts: Callable[[Place], bool]) -> Judged:
    patterns = [re.compile(name, re.IGNORECASE) for name in setting.names]
    mine = [v for v in written.values if any(p.fullmatch(v.name) for p in patterns)]
    if setting.value != 0:
        mine = [v for v in mine if v.value != 0]  # where a counter starts
    told = [(one, _fits(setting, one)) for one in mine]
    right = tuple(one for one, fits in told if fits)
    if right:
        return Judged(setting, right=right)
    if not mine:
        nowhere = f" ({written.incomplete})" if written.incomplete else ""
        return Judged(setting, why=f"was not found under a name of its own in your code{nowhere}")
    unknown = [one for one, fits in told if fits is None]
    if unknown:
        line = f"`{unknown[0].text[:LINE]}`, {unknown[0].place}"
        return Judged(setting, why=f"could not be read from the text of your code ({line})")
    if written.incomplete:
        return Judged(setting, why=f"was not found in what could be read ({written.incomplete})")
    wrong = tuple(one for one in mine if counts(one.place))
    if not wrong:
        line = f"`{mine[0].text[:LINE]}`, {mine[0].place}"
        return Judged(setting, why=f"was found in other parts of your code alone ({line})")
    return Judged(setting, wrong=wrong)


def _fits(setting: Setting, one: SettingSeen) -> bool | None:
    """Whether a value is the one that was asked for; None where that is not clear."""
    wanted = setting.value
    if isinstance(wanted, str):
        return _is_text(wanted, setting.instead, one)
    try:
        value = float("nan" if one.value is None else one.value)
    except ValueError:
        return None
    span = wanted if isinstance(wanted, Range) else Range(exactly=wanted)
    if span.holds(value):
        return True
    return False if one.sure and math.isfinite(value) else None


def _is_text(wanted: str, instead: Iterable[str], one: SettingSeen) -> bool | None:
    if not isinstance(one.value, str):
        return None
    found = one.value.casefold()
    if found == wanted.casefold():
        return True
    others = {text.casefold() for text in instead}
    return False if one.sure and (not others or found in others) else None


def _found(one: Judged) -> str:
    seen = one.right[0]
    return f"{one.setting.what} {_said(seen.value)} (`{seen.text[:LINE]}`, {seen.place})"


def _other(one: Judged) -> str:
    values = listed(dict.fromkeys(_said(seen.value) for seen in one.wrong), most=4)
    first, asked = one.wrong[0], _said(one.setting.value)
    return f"{values} (`{first.text[:LINE]}`, {first.place}), where {asked} was asked"


def _said(value: float | str | Range | None) -> str:
    return decimal(value) if isinstance(value, int | float) else str(value)


def _expected(settings: Iterable[Setting]) -> str:
    parts = [f"{one.what} {_said(one.value)}" for one in settings]
    return f"{_capital(listed(parts, most=10))}."


def _places(judged: Iterable[Judged]) -> tuple[Place, ...]:
    places = (seen.place for one in judged for seen in (*one.wrong, *one.right[:1]))
    return tuple(dict.fromkeys(places))[:MOST_PLACES]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
