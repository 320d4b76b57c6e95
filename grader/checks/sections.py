"""Headings in markdown, and what lies below one, subheadings included. No I/O."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.model.documents import Documents
    from grader.model.measurements import Claim

__all__ = ["Apart", "Section", "headings_in"]

HEADING = re.compile(
    r"^\s{0,3}(?P<level>#{1,6})\s*(?P<text>.+?)\s*#*\s*$|^\s*<h(?P<tag>[1-6])[^>]*>(?P<inner>.+?)</h",
    re.MULTILINE,
)
FENCED = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)", re.MULTILINE | re.DOTALL)
"""Code in a text, whose remarks begin with `#` too."""


def headings_in(text: str) -> Iterator[tuple[int, str]]:
    """Level, 1 to 6, and text of each heading."""
    for found in HEADING.finditer(FENCED.sub("", text)):
        yield int(found["tag"] or len(found["level"])), found["text"] or found["inner"]


class Section:
    """The cells below headings that a pattern matches.

    Args:
        pattern: Regular expression over a heading's text.
        documents: Of the submission.
        until: Regular expression over headings that begin another section: with it, the levels of
            headings say nothing, and a section goes on until the next of these.
    """

    def __init__(self, pattern: str, documents: Documents, until: str = "") -> None:
        self._turns: dict[str, list[tuple[int, bool]]] = {}
        """File → the cells from which on cells lie in the section, or out of it again."""
        self.titles: set[str] = set()
        """Headings that the pattern matches."""
        above: dict[str, list[tuple[int, bool]]] = {}
        for text in documents.texts:
            if text.kind != "markdown" or text.place.cell is None:
                continue
            headings = above.setdefault(text.place.file, [])
            for level, title in headings_in(text.text):
                matches = re.search(pattern, title) is not None
                if until and not matches and not re.search(until, title):
                    continue
                while headings and (until or headings[-1][0] >= level):
                    headings.pop()
                headings.append((level, matches))
                if matches:
                    self.titles.add(title)
            turn = (text.place.cell, any(matches for _, matches in headings))
            self._turns.setdefault(text.place.file, []).append(turn)

    def tells(self, file: str, cell: int | None) -> bool:
        """Whether headings say of a place if it lies in the section."""
        return cell is not None and any(inside for _, inside in self._turns.get(file, []))

    def holds(self, file: str, cell: int | None) -> bool:
        """Whether a place lies in it; any place does in a file without such a heading."""
        return not self.tells(file, cell) or self.below(file, cell)

    def below(self, file: str, cell: int | None) -> bool:
        """Whether a cell lies below such a heading; none does in a file without one."""
        if cell is None:
            return False
        turns = sorted(self._turns.get(file, []))
        before = bisect_right(turns, (cell, True))
        return before > 0 and turns[before - 1][1]


class Apart:
    """What is not of a section: cells outside it, and pages of a PDF before its heading.

    Args:
        pattern: Regular expression over a heading's text.
        documents: Of the submission.
    """

    def __init__(self, pattern: str, documents: Documents) -> None:
        self._section = Section(pattern, documents)
        titles = {_plain(title) for title in self._section.titles}
        self._pages: dict[tuple[str, str], list[str]] = {}
        self._begins: dict[str, tuple[int, int]] = {}
        """PDF → page and line of the last such heading; a list of contents comes before it."""
        for text in documents.texts if titles else ():
            if text.kind != "report" or not text.heading.startswith("page "):
                continue
            lines = [_plain(line) for line in text.text.splitlines()]
            self._pages[text.place.file, text.heading] = lines
            for at, line in enumerate(lines):
                if any(_is_heading(line, title) for title in titles):
                    self._begins[text.place.file] = (int(text.heading[5:]), at)

    def holds(self, file: str, cell: int | None) -> bool:
        """Whether a place lies outside the section."""
        return not self._section.below(file, cell)

    def states(self, claim: Claim) -> bool:
        """Whether it is stated outside the section."""
        place, page = claim.place, claim.page
        if page is None or place.file not in self._begins:
            return self.holds(place.file, place.cell)
        first, begins = self._begins[place.file]
        if page != first:
            return page < first
        said = _plain(claim.text)
        return any(said in line for line in self._pages[place.file, f"page {page}"][:begins])


NUMBERING = 8
"""Characters that a PDF may put before a heading."""


def _plain(text: str) -> str:
    """Without marks that a PDF does not show, or shows otherwise."""
    plain = unicodedata.normalize("NFKC", re.sub(r"[*_`#\u00b6]", "", text))
    return " ".join(plain.split()).casefold()


def _is_heading(line: str, title: str) -> bool:
    before = line.removesuffix(title)
    return line.endswith(title) and len(before) <= NUMBERING and not before.strip(" .0123456789")
