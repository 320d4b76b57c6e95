"""Family `maps`: feature maps of one image of each class, however they are laid out."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from grader.checks.base import Seen, check, failed
from grader.checks.drawn import largest, names_it, regex_problem, shown_figures, where_drawn, words
from grader.checks.faults import waiting
from grader.checks.phrases import count, listed
from grader.checks.requests import execute, inspect_source
from grader.checks.runs import not_reached
from grader.model.base import Record
from grader.model.measurements import Execution
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.measurements import FigureSeen
    from grader.model.rubric import Rubric

__all__ = ["MapsShown"]


class MapsShown(Record):
    """Parameters of `maps.shown`."""

    classes: int = Field(ge=2)
    layers: int = Field(ge=1)
    """A map of each, for one image of each class, is the least."""
    montage: int = Field(default=0, ge=0)
    """Pixels of one picture that may hold several maps: a person then looks; 0: none may."""
    about: tuple[str, ...] = ()
    """Regular expressions, one of which must match a title, label or file name."""

    @model_validator(mode="after")
    def _patterns_compile(self) -> MapsShown:
        if problem := regex_problem(self.about):
            raise ValueError(problem)
        return self


def _needs(_params: MapsShown, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (execute(rubric), inspect_source())


@check("maps.shown", MapsShown, needs=_needs)
def maps_shown(params: MapsShown, seen: Seen) -> CheckResult:
    """Your figures show feature maps for one image of each class."""
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    least = params.classes * params.layers
    pictured = {i: _pictures(figure) for i, figure in enumerate(run.figures)}
    named = [i for i, n in pictured.items() if n and _names(run.figures[i], params)]
    total = sum(pictured[i] for i in named)
    expected = f"{count(least, 'picture')} or more: {count(params.layers, 'layer')} for one image "
    expected += f"of each of {params.classes} classes."
    each = sum(pictured[i] >= params.layers for i in named) >= params.classes
    rows = sum(pictured[i] for i in named if pictured[i] % params.classes == 0) >= least
    where = listed([where_drawn(run, run.figures[i]) for i in named], most=3)
    told = f"{count(total, 'picture')} of feature maps in {count(len(named), 'figure')}"
    exhibits = shown_figures(evidence, run, named or pictured)
    if each or rows:
        how = "a figure for each class" if each else f"rows of {params.classes} classes"
        return CheckResult.banded(
            Fraction(1),
            f"Your run drew {told}: {how} ({where}).",
            expected=expected,
            exhibits=exhibits,
        )
    if stopped := not_reached(evidence, run, "the feature maps", seen.source()):
        return stopped.model_copy(update={"expected": expected})
    unnamed = sum(n for i, n in pictured.items() if n >= params.layers and i not in named)
    large = [i for i in named if params.montage and largest(run.figures[i]) >= params.montage]
    if total + unnamed > least + params.classes or large:
        other = f", and {count(unnamed, 'picture')} that nothing names so" if unnamed else ""
        return waiting(
            f"Your run drew {told}{other}; which classes they are of is not to be told by their "
            "number. A person will look.",
            expected=expected,
            exhibits=exhibits,
        )
    return failed(
        f"Your run drew {told}: too few for {params.layers} layers and {params.classes} classes.",
        expected=expected,
        hint="Draw a figure for each class, or a grid with a row for each, and name what it shows.",
        exhibits=exhibits,
    )


def _pictures(figure: FigureSeen) -> int:
    """Pictures that are neither filters nor images of a dataset."""
    return sum(one.is_of == "unknown" for axes in figure.axes for one in axes.pictures)


def _names(figure: FigureSeen, params: MapsShown) -> bool:
    return any(names_it(params.about, words(figure, axes)) for axes in figure.axes)
