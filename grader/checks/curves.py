"""Family `curves`: learning curves of several kinds, together in a figure or each in its own."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from grader.checks.base import Seen, check, failed
from grader.checks.drawn import names_it, regex_problem, shown_figures, where_drawn, words
from grader.checks.faults import waiting
from grader.checks.phrases import count, listed, share
from grader.checks.requests import execute, inspect_source, read_documents
from grader.checks.runs import not_reached
from grader.checks.sections import Section
from grader.model.base import Points, Record
from grader.model.documents import Documents
from grader.model.measurements import Execution
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from grader.model.base import Number
    from grader.model.evidence import ProbeRequest
    from grader.model.measurements import Axes, FigureSeen, LineSeen
    from grader.model.rubric import Rubric

__all__ = ["CurvesDrawn"]

Names = dict[str, tuple[str, ...]]
Cell = tuple[str, str]
"""A kind and a part: `("loss", "training")`."""

LOSS = (r"loss", r"cross.?entropy", r"(?<![a-z])(?:nll|ce|cost)(?![a-z])")
ACCURACY = (r"acc(?!ord|ess|um|ept|el)", r"(?:share|fraction|percent\w*|%) (?:right|correct)")
TRAINING = (r"train", r"(?<![a-z])trn?(?![a-z])")
HELD_OUT = (
    r"val(?!ue)",
    r"(?<!la)(?<!con)test",
    r"(?<![a-z])(?:te|ts|tst|dev)(?![a-z])",
    r"h[eo]ld.?out|unseen",
)
TOLD_APART = 3
"""Values of a line that is taken for the same when it is drawn again; shorter ones may agree."""


class CurvesDrawn(Record):
    """Parameters of `curves.drawn`: each part of each kind earns its share."""

    kinds: Names = Field(default={"loss": LOSS, "accuracy": ACCURACY}, min_length=1)
    """Kinds of curves, each with the regular expressions that name it in a line's label, an axis
    label, a title or a file name; the first of these texts that tells one kind decides."""
    parts: Names = Field(default={"training": TRAINING, "validation": HELD_OUT}, min_length=1)
    """Likewise the data that a line is measured on."""
    nets: int = Field(default=1, ge=1)
    """Of so many nets each curve must be there: different lines count."""
    length: int = Field(default=2, ge=1)
    """Values of a curve; one is enough where the run's training was ended early."""
    under: str = ""
    """Regular expression over headings: of a notebook that has such a heading, the cells from there
    to the next heading of `until` count; empty: all."""
    until: str = ""
    """Regular expression over headings that begin another part; empty: any that is not below."""
    about: tuple[str, ...] = ()
    """Regular expressions: axes that one of them names count in whatever cell they are."""
    not_about: tuple[str, ...] = ()
    """Regular expressions: where no heading tells, axes that one of them names show another net."""
    axis_labels: bool = False
    legend: bool = False
    """Whether a reader must be told which line is which; a title does that for a single line."""
    unlabelled_fraction: Points = Fraction(1, 2)
    """Share of a curve that is there without what a reader needs."""

    @model_validator(mode="after")
    def _patterns_compile(self) -> CurvesDrawn:
        named = [
            one for names in (self.kinds, self.parts) for ones in names.values() for one in ones
        ]
        problem = regex_problem((*named, self.under, self.until, *self.about, *self.not_about))
        if problem:
            raise ValueError(problem)
        return self


@dataclass(frozen=True)
class _Line:
    """A line that is long enough.

    Attributes:
        figure: Its figure's number in the run.
        kind: Of the rubric's, or empty where none is named.
        part: Likewise.
        labelled: Whether a reader finds what the rubric asks for.
        y: Its values.
    """

    figure: int
    kind: str
    part: str
    labelled: bool
    y: tuple[Number, ...]


def _needs(params: CurvesDrawn, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    documents = (read_documents(),) if params.under else ()
    return (*documents, execute(rubric), inspect_source())


@check("curves.drawn", CurvesDrawn, needs=_needs)
def curves_drawn(params: CurvesDrawn, seen: Seen) -> CheckResult:
    """Your figures show all the learning curves that the assignment asks for."""
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    found, unclear = _sorted(_lines(params, run, _section(params, seen)))
    wanted = [(kind, part) for kind in params.kinds for part in params.parts]
    taken = {cell: found[cell][: params.nets] for cell in wanted}
    lines = [line for ones in taken.values() for line in ones]
    missing = len(wanted) * params.nets - len(lines)
    earned = sum(
        (Fraction(1) if line.labelled else params.unlabelled_fraction for line in lines),
        Fraction(0),
    )
    fraction = earned / (len(wanted) * params.nets)
    figures = sorted({line.figure for line in lines})
    where = listed([where_drawn(run, run.figures[one]) for one in figures], most=3)
    expected = _expected(params)
    exhibits = shown_figures(evidence, run, figures or range(len(run.figures)))
    if fraction == 1:
        return CheckResult.banded(
            fraction,
            f"Your run drew what was asked for ({where}).",
            expected=expected,
            exhibits=exhibits,
        )
    stopped = not_reached(evidence, run, "the figure", seen.source()) if missing else None
    if stopped and (not lines or stopped.outcome in {Outcome.ERROR, Outcome.PENDING}):
        return stopped.model_copy(update={"expected": expected})
    told = [f"{where} {'shows' if len(figures) == 1 else 'show'} curves"] if lines else []
    if missing:
        told.append(f"not found: {listed(_absent(params, taken), most=8)}")
    doubts = []
    if missing and unclear >= missing:
        doubts.append(f"{count(unclear, 'line')} may be what is missing, but nothing names them so")
    elif missing and all(taken.values()) and (others := _others(run, seen)):
        doubts.append(f"{listed(others, most=3)} may draw the others, and ran only where imported")
    if doubts:
        return waiting(
            f"{_sentence([*told, *doubts])} A person will look.",
            expected=expected,
            exhibits=exhibits,
        )
    if any(not line.labelled for line in lines):
        told.append("labels or a legend that a reader needs are missing")
    if not run.figures:
        told = [f"{run.entry} ran, but drew no figure"]
    earns = f" This earns {share(fraction)}." if fraction else ""
    hint = (
        "Plot the lists that the training loop fills, and name each line and axis: plt.xlabel, "
        "plt.ylabel, plt.title, plt.legend."
    )
    if not fraction:
        return failed(_sentence(told), expected=expected, hint=hint, exhibits=exhibits)
    return CheckResult.banded(
        fraction, f"{_sentence(told)}{earns}", expected=expected, hint=hint, exhibits=exhibits
    )


def _others(run: Execution, seen: Seen) -> list[str]:
    """Notebooks and scripts beside the one that was run: another net may be trained there."""
    source = seen.source()
    return [one.path for one in source.files if one.path != run.entry] if source else []


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper() if text.startswith('not') else text[0]}{text[1:]}."


def _section(params: CurvesDrawn, seen: Seen) -> Section | None:
    if not params.under:
        return None
    documents = seen.measured(read_documents(), Documents)[1]
    return Section(params.under, documents, params.until)


def _lines(params: CurvesDrawn, run: Execution, section: Section | None) -> Iterator[_Line]:
    """Every line that may be one of the curves."""
    early = run.budget_ended_training or run.clock_ended_training
    length = 1 if early else params.length
    for number, figure in enumerate(run.figures):
        for axes in figure.axes:
            lines = [line for line in axes.lines if len(line.y) >= length]
            if lines and _counts(params, run, section, figure, axes):
                yield from _read(params, number, figure, axes, lines)


def _counts(
    params: CurvesDrawn, run: Execution, section: Section | None, figure: FigureSeen, axes: Axes
) -> bool:
    """Whether axes belong to what is asked about, by their cell or by what names them."""
    above = axes.title or figure.axes[0].title  # where a title over all axes is kept
    text = "; ".join([words(figure, axes), above, *(line.label for line in axes.lines)])
    told = section is not None and section.tells(run.entry, figure.cell)
    if told and section is not None and section.holds(run.entry, figure.cell):
        return True
    if params.about and names_it(params.about, text):
        return True
    return not told and not (params.not_about and names_it(params.not_about, text))


def _read(
    params: CurvesDrawn, number: int, figure: FigureSeen, axes: Axes, lines: list[LineSeen]
) -> Iterator[_Line]:
    """What the lines of one set of axes are."""
    labels = [line.label for line in lines]
    if not any(labels) and len(axes.legend) == len(lines):
        labels = list(axes.legend)  # plt.legend([...])
    around = (axes.y_label, axes.title, axes.x_label, figure.saved_as.rpartition("/")[2])
    kinds = [_only(params.kinds, label, *around) for label in labels]
    parts = [_only(params.parts, label) for label in labels]
    named = [bool(part) for part in parts]
    bare = [not parts[i] and not _says_more(params, labels[i]) for i in range(len(lines))]
    told = _only(params.parts, *around)
    first = next(iter(params.parts))
    generic = told == first and sum(bare) > 1  # "training curves" are not all of training data
    for i, line in enumerate(lines):
        if told and not generic and not parts[i]:
            parts[i], named[i] = told, len(lines) == 1
        elif bare[i] and not _level(line):
            alike = [parts[j] for j in range(len(lines)) if j != i and kinds[j] == kinds[i]]
            parts[i] = min(params.parts, key=alike.count)
            named[i] = len(lines) == 1
    legend = any(one.legend for one in figure.axes)
    by_axes = bool(axes.y_label) and any(one.x_label for one in figure.axes)
    for i, line in enumerate(lines):
        readable = legend or (len(lines) == 1 and named[i])
        labelled = (by_axes or not params.axis_labels) and (readable or not params.legend)
        if parts[i] or not _level(line):
            yield _Line(number, kinds[i], parts[i], labelled, line.y)


def _only(names: Names, *texts: str) -> str:
    """The one name that the first telling text tells; a text that tells several tells nothing."""
    for text in texts:
        told = [name for name, patterns in names.items() if text and names_it(patterns, text)]
        if len(told) == 1:
            return told[0]
    return ""


def _says_more(params: CurvesDrawn, label: str) -> bool:
    """Whether a label names something beside a kind: `lr=0.1`, but not `loss`."""
    for patterns in params.kinds.values():
        for pattern in patterns:
            label = re.sub(pattern, "", label, flags=re.IGNORECASE)
    return any(letter.isalnum() for letter in label)


def _level(line: LineSeen) -> bool:
    """Whether it may be a mark across the axes, as `axhline` draws it."""
    return list(line.x) == [0, 1] and len(set(line.y)) == 1


def _sorted(lines: Iterable[_Line]) -> tuple[dict[Cell, list[_Line]], int]:
    """Different lines of each kind and part, the labelled ones first, and how many are neither."""
    found: dict[Cell, list[_Line]] = defaultdict(list)
    unclear: set[tuple[Number, ...]] = set()
    for line in sorted(lines, key=lambda one: not one.labelled):
        if not (line.kind and line.part):
            unclear.add(line.y)
            continue
        before = found[line.kind, line.part]
        if len(line.y) < TOLD_APART or all(line.y != one.y for one in before):
            before.append(line)
    return found, len(unclear)


def _absent(params: CurvesDrawn, taken: dict[Cell, list[_Line]]) -> list[str]:
    """`the accuracy on training data`, `… for 1 of 2 nets`."""
    named = []
    for (kind, part), lines in taken.items():
        if lacking := params.nets - len(lines):
            of = f" for {lacking} of {count(params.nets, 'net')}" if params.nets > 1 else ""
            named.append(f"{kind} of {part}{of}")
    return named


def _expected(params: CurvesDrawn) -> str:
    text = f"Curves of {listed(params.kinds)}, each for {listed(params.parts)}"
    if params.nets > 1:
        text += f", of {count(params.nets, 'net')}"
    asked = [
        name
        for name, on in (("axis labels", params.axis_labels), ("a legend", params.legend))
        if on
    ]
    return f"{text}; {listed(asked)}." if asked else f"{text}."
