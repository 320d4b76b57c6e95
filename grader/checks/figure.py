"""Family `figure`: what the student drew, by its structure and pixels."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from grader.checks.base import Seen, check, failed
from grader.checks.drawn import largest, shown_figures, where_drawn
from grader.checks.faults import waiting
from grader.checks.history import recorded_lines
from grader.checks.phrases import count, decimal, listed, share
from grader.checks.requests import execute, inspect_source
from grader.checks.runs import not_reached
from grader.model.base import Points, Record, to_float
from grader.model.measurements import Axes, Execution, FigureSeen, LineSeen
from grader.model.scorecard import CheckResult, FigureShown, Flag

if TYPE_CHECKING:
    from grader.model.evidence import Evidence, ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["FigureHas"]

NEARLY = 0.05
"""How much less than asked a curve may span: batches and whole images round its ends."""


class FigureHas(Record):
    """Parameters of `figure.has`."""

    figures: int = Field(default=1, ge=1)
    """How many figures must fit."""
    lines: int = Field(default=0, ge=0)
    """Lines a figure must have at least, over all its axes."""
    length: int = Field(default=2, ge=1)
    """Points a line needs to count as a curve."""
    x_ratio: float = Field(default=0.0, ge=0)
    """How many times a curve's least x its largest is, for `lines` of them: 20 for shares of 5% to
    100%, in whatever unit. A curve that begins at 0 spans enough; for one over 0, 1, 2, …, whose
    labels hide what they stand for, a person looks. 0: any."""
    narrow_fraction: Points = Fraction(1, 2)
    """Share when the curves are there but span less."""
    points: int = Field(default=0, ge=0)
    """Scattered points."""
    images: int = Field(default=0, ge=0)
    together: bool = False
    """Whether images may be spread over several figures; slices of weights are then none."""
    montage: int = Field(default=0, ge=0)
    """Pixels of one picture that may hold all images: a person then looks; 0: none may."""
    bars: int = Field(default=0, ge=0)
    about: tuple[str, ...] = ()
    """Regular expressions, one of which must match a title, label, legend or saved name."""
    not_about: tuple[str, ...] = ()
    """Regular expressions: a figure in which one of them is found is another one."""
    topic: str = ""
    """The same in words, for the message: `the MLP`."""
    axis_labels: bool = False
    legend: bool = False
    title: bool = False
    unlabelled_fraction: Points = Fraction(1, 2)
    """Share when the figure is there but labels, legend or title are missing."""
    history: bool = False
    """Whether a line must show numbers that the run recorded or printed; if none does, a person is
    told."""
    history_fraction: Points = Fraction(1)
    """Share when none does."""

    @model_validator(mode="after")
    def _patterns_compile(self) -> FigureHas:
        for pattern in (*self.about, *self.not_about):
            try:
                re.compile(pattern)
            except re.error as error:
                msg = f"'{pattern}' is not a regular expression: {error}"
                raise ValueError(msg) from error
        if self.x_ratio and not self.lines:
            msg = "x_ratio is of lines: say how many"
            raise ValueError(msg)
        return self


def _needs(_params: FigureHas, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (execute(rubric), inspect_source())


@check("figure.has", FigureHas, needs=_needs)
def figure_has(params: FigureHas, seen: Seen) -> CheckResult:
    """Your figure shows what the assignment asks for, with labels that a reader needs."""
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    fitting = [(i, f) for i, f in enumerate(run.figures) if _drawn(f, params)]
    finished = [
        (i, f) for i, f in fitting if not _unlabelled(f, params) and _span(f, params) == "wide"
    ]
    expected = _expected(params)
    if len(finished) >= params.figures:
        where = listed(
            [where_drawn(run, figure) for _, figure in finished[: params.figures]], most=3
        )
        if params.history and not any(recorded_lines(one, run)[0] for _, one in finished):
            return _not_recorded(
                params, where, expected, shown_figures(evidence, run, (i for i, _ in finished))
            )
        return CheckResult.banded(
            Fraction(1),
            f"Your run drew what was asked for ({where}).",
            expected=expected,
            exhibits=shown_figures(evidence, run, (i for i, _ in finished)),
        )
    if len(fitting) >= params.figures:
        return _lacking(params, evidence, run, fitting, expected)
    if spread := _spread(params, evidence, run, expected):
        return spread
    if stopped := not_reached(evidence, run, "the figure", seen.source()):
        return stopped.model_copy(update={"expected": expected})
    return failed(
        _absent(run, params, len(fitting)),
        expected=expected,
        hint="Draw it with matplotlib, and call plt.show() or savefig.",
        exhibits=shown_figures(evidence, run, range(len(run.figures))),
    )


def _lacking(
    params: FigureHas,
    evidence: Evidence,
    run: Execution,
    fitting: list[tuple[int, FigureSeen]],
    expected: str,
) -> CheckResult:
    """The result of figures that are there, with less than a reader needs."""
    fractions = [(_share_of(figure, params), index) for index, figure in fitting]
    earned, best = sorted(fractions)[-params.figures]
    figure = run.figures[best]
    where = where_drawn(run, figure)
    shown = shown_figures(evidence, run, (i for i, _ in fitting))
    span = _span(figure, params)
    if span == "hidden" or (span == "narrow" and run.clock_ended_training):
        why = "whose numbers stand for something else"
        if span == "narrow":
            why = "which the time for grading may have cut short"
        return waiting(
            f"The figure is there ({where}), over an axis {why}. A person will look whether the "
            "curves span what was asked for.",
            expected=expected,
            exhibits=shown,
        )
    wrong, hints = [], []
    if lacks := _unlabelled(figure, params):
        wrong.append(f"it has {listed(lacks)}")
        hints.append("Use plt.xlabel, plt.ylabel, plt.title and plt.legend.")
    if span == "narrow":
        low, high = _ends(figure, params)
        wrong.append(
            f"its curves span {decimal(low)} to {decimal(high)} on the horizontal axis, where the "
            f"largest was to be {decimal(params.x_ratio)} times the least"
        )
        hints.append("Draw the curves over the whole range that the assignment names.")
    return CheckResult.banded(
        earned,
        f"The figure is there ({where}), but {' and '.join(wrong)}. This earns {share(earned)}.",
        expected=expected,
        hint=" ".join(hints),
        exhibits=shown,
    )


def _share_of(figure: FigureSeen, params: FigureHas) -> Fraction:
    """What a figure earns: as much as the worst of what it lacks leaves."""
    labelled = params.unlabelled_fraction if _unlabelled(figure, params) else Fraction(1)
    return min(labelled, params.narrow_fraction if _span(figure, params) == "narrow" else labelled)


def _spread(
    params: FigureHas, evidence: Evidence, run: Execution, expected: str
) -> CheckResult | None:
    """The result of images over several figures, or in one picture; None without these."""
    spread = [(i, f) for i, f in enumerate(run.figures) if _images(f) and _about(f, params)]
    if params.together and sum(_images(figure) for _, figure in spread) >= params.images:
        where = listed([where_drawn(run, figure) for _, figure in spread], most=3)
        return CheckResult.banded(
            Fraction(1),
            f"Your run drew what was asked for ({where}).",
            expected=expected,
            exhibits=shown_figures(evidence, run, (i for i, _ in spread)),
        )
    if montages := [(i, f) for i, f in spread if params.montage and largest(f) >= params.montage]:
        return waiting(
            f"Your run drew one large picture ({where_drawn(run, montages[0][1])}), which may hold "
            f"{count(params.images, 'image')}. A person will look.",
            expected=expected,
            exhibits=shown_figures(evidence, run, (i for i, _ in montages)),
        )
    return None


def _not_recorded(
    params: FigureHas, where: str, expected: str, shown: tuple[FigureShown, ...]
) -> CheckResult:
    """The figure is there, but no line of it shows numbers that the run recorded."""
    text = f"{where}: no line shows numbers that the run recorded or printed."
    earns = f" This earns {share(params.history_fraction)}." if params.history_fraction < 1 else ""
    return CheckResult.banded(
        params.history_fraction,
        f"Your run drew what was asked for ({where}), but none of its lines shows numbers that "
        f"the run recorded or printed.{earns}",
        expected=expected,
        hint="Plot the lists that the training loop fills, not numbers from another run.",
        exhibits=shown,
        flags=(Flag(code="series_not_recorded", message=text),),
    )


def _drawn(figure: FigureSeen, params: FigureHas) -> bool:
    """Whether a figure has enough in it, over all its axes."""
    return (
        bool(figure.axes)
        and len(_curves(figure, params)) >= params.lines
        and sum(axes.points for axes in figure.axes) >= params.points
        and sum(axes.images for axes in figure.axes) >= params.images
        and sum(axes.bars for axes in figure.axes) >= params.bars
        and _about(figure, params)
    )


def _curves(figure: FigureSeen, params: FigureHas) -> list[LineSeen]:
    lines = (line for axes in figure.axes for line in axes.lines)
    return [line for line in lines if len(line.y) >= params.length]


def _span(figure: FigureSeen, params: FigureHas) -> Literal["wide", "hidden", "narrow"]:
    """Whether enough curves of a figure span what is asked for."""
    if not params.x_ratio:
        return "wide"
    spans = [_span_of(line, params.x_ratio) for line in _curves(figure, params)]
    if spans.count("wide") >= params.lines:
        return "wide"
    return "narrow" if len(spans) - spans.count("narrow") < params.lines else "hidden"


def _span_of(line: LineSeen, ratio: float) -> Literal["wide", "hidden", "narrow"]:
    found = sorted(x for x in map(to_float, line.x) if math.isfinite(x))
    if not found or found in (list(range(len(found))), list(range(1, len(found) + 1))):
        return "hidden"  # an axis of words, or the numbers of the points
    least, largest = found[0], found[-1]
    return "wide" if least <= 0 or largest >= ratio * least * (1 - NEARLY) else "narrow"


def _ends(figure: FigureSeen, params: FigureHas) -> tuple[float, float]:
    """The least and the largest x of a figure's curves."""
    found = [to_float(x) for line in _curves(figure, params) for x in line.x]
    found = [x for x in found if math.isfinite(x)]
    return min(found), max(found)


def _images(figure: FigureSeen) -> int:
    """Images of a figure that are no slices of weights."""
    slices = sum(one.is_of == "parameter" for axes in figure.axes for one in axes.pictures)
    return sum(axes.images for axes in figure.axes) - slices


def _about(figure: FigureSeen, params: FigureHas) -> bool:
    texts = [figure.saved_as]
    for axes in figure.axes:
        texts += [axes.title, axes.x_label, axes.y_label, *axes.legend]
        texts += [line.label for line in axes.lines]

    def found(patterns: tuple[str, ...]) -> bool:
        return any(re.search(one, text, re.IGNORECASE) for one in patterns for text in texts)

    return (not params.about or found(params.about)) and not found(params.not_about)


def _unlabelled(figure: FigureSeen, params: FigureHas) -> list[str]:
    """What a reader misses: judged on axes that hold something."""
    used = [axes for axes in figure.axes if _holds(axes)] or list(figure.axes)
    wrong = []
    if params.axis_labels and not all(axes.x_label and axes.y_label for axes in used):
        wrong.append("no label on an axis")
    if params.legend and not any(axes.legend for axes in used):
        wrong.append("no legend")
    if params.title and not any(axes.title for axes in used):
        wrong.append("no title")
    return wrong


def _holds(axes: Axes) -> bool:
    return bool(axes.lines or axes.images or axes.bars or axes.points)


def _contents(params: FigureHas) -> str:
    wanted = []
    if params.lines:
        wanted.append(f"{count(params.lines, 'line')} of {count(params.length, 'point')} or more")
    if params.points:
        wanted.append(count(params.points, "scattered point"))
    if params.images:
        wanted.append(count(params.images, "image"))
    if params.bars:
        wanted.append(count(params.bars, "bar"))
    return listed(wanted)


def _expected(params: FigureHas) -> str:
    text = count(params.figures, "figure")
    if contents := _contents(params):
        text += f" with at least {contents}"
    if params.x_ratio:
        text += f", the largest x at least {decimal(params.x_ratio)} times the least"
    labels = [("axis labels", params.axis_labels), ("a legend", params.legend)]
    labels.append(("a title", params.title))
    if names := [name for name, asked in labels if asked]:
        text += f"; {listed(names)}"
    return f"{text}."


def _absent(run: Execution, params: FigureHas, fitting: int) -> str:
    if not run.figures:
        return f"{run.entry} ran, but drew no figure."
    drew = f"{run.entry} drew {count(len(run.figures), 'figure')}"
    if fitting:
        return f"{drew}, {fitting} of them as asked for; {params.figures} were asked for."
    anything = params.model_copy(update={"about": (), "not_about": ()})
    if any(_drawn(figure, anything) for figure in run.figures):
        topic = params.topic or "what was asked for"
        return f"{drew}, but none names {topic} in a title, label, legend or file name."
    return f"{drew}, but none with {_contents(params) or 'axes'}."
