"""Family `histogram`: how many examples of each class the parts of a dataset have, as bars."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from grader.checks.base import Seen, check, failed
from grader.checks.drawn import names_it, regex_problem, shown_figures, where_drawn
from grader.checks.phrases import count, listed, share
from grader.checks.requests import execute, inspect_source
from grader.checks.runs import not_reached
from grader.model.base import Record
from grader.model.measurements import Execution
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.model.evidence import ProbeRequest
    from grader.model.measurements import Axes, FigureSeen
    from grader.model.rubric import Rubric

__all__ = ["HistogramClasses"]

TRAINING = (r"train", r"(?<![a-z])trn?(?![a-z])")
TEST = (r"(?<!la)(?<!con)test", r"(?<![a-z])(?:te|ts|tst)(?![a-z])")
VALIDATION = (r"val(?!ue)", r"(?<![a-z])dev(?![a-z])")
OTHER = (
    r"acc(?!ord|ess|um|ept|el)",
    r"precision|recall|(?<![a-z])f1(?![a-z])|error|correct|loss",
    r"predict|confus|misclass|probab|confiden|score",
    r"seed|epoch|param|gradient|weight|(?<![a-z])(?:lr|learning.rate)(?![a-z])",
)
"""What bars show that count no examples."""


class HistogramClasses(Record):
    """Parameters of `histogram.classes`: each part earns its share."""

    classes: int = Field(ge=2)
    parts: dict[str, tuple[str, ...]] = Field(
        default={"training": TRAINING, "test": TEST}, min_length=1
    )
    """Parts, each with the regular expressions that name it in a title, label, legend or file
    name. Bars that nothing names may be those of any part."""
    other_parts: tuple[str, ...] = VALIDATION
    """Regular expressions: parts that are not asked for."""
    not_about: tuple[str, ...] = OTHER
    """Regular expressions: bars that one of them names show something else."""

    @model_validator(mode="after")
    def _patterns_compile(self) -> HistogramClasses:
        named = [one for ones in self.parts.values() for one in ones]
        if problem := regex_problem((*named, *self.other_parts, *self.not_about)):
            raise ValueError(problem)
        return self


def _needs(_params: HistogramClasses, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (execute(rubric), inspect_source())


@check("histogram.classes", HistogramClasses, needs=_needs)
def histogram_classes(params: HistogramClasses, seen: Seen) -> CheckResult:
    """Your histograms show how many examples of each class there are."""
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    sets = [(i, names) for i, figure in enumerate(run.figures) for names in _sets(params, figure)]
    figures = sorted({i for i, _ in sets})
    covered = _covered(params, [names for _, names in sets])
    fraction = Fraction(len(covered), len(params.parts))
    where = listed([where_drawn(run, run.figures[i]) for i in figures], most=3)
    expected = f"{count(params.classes, 'bar')} or more for each of {listed(params.parts)}."
    exhibits = shown_figures(evidence, run, figures or range(len(run.figures)))
    if fraction == 1:
        return CheckResult.banded(
            fraction,
            f"Your run drew what was asked for ({where}).",
            expected=expected,
            exhibits=exhibits,
        )
    stopped = not_reached(evidence, run, "the histogram", seen.source())
    if stopped and (not covered or stopped.outcome in {Outcome.ERROR, Outcome.PENDING}):
        return stopped.model_copy(update={"expected": expected})
    hint = "Draw a bar for each class with plt.bar or plt.hist, and name the part in the title."
    if not covered:
        drew = count(len(run.figures), "figure") if run.figures else "no figure"
        return failed(
            f"{run.entry} drew {drew}, and no {params.classes} bars that count examples.",
            expected=expected,
            hint=hint,
            exhibits=exhibits,
        )
    absent = [name for name in params.parts if name not in covered]
    return CheckResult.banded(
        fraction,
        f"Bars of one part were found ({where}), but none of {listed(absent)}. This earns "
        f"{share(fraction)}.",
        expected=expected,
        hint=hint,
        exhibits=exhibits,
    )


def _sets(params: HistogramClasses, figure: FigureSeen) -> Iterator[frozenset[str]]:
    """For each set of bars, a bar for each class, the parts that it may be of."""
    every, several = frozenset(params.parts), params.classes * len(params.parts)
    for axes in figure.axes:
        other = params.not_about and names_it(params.not_about, _text(axes, figure))
        if axes.bars < params.classes or other:
            continue
        named = _named(params, axes, figure)
        # side by side, or one over another; without names, other numbers may be narrow bins
        if (axes.bars == several and named in {None, every}) or (
            axes.bars > several and named == every
        ):
            yield from (frozenset({part}) for part in params.parts)
        else:
            yield every if named is None else named


def _text(axes: Axes, figure: FigureSeen) -> str:
    texts = (axes.title or figure.axes[0].title, axes.y_label, axes.x_label, *axes.legend)
    return "; ".join([*texts, _file(figure)])


def _file(figure: FigureSeen) -> str:
    return figure.saved_as.rpartition("/")[2]


def _named(params: HistogramClasses, axes: Axes, figure: FigureSeen) -> frozenset[str] | None:
    """The parts that axes name, or else their file; None where neither names any."""
    for text in ("; ".join((axes.title, axes.y_label, axes.x_label, *axes.legend)), _file(figure)):
        named = frozenset(part for part, found in params.parts.items() if names_it(found, text))
        if named or (params.other_parts and names_it(params.other_parts, text)):
            return named
    return None


def _covered(params: HistogramClasses, sets: list[frozenset[str]]) -> tuple[str, ...]:
    """The most parts that have a set of bars each of their own."""
    best: tuple[str, ...] = ()
    for order in permutations(params.parts):
        left, taken = sorted(sets, key=len), list[str]()
        for part in order:
            one = next((names for names in left if part in names), None)
            if one is not None:
                left.remove(one)
                taken.append(part)
        best = max(best, tuple(taken), key=len)
    return best
