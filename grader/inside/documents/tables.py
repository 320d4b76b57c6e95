"""Tables in HTML, Markdown, printed text and CSV, as columns and rows."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Found", "csv_table", "html_tables", "number_of", "printed_arrays", "text_tables"]

Cell = float | str

ROWS = 500
COLUMNS = 200
LEAST = 2
"""A table has at least so many columns and lines."""

RULE = re.compile(r"^[\s|+:=\-\u2500-\u257f]+$")
GAPS = re.compile(r"\s{2,}|\t+")
ARRAY = re.compile(r"\[\[[^\[\]]{1,20000}\](?:[\s,]{0,200}\[[^\[\]]{1,20000}\])+\s{0,200}\]")
"""Such as `[[968 6] [16 977]]`; `tensor(…)` may stand around it."""
ARRAYS_IN_CHARS = 200_000
ROW = re.compile(r"\[([^\[\]]*)\]")
BESIDE = re.compile(r"(?<=[\d%*_`$])\s*(?:±|\+/-|\+-|\\pm|\(|s$|sec$|min$)")
"""What may stand behind a number in its cell: `0.91 ± 0.01`, `0.98 (best)`, `12.3 s`."""
NOT_A_LINE_END = re.compile(r"[^\n]")


@dataclass(frozen=True)
class Found:
    """A table.

    Attributes:
        columns: Its header; empty when it has none.
        rows: Its cells; what reads as a number is one.
        line: From 1, where it begins in its text.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    line: int = 1


def number_of(text: str) -> Cell:
    """A cell that reads as a number is one, a percentage a share; spread, note and unit aside."""
    plain = text.strip()[:300].strip("*_`$ ").replace("\u2212", "-")
    plain = BESIDE.split(plain, maxsplit=1)[0].rstrip("*_`$ ")
    percent = plain.endswith("%")
    plain = plain.rstrip("%").strip()
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"-?\d+,\d+", plain):
        plain = plain.replace(",", ".")
    try:
        value = (
            float(plain)
            if re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?|-?nan|-?inf", plain, re.IGNORECASE)
            else None
        )
    except ValueError:
        value = None
    if value is None:
        return text.strip()[:300]
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value / 100 if percent else value


def _made(header: Sequence[str], rows: Sequence[Sequence[str]], line: int = 1) -> Found | None:
    body = tuple(tuple(number_of(cell) for cell in row[:COLUMNS]) for row in rows[:ROWS])
    columns = tuple(cell.strip()[:300] for cell in header[:COLUMNS])
    if len(columns) < LEAST and all(len(row) < LEAST for row in body):
        return None
    return Found(columns, body, line) if body else None


def text_tables(text: str) -> Iterator[Found]:
    """Tables in Markdown or in what was printed: lines of as many cells each."""
    block: list[list[str]] = []
    begin, ruled = 0, False
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        cells = _cells(line)
        if RULE.match(line) and line.strip():
            ruled = True
            continue
        fits = cells is not None and (not block or abs(len(cells) - len(block[-1])) <= 1)
        if fits and cells is not None:
            begin = begin if block else number
            block.append(cells)
            continue
        if found := _block(block, begin, ruled=ruled):
            yield found
        block, begin, ruled = ([cells], number, False) if cells is not None else ([], 0, False)


def printed_arrays(text: str) -> tuple[list[Found], str]:
    """Two-dimensional arrays of numbers, as numpy and torch print them.

    Returns:
        The arrays, and the text with blanks in their place. None are looked for in a long text.
    """
    arrays: list[Found] = []
    if len(text) > ARRAYS_IN_CHARS:
        return arrays, text
    line = at = 0

    def taken(match: re.Match[str]) -> str:
        nonlocal line, at
        table = _array(match.group())
        if table is None:
            return match.group()
        line, at = line + text.count("\n", at, match.start()), match.start()
        arrays.append(replace(table, line=line + 1))
        return NOT_A_LINE_END.sub(" ", match.group())

    rest = ARRAY.sub(taken, text)
    return arrays, rest


def _array(text: str) -> Found | None:
    """Two dimensions of numbers as numpy and torch print them, rows over several lines included."""
    rows = [re.split(r"[\s,]+", row.strip(" \n,")) for row in ROW.findall(text)]
    whole = len({len(row) for row in rows}) == 1
    if not whole or not all(isinstance(number_of(cell), float) for row in rows for cell in row):
        return None
    return _made((), rows)


def _cells(line: str) -> list[str] | None:
    """The cells of a line, or None where it has fewer than two."""
    stripped = line.strip()
    if stripped.count("|") >= 1 and not stripped.startswith("||"):
        cells = [cell.strip() for cell in stripped.strip("|").split("|")]
    elif "\u2502" in stripped:
        cells = [cell.strip() for cell in stripped.strip("\u2502").split("\u2502")]
    else:
        cells = [cell.strip() for cell in GAPS.split(stripped)]
    return cells if len(cells) >= LEAST and any(cells) else None


def _block(block: list[list[str]], line: int, *, ruled: bool) -> Found | None:
    """A block of lines as a table, when it looks like one: a rule, or a column of numbers."""
    if len(block) < LEAST:
        return None
    first, rest = block[0], block[1:]
    has_header = not any(isinstance(number_of(cell), float) for cell in first if cell)
    numeric = [sum(isinstance(number_of(c), float) for c in row) for row in rest]
    if not ruled and not all(numeric):
        return None
    if len(first) < max(len(row) for row in rest) and has_header:
        first = [""] * (len(rest[0]) - len(first)) + first  # pandas prints an index without a name
    return _made(first, rest, line) if has_header else _made((), block, line)


def csv_table(text: str) -> Found | None:
    """A CSV or TSV file."""
    sample = text[:4096]
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(sample, delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        rows = [row for row in csv.reader(io.StringIO(text), dialect) if row][: ROWS + 1]
    except csv.Error:
        return None
    if len(rows) < LEAST:
        return None
    header = not any(isinstance(number_of(cell), float) for cell in rows[0] if cell)
    return _made(rows[0], rows[1:]) if header else _made((), rows)


class _Reader(HTMLParser):
    """Collects rows of tables; nested ones are read as their own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[tuple[bool, list[str]]]] = []
        self._open: list[list[tuple[bool, list[str]]]] = []
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "table":
            self._open.append([])
        elif tag == "tr" and self._open:
            self._open[-1].append((True, []))
        elif tag in {"td", "th"} and self._open and self._open[-1]:
            head, cells = self._open[-1][-1]
            self._open[-1][-1] = (head and tag == "th", cells)
            self._cell = []

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"} and self._cell is not None and self._open and self._open[-1]:
            self._open[-1][-1][1].append(" ".join("".join(self._cell).split()))
            self._cell = None
        elif tag == "table" and self._open:
            self.tables.append(self._open.pop())


def html_tables(text: str) -> Iterator[Found]:
    """Tables of an HTML text, such as pandas writes."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    for rows in reader.tables:
        heads = [cells for head, cells in rows if head and cells]
        body = [cells for head, cells in rows if not head and cells]
        if found := _made(heads[0] if heads else (), body):
            yield found
