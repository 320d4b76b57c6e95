"""Family `api`: what the assignment asks the student to write without."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from grader.checks.base import Seen, Stopped, check, failed
from grader.checks.drawn import regex_problem
from grader.checks.faults import FILL_IN, waiting
from grader.checks.phrases import either, listed
from grader.checks.requests import execute, inspect_source, read_documents, scan_apis
from grader.checks.sections import Section
from grader.model.base import Points, Record
from grader.model.documents import Documents
from grader.model.evidence import Place
from grader.model.measurements import ApiUse, ApiUses, Execution
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult, Flag

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["ApiForbidden", "ApiUsed"]


class ApiForbidden(Record):
    """Parameters of `api.forbidden`."""

    names: tuple[str, ...] = Field(min_length=1)
    """Full names, such as `torch.nn.CrossEntropyLoss`; a module's stands for all that is in it."""
    allowed: tuple[str, ...] = ()
    """Names below them that may be used, such as `torch.nn.Module` below `torch.nn`."""
    within: tuple[str, ...] = ()
    """Functions or classes in which they are forbidden; without `having`, empty: anywhere."""
    having: tuple[str, ...] = ()
    """Methods: classes that define all of them count as `within`, whatever their names."""
    around: str = ""
    """Regular expression over a heading: below it they are forbidden outside `within`, too, as in
    the loop that trains the class."""
    around_fraction: Points = Fraction(1, 2)
    """Share when they are used there alone."""
    dynamic: bool = False
    """Whether the names also raise in a run of their own, which finds what the text hides."""

    @model_validator(mode="after")
    def _consistent(self) -> ApiForbidden:
        if problem := regex_problem((self.around,)):
            raise ValueError(problem)
        if self.dynamic and (self.having or self.allowed):
            msg = "dynamic goes with names and within alone"
            raise ValueError(msg)
        return self


class ApiUsed(Record):
    """Parameters of `api.used`."""

    names: tuple[str, ...] = Field(min_length=1)
    """Full names; a method as `torch.nn.Module.load_state_dict`."""
    within: tuple[str, ...] = ()
    """Functions or classes in which to look; empty: anywhere."""
    every: bool = False
    """Whether all of them must be used, and not just one."""


CAUGHT = "api.forbidden"
"""Code of the box's remark that a ruled-out name was called in a run."""

MOST_PLACES = 20
LINE = 120
"""Characters of a student's line that a sentence quotes."""


def _needs(params: ApiForbidden, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    scan: tuple[ProbeRequest, ...] = (_scan(params),)
    if params.around:
        scan += (_scan_all(params), read_documents())
    if params.dynamic:
        scan += (execute(rubric, forbid=params.names, within=params.within),)
    return (*scan, inspect_source())


def _scan(params: ApiForbidden) -> ProbeRequest:
    return scan_apis(params.names, params.within, params.having, params.allowed)


def _scan_all(params: ApiForbidden) -> ProbeRequest:
    return scan_apis(params.names, allowed=params.allowed)


@check("api.forbidden", ApiForbidden, needs=_needs)
def api_forbidden(params: ApiForbidden, seen: Seen) -> CheckResult:
    """You wrote this part yourself, without what the assignment rules out."""
    _, uses = seen.measured(_scan(params), ApiUses)
    if params.having and not uses.looked_into:
        return _nothing_there(params, seen)
    names = {use.name for use in uses.uses}
    places = [use.place for use in uses.uses]
    flags = _unclear(uses, places)
    if params.dynamic:
        caught, more = _caught(params, seen)
        flags += more
        places += [place for place in caught if place not in places]
    expected = f"No use of {either(params.names)}"
    inside = uses.looked_into or params.within
    expected += f" in {listed(inside, most=4)}." if inside else "."
    if not places and (outside := _around(params, seen)):
        where = listed([str(use.place) for use in outside], most=4)
        return CheckResult.banded(
            params.around_fraction,
            f"Your {uses.looked_into[0] if uses.looked_into else 'class'} is written by hand, but "
            f"the code around it uses {listed(sorted({use.name for use in outside}))}, which the "
            f"assignment rules out here: {where}.",
            expected=expected,
            hint="Write this step out in basic tensor operations.",
            places=tuple(dict.fromkeys(use.place for use in outside))[:MOST_PLACES],
            flags=flags,
        )
    if not places:
        return CheckResult.banded(
            Fraction(1),
            f"No use of {either(params.names)} was found in your code.",
            expected=expected,
            flags=flags,
        )
    used = listed(sorted(names)) or "a ruled-out function"
    return failed(
        f"Your code uses {used}, which the assignment rules out here: "
        f"{listed(_where(uses, places), most=4)}.",
        expected=expected,
        hint="Write this step out in basic tensor operations.",
        places=tuple(places[:MOST_PLACES]),
        flags=flags,
    )


def _where(uses: ApiUses, places: list[Place]) -> list[str]:
    """Each place with its line, where that is known: `F.relu(x)` (hw.ipynb, cell 4, line 8)."""
    lines = {use.place: use.text[:LINE] for use in uses.uses if use.text}
    return [
        f"`{lines[place]}` ({place})" if place in lines else str(place)
        for place in dict.fromkeys(places)
    ]


def _nothing_there(params: ApiForbidden, seen: Seen) -> CheckResult:
    """The result where none of the definitions was found in which names are ruled out."""
    source = seen.source()
    wanted = either(params.within)
    if source is not None and source.placeholders:
        where = listed([str(place) for place in source.placeholders], most=3)
        return failed(f"A part of the template still says PLEASE FILL IN ({where}).", hint=FILL_IN)
    if source is None or not source.files:
        return failed(f"No code was found, and so no {wanted}.")
    return waiting(
        f"No {wanted} was found in your code, nor a class with {listed(params.having)}. A person "
        "will look.",
        hint="Use the template's name for it, so that it can be found.",
    )


def _around(params: ApiForbidden, seen: Seen) -> list[ApiUse]:
    """Uses in the section that the class belongs to. Where no heading says it, there are none."""
    if not params.around:
        return []
    _, documents = seen.measured(read_documents(), Documents)
    section = Section(params.around, documents)
    _, everywhere = seen.measured(_scan_all(params), ApiUses)
    return [use for use in everywhere.uses if section.below(use.place.file, use.place.cell)]


def _used_needs(params: ApiUsed, _rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (scan_apis(params.names, params.within), inspect_source())


@check("api.used", ApiUsed, needs=_used_needs)
def api_used(params: ApiUsed, seen: Seen) -> CheckResult:
    """Your code uses what the assignment asks for."""
    _, uses = seen.measured(scan_apis(params.names, params.within), ApiUses)
    every = (*uses.uses, *uses.unclear)  # a doubt is not held against the student
    found = {use.name for use in every}
    absent = [name for name in params.names if name not in found]
    asked = listed(params.names) if params.every else either(params.names)
    where = f" in {listed(params.within)}" if params.within else ""
    places = tuple(dict.fromkeys(use.place for use in every))[:MOST_PLACES]
    if (not absent) if params.every else bool(found):
        shown = listed([str(place) for place in places], most=3)
        return CheckResult.banded(
            Fraction(1),
            f"Your code uses {listed(sorted(found))}{where} ({shown}).",
            expected=f"A use of {asked}{where}.",
            places=places,
        )
    missing = listed(absent) if params.every else asked
    return failed(
        f"No use of {missing} was found in your code{where}.",
        expected=f"A use of {asked}{where}.",
        hint="Comments and strings do not count: the call itself must be there.",
        places=places,
    )


def _unclear(uses: ApiUses, certain: list[Place]) -> tuple[Flag, ...]:
    """Lines that a person looks at: the text does not say what they use."""
    rest = [use for use in uses.unclear if use.place not in certain]
    if not rest:
        return ()
    shown = "; ".join(f"`{use.text[:120]}` ({use.place})" for use in rest[:3])
    text = f"Whether a ruled-out function is used is not clear: {shown}"
    more = f", and in {len(rest) - 3} more places" if len(rest) > 3 else ""  # noqa: PLR2004
    return (Flag(code="api_unclear", message=f"{text}{more}."),)


def _caught(params: ApiForbidden, seen: Seen) -> tuple[list[Place], tuple[Flag, ...]]:
    """Where a run called a forbidden name. What did not run was judged by its text alone."""
    request = execute(seen.rubric, forbid=params.names, within=params.within)
    try:
        evidence, run = seen.measured(request, Execution)
    except Stopped as stopped:
        if stopped.result.outcome is Outcome.ERROR:
            raise
        text = "The run with ruled-out functions blocked did not work; only the text was searched."
        return [], (Flag(code="api_static_only", message=text),)
    return [
        remark.place or Place(file=run.entry)
        for remark in evidence.remarks
        if remark.code == CAUGHT
    ], ()
