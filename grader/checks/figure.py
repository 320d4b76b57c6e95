"""Family `figure`: what the student drew, by its structure and pixels."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from grader.checks.base import Seen, check, failed
from grader.checks.drawn import largest, shown_figures, where_drawn
from grader.checks.faults import waiting
from grader.checks.history import recorded_lines
from grader.checks.phrases import count, listed, share
from grader.checks.requests import execute, inspect_source
from grader.checks.runs import not_reached
from grader.model.base import Points, Record
from grader.model.measurements import Axes, Execution, FigureSeen
from grader.model.scorecard import CheckResult, FigureShown, Flag

if TYPE_CHECKING:
    from grader.model.evidence import Evidence, ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["FigureHas"]


class FigureHas(Record):
    """Parameters of `figure.has`."""

    figures: int = Field(default=1, ge=1)
    """How many figures must fit."""
    lines: int = Field(default=0, ge=0)
    """Lines a figure must have at least, over all its axes."""
    length: int = Field(default=2, ge=1)
    """Points a line needs to count as a curve."""
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
        return self


def _needs(_params: FigureHas, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (execute(rubric), inspect_source())


@check("figure.has", FigureHas, needs=_needs)
def figure_has(params: FigureHas, seen: Seen) -> CheckResult:
    """Your figure shows what the assignment asks for, with labels that a reader needs."""
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    fitting = [(i, f) for i, f in enumerate(run.figures) if _drawn(f, params)]
    finished = [(i, f) for i, f in fitting if not _unlabelled(f, params)]
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
        figure = (
            fitting[-1][1]
            if not finished
            else next(f for _, f in fitting if _unlabelled(f, params))
        )
        return CheckResult.banded(
            params.unlabelled_fraction,
            f"The figure is there ({where_drawn(run, figure)}), but it has "
            f"{listed(_unlabelled(figure, params))}. "
            f"This earns {share(params.unlabelled_fraction)}.",
            expected=expected,
            hint="Use plt.xlabel, plt.ylabel, plt.title and plt.legend.",
            exhibits=shown_figures(evidence, run, (i for i, _ in fitting)),
        )
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
    lines = sum(len(line.y) >= params.length for axes in figure.axes for line in axes.lines)
    return (
        bool(figure.axes)
        and lines >= params.lines
        and sum(axes.points for axes in figure.axes) >= params.points
        and sum(axes.images for axes in figure.axes) >= params.images
        and sum(axes.bars for axes in figure.axes) >= params.bars
        and _about(figure, params)
    )


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
