"""Probe `read_documents`: stored outputs, texts, tables and reports, read and never run."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any

from ..documents.reports import CONVERTED, REPORTS, Unreadable, pages_of, report_files
from ..documents.tables import Found, csv_table, html_tables, printed_arrays, text_tables
from ..protocol import encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..reply import Reply
    from ..session import Session
    from ..source.sources import Source

__all__ = ["read_documents"]

TEXTS = 2000
TABLES = 200
ARRAYS = 40
"""Printed arrays that are kept, the latest."""
TEXT_CHARS = 20_000
ROOM_BYTES = 3_500_000
"""Of JSON, for all texts, and for all tables: both fit into one frame."""
CHARACTER_BYTES = 6
"""Of JSON, at most."""
HEADING = re.compile(r"^\s{0,3}#{1,6}\s*(.+?)\s*#*\s*$", re.MULTILINE)

Place = dict[str, Any]
Piece = tuple[Place, str, str, str]
"""Place, kind, text, nearest heading."""


class _Collected:
    """Texts and tables, up to what a reply has room for."""

    def __init__(self) -> None:
        self.texts: list[dict[str, Any]] = []
        self.tables: list[dict[str, Any]] = []
        self._arrays: deque[tuple[Place, Found]] = deque(maxlen=ARRAYS)
        self._texts_left = self._tables_left = ROOM_BYTES

    def text(self, place: Place, kind: str, text: str, heading: str) -> None:
        """Add a text, shortened."""
        if len(self.texts) >= TEXTS or not text.strip():
            return
        entry = {"place": place, "kind": kind, "text": text[:TEXT_CHARS], "heading": heading[:300]}
        if len(encoded(entry)) > self._texts_left:
            entry["text"] = text[: min(TEXT_CHARS, self._texts_left // CHARACTER_BYTES)]
        size = len(encoded(entry))
        if size <= self._texts_left:
            self._texts_left -= size
            self.texts.append(entry)

    def tables_in(self, place: Place, text: str, *, lines: bool = False) -> None:
        """Add a text's tables; its arrays wait, since debugging prints many.

        Args:
            place: Of the text.
            text: As it was read.
            lines: Whether its lines are those of the place.
        """
        arrays, rest = printed_arrays(text)

        def at(found: Found) -> Place:
            return {**place, "line": found.line} if lines else place

        for table in text_tables(rest):
            self.add(at(table), [table])
        self._arrays.extend((at(array), array) for array in arrays)

    def close(self) -> None:
        """Add the latest arrays, where there is room."""
        for place, array in self._arrays:
            self.add(place, [array])

    def add(self, place: Place, found: Iterable[Found]) -> None:
        """Add tables that there is room for, each once."""
        for table in found:
            if len(self.tables) >= TABLES:
                return
            rows = [list(row) for row in table.rows]
            entry = {"place": place, "columns": list(table.columns), "rows": rows}
            size = len(encoded(entry))
            if size <= self._tables_left and entry not in self.tables:
                self._tables_left -= size
                self.tables.append(entry)


def read_documents(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: Documents."""
    del params
    found = _Collected()
    images = 0
    for source in session.sources().files:
        images += sum(cell.images for cell in source.cells)
        for place, kind, text, heading in _of_notebook(source):
            found.text(place, kind, text, heading)
            found.tables_in(place, text)
        for cell in source.cells:
            place = {"file": source.path[:400], "cell": cell.number, "line": None}
            for markup in cell.html:
                found.add(place, html_tables(markup))
    reports, pages = [], 0
    for path in report_files(session.root):
        name = path.relative_to(session.root).as_posix()[:400]
        try:
            read = pages_of(path)
        except Unreadable as error:
            reply.remark("document.unreadable", f"{name} cannot be read: {error}", _at(name))
            continue
        _of_file(found, name, path.suffix.lower(), read)
        if path.suffix.lower() in REPORTS:
            reports.append(name)
        pages += len(read) if path.suffix.lower() == ".pdf" else 0
    found.close()
    reply.payload = {
        "texts": found.texts,
        "tables": found.tables,
        "stored_images": images,
        "reports": reports[:100],
        "pages": pages,
    }


def _of_file(found: _Collected, name: str, suffix: str, pages: list[str]) -> None:
    """Texts and tables of a report or a plain file."""
    if suffix in {".csv", ".tsv"}:
        if table := csv_table(pages[0]):
            found.add(_at(name), [table])
        return
    for number, text in enumerate(pages, start=1):
        label = f"page {number}" if suffix == ".pdf" else ""
        found.text(_at(name), "report" if suffix in REPORTS else "text", text, label)
        found.tables_in(_at(name), text, lines=suffix not in CONVERTED)


def _at(name: str) -> Place:
    return {"file": name, "cell": None, "line": None}


def _of_notebook(source: Source) -> Iterator[Piece]:
    """Markdown cells and stored outputs, each with the nearest heading above it."""
    heading = ""
    for cell in source.cells:
        place = {"file": source.path[:400], "cell": cell.number, "line": None}
        if cell.kind == "markdown":
            found = HEADING.findall(cell.text)
            yield place, "markdown", cell.text, found[0] if found else heading
            heading = found[-1] if found else heading
        for output in cell.outputs:
            yield place, "output", output, heading
