"""Families `table` and `runs`: results side by side, in tables, legends, texts and settings."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from grader.checks.bands import Band, earned, well_formed
from grader.checks.base import Seen, Stopped, check, failed
from grader.checks.drawn import names_it, regex_problem, words
from grader.checks.faults import waiting
from grader.checks.phrases import count, decimal, listed, quoted, share
from grader.checks.requests import execute, find_claims, inspect_source, read_documents
from grader.checks.runs import not_reached
from grader.checks.sections import Apart, Section
from grader.checks.variants import turned, variants
from grader.model.base import Number, Record, to_float
from grader.model.documents import Documents, Table
from grader.model.measurements import Claims, Execution
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from grader.model.evidence import Place, ProbeRequest
    from grader.model.measurements import Claim, FigureSeen
    from grader.model.rubric import Rubric

__all__ = ["RunsCompared", "TableHas"]

REPORTS = ("*.pdf", "*.docx", "*.odt", "*.md", "*.html", "*.tex", "*.txt")

NAMELESS = "{} ({}) does not say in what its rows differ. A person will look."


class TableHas(Record):
    """Parameters of `table.has`."""

    columns: tuple[str, ...] = Field(min_length=1)
    """Regular expressions, each over the names of the columns (or of the rows' first cells)."""
    names: tuple[str, ...] = ()
    """The same in words, in the same order, for the message; empty: the expressions."""
    rows: int = Field(default=1, ge=1)
    """So many rows with numbers, at least."""
    numbers: int = Field(default=1, ge=1)
    """Numbers that a row needs to count."""
    what: str = "the table"
    """In words, for the message."""
    partial: bool = True
    """Whether each column that is there earns its share."""
    settings: tuple[str, ...] = ()
    """Regular expressions over columns that hold settings: only rows that differ in these, or in a
    name, count; epochs of one run do not. Empty: all rows count."""

    @model_validator(mode="after")
    def _patterns_compile(self) -> TableHas:
        if problem := regex_problem((*self.columns, *self.settings)):
            raise ValueError(problem)
        if self.names and len(self.names) != len(self.columns):
            msg = "names are as many as columns, or none"
            raise ValueError(msg)
        return self

    def told(self, patterns: Sequence[str], most: int = 8) -> str:
        """Some of the columns in words."""
        words = dict(zip(self.columns, self.names or quoted(self.columns), strict=True))
        return listed([words[pattern] for pattern in patterns], most=most)


class RunsCompared(Record):
    """Parameters of `runs.compared`. What is counted is the best of all ways that are given."""

    what: str = "runs"
    """What differs between them, in words: `learning rates`."""
    at_least: int = Field(default=2, ge=2)
    patterns: tuple[str, ...] = ()
    """Regular expressions with a group `value`, over stored outputs, markdown, reports, and the
    titles, labels and legends of figures: different numbers count."""
    values: tuple[float, ...] = ()
    """These must be among the numbers."""
    setting: str = ""
    """A setting of optimizers that stepped in the run, such as `lr`: different values count."""
    rows: tuple[str, ...] = ()
    """Regular expressions over column names: the rows of a table that has them all count."""
    settings: tuple[str, ...] = ()
    """Regular expressions over columns that hold settings: only rows that differ in these, or in a
    name, count; epochs of one run do not. Empty: all rows count."""
    about: tuple[str, ...] = ()
    """Regular expressions over what names a figure's axes: different lines of it count."""
    under: str = ""
    """Regular expression over headings: of a notebook that has such a heading, only cells below it
    and its subheadings count; empty: all."""
    apart_from: str = ""
    """Regular expression over headings: cells below such a heading and its subheadings, and what
    follows it in a PDF, do not count, unless nothing else is there."""
    bands: tuple[Band, ...] = ()
    """By the number counted; by default `at_least` earns all."""

    @model_validator(mode="after")
    def _asks_something(self) -> RunsCompared:
        if not (self.patterns or self.setting or self.rows or self.about):
            msg = "say where to count: patterns, setting, rows or about"
            raise ValueError(msg)
        if problem := regex_problem(
            (*self.patterns, *self.rows, *self.settings, *self.about, self.under, self.apart_from)
        ):
            raise ValueError(problem)
        if self.under and self.apart_from:
            msg = "say either what is `under` a heading or what is `apart_from` it"
            raise ValueError(msg)
        for pattern in self.patterns:
            if "value" not in re.compile(pattern).groupindex:
                msg = f"'{pattern}' needs a group (?P<value>…)"
                raise ValueError(msg)
        if self.bands:
            well_formed(self.bands, rising=True)
        return self


def _table_needs(_params: TableHas, _rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (read_documents(), inspect_source())


@check("table.has", TableHas, needs=_table_needs)
def table_has(params: TableHas, seen: Seen) -> CheckResult:
    """Your table shows the results that the assignment asks for."""
    _, documents = seen.measured(read_documents(), Documents)
    expected = f"A table with {count(params.rows, 'row')} or more, and columns for "
    expected += f"{params.told(params.columns)}."
    if not documents.tables:
        return failed(
            f"No table was found: {params.what} should be in an output, a text or a report.",
            expected=expected,
            hint="Show a DataFrame, write a Markdown table, or hand in a CSV file.",
        )
    judged = [(one, *_fit(params, one)) for one in documents.tables]
    table, columns, rows, nameless = max(
        judged, key=lambda one: (len(one[1]) * min(one[2], params.rows), len(one[1]), one[2])
    )
    absent = [pattern for pattern in params.columns if pattern not in columns]
    more: dict[str, Any] = {"expected": expected, "places": (table.place,)}
    if not columns:
        return failed(
            f"None of your {count(len(documents.tables), 'table')} has columns like those of "
            f"{params.what}.",
            expected=expected,
            hint="Name the columns, so that a reader sees what the numbers are.",
        )
    if rows == 0 and nameless:
        return waiting(NAMELESS.format(_begin(params.what), table.place), **more)
    enough = rows >= params.rows
    fraction = Fraction(len(columns), len(params.columns)) * Fraction(min(rows, params.rows))
    fraction /= params.rows
    if not params.partial and (absent or not enough):
        fraction = Fraction(0)
    told = f"{_begin(params.what)} ({table.place}) has {count(rows, 'row')} of numbers"
    if params.settings:
        told += " that differ in their settings"
    if not absent and enough:
        return CheckResult.banded(Fraction(1), f"{told} and all the columns asked for.", **more)
    wrong = [] if enough else [f"{params.rows} rows were asked for"]
    if absent:
        wrong.append(f"it lacks a column for {params.told(absent, most=4)}")
    earns = f" This earns {share(fraction)}." if fraction else ""
    return CheckResult.banded(
        fraction, f"{told}; {' and '.join(wrong)}.{earns}", hint="Complete the table.", **more
    )


def _begin(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}" if text else "It"


def _fit(params: TableHas, table: Table) -> tuple[list[str], int, bool]:
    """The patterns whose column is there, how many rows count, and whether nothing names them.

    The better of both ways of reading it: columns named above, or rows named at their left.
    """
    firsts = [str(row[0]) for row in table.rows if row]
    above = [one for one in params.columns if _named(one, table.columns)]
    left = [one for one in params.columns if _named(one, firsts)]
    names: Sequence[str] = table.columns
    rows: Sequence[Sequence[Number | str]] = table.rows
    numbers = params.numbers
    if len(left) > len(above):
        names, rows = turned(table.columns, table.rows)
        above, numbers = left, 1
    counted = [row for row in rows if sum(map(_is_number, row)) >= numbers]
    if not params.settings:
        return above, len(counted), False
    different = variants(names, counted, params.settings)
    return above, different or 0, different is None and len(counted) >= params.rows


def _named(pattern: str, names: tuple[str, ...] | list[str]) -> bool:
    return any(re.search(pattern, name, re.IGNORECASE) for name in names)


def _is_number(cell: Number | str) -> bool:
    return isinstance(cell, float) and math.isfinite(cell)


def _runs_needs(params: RunsCompared, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    asked: list[ProbeRequest] = []
    if params.patterns:
        asked.append(_claims(params))
    if params.rows or params.under or params.apart_from:
        asked.append(read_documents())
    if params.setting or params.about or params.patterns:
        asked.append(execute(rubric))
    return (*asked, inspect_source())


def _claims(params: RunsCompared) -> ProbeRequest:
    return find_claims(params.what, params.patterns, REPORTS)


@check("runs.compared", RunsCompared, needs=_runs_needs)
def runs_compared(params: RunsCompared, seen: Seen) -> CheckResult:
    """Your runs are compared: as many as the assignment asks for, side by side."""
    ways = list(_ways(params, seen))
    numbers = {value for way in ways for value in way.values}
    absent = [v for v in params.values if not any(math.isclose(v, n) for n in numbers)]
    best = max(ways, key=lambda way: way.number)
    bands = params.bands or (Band(at=Fraction(params.at_least), fraction=Fraction(1)),)
    found = best.number
    if absent:
        found = min(found, len(params.values) - len(absent))
    band = earned(bands, Fraction(found), rising=True)
    fraction = band.fraction if band else Fraction(0)
    if fraction < 1 and (stopped := next((w.stopped for w in ways if w.stopped), None)):
        if stopped.outcome is Outcome.ERROR:
            return stopped
        if found == 0:
            return stopped
    told = f"Found {best.number} different {params.what} {best.how}"
    if best.number == 0:
        told = f"None of the {params.what} was found {best.how}"
    if best.values:
        told += f" ({listed([decimal(value) for value in sorted(best.values)], most=8)})"
    more: dict[str, Any] = {
        "expected": f"At least {params.at_least} {params.what}"
        + (
            f", {listed([decimal(v) for v in params.values])} among them." if params.values else "."
        ),
        "measured": float(found),
        "threshold": float(params.at_least),
        "unit": params.what,
        "places": best.places[:20],
    }
    if fraction == 1:
        return CheckResult.banded(Fraction(1), f"{told}.", **more)
    missing = f"; {listed([decimal(v) for v in absent])} not among them" if absent else ""
    earns = f" This earns {share(fraction)}." if fraction else ""
    return CheckResult.banded(
        fraction,
        f"{told}; {params.at_least} were asked for{missing}.{earns}",
        hint="Show the results of all runs together: one table, or one figure with a legend.",
        **more,
    )


class _Way:
    """What one way of counting found."""

    def __init__(
        self,
        how: str,
        number: int = 0,
        values: frozenset[float] = frozenset(),
        places: tuple[Place, ...] = (),
        stopped: CheckResult | None = None,
    ) -> None:
        self.how = how
        self.number = number
        self.values = values
        self.places = places
        self.stopped = stopped


def _ways(params: RunsCompared, seen: Seen) -> Iterator[_Way]:
    """Count in every way that the rubric names."""
    run, stopped = _run(params, seen)
    section = _section(params, seen)
    figures = list(run.figures if run else ())
    if run and section:
        figures = [one for one in figures if section.holds(run.entry, one.cell)]
    if params.patterns:
        _, found = seen.measured(_claims(params), Claims)
        stated = _stated(found.claims, section)
        values = _values(stated) | _in_figures(params, figures)
        if params.apart_from and not values:
            stated = list(found.claims)
            values = _values(stated) | _in_figures(params, list(run.figures if run else ()))
        places = tuple(dict.fromkeys(claim.place for claim in stated))
        yield _numbers("in your texts and figures", values, places, stopped)
    if params.setting:
        given = (one.settings.get(params.setting) for one in (run.optimizers if run else ()))
        values = {float(v) for v in given if isinstance(v, float) and not isinstance(v, bool)}
        yield _numbers("in the run", values, (), stopped)
    if params.rows:
        yield _rows(params, seen, section)
    if params.about:
        yield _legend(params, figures, stopped)


def _section(params: RunsCompared, seen: Seen) -> Section | Apart | None:
    """What counts; None for all."""
    if not (params.under or params.apart_from):
        return None
    documents = seen.measured(read_documents(), Documents)[1]
    return Section(params.under, documents) if params.under else Apart(params.apart_from, documents)


def _values(claims: list[Claim]) -> set[float]:
    return {to_float(claim.value) for claim in claims}


def _stated(claims: tuple[Claim, ...], section: Section | Apart | None) -> list[Claim]:
    """Those that the section, or what is apart from it, states."""
    if isinstance(section, Apart):
        return [one for one in claims if section.states(one)]
    return [one for one in claims if not section or section.holds(one.place.file, one.place.cell)]


def _run(params: RunsCompared, seen: Seen) -> tuple[Execution | None, CheckResult | None]:
    """The run, and why it or a part of it is missing: other ways may still count."""
    if not (params.setting or params.about or params.patterns):
        return None, None
    try:
        evidence, run = seen.measured(execute(seen.rubric), Execution)
    except Stopped as stopped:
        return None, stopped.result
    return run, not_reached(evidence, run, f"the comparison of {params.what}", seen.source())


def _numbers(
    how: str, values: set[float], places: tuple[Place, ...], stopped: CheckResult | None
) -> _Way:
    finite = frozenset(float(f"{value:.6g}") for value in values if math.isfinite(value))
    return _Way(how, len(finite), finite, places, stopped)


def _in_figures(params: RunsCompared, figures: list[FigureSeen]) -> set[float]:
    """Numbers that titles, labels and legends of figures name."""
    found: set[float] = set()
    for figure in figures:
        for axes in figure.axes:
            text = "; ".join([words(figure, axes), *(line.label for line in axes.lines)])
            for pattern in params.patterns:
                for match in re.finditer(pattern, text, re.IGNORECASE):
                    try:
                        found.add(float(match["value"]))
                    except (TypeError, ValueError):
                        continue
    return found


def _rows(params: RunsCompared, seen: Seen, section: Section | Apart | None) -> _Way:
    _, documents = seen.measured(read_documents(), Documents)
    tables = [
        table
        for table in documents.tables
        if (section is None or section.holds(table.place.file, table.place.cell))
        and all(_named(one, table.columns) for one in params.rows)
    ]
    if not tables:
        return _Way("in a table")
    counted = [(_different(params, table), table) for table in tables]
    number, best = max(counted, key=lambda one: one[0] or 0)
    nameless = next((t for n, t in counted if n is None and len(t.rows) >= params.at_least), None)
    stopped = waiting(NAMELESS.format("A table", nameless.place)) if nameless else None
    return _Way(f"in a table ({best.place})", number or 0, places=(best.place,), stopped=stopped)


def _different(params: RunsCompared, table: Table) -> int | None:
    """Rows of results that count; None where nothing tells them apart."""
    rows = [row for row in dict.fromkeys(table.rows) if any(map(_is_number, row))]
    return variants(table.columns, rows, params.settings) if params.settings else len(rows)


def _legend(params: RunsCompared, figures: list[FigureSeen], stopped: CheckResult | None) -> _Way:
    best = 0
    for figure in figures:
        for axes in figure.axes:
            labels = {line.label for line in axes.lines if not line.label.startswith("_")}
            labels |= set(axes.legend)
            text = "; ".join([words(figure, axes), *labels])
            if names_it(params.about, text):
                best = max(best, len(labels), len(axes.lines) if not labels else 0)
    return _Way("in one figure", best, stopped=stopped)
