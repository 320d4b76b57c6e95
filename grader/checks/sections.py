"""Headings in markdown, and the cells that lie below one, subheadings included. No I/O."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.model.documents import Documents

__all__ = ["Section", "headings_in"]

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
    """

    def __init__(self, pattern: str, documents: Documents) -> None:
        self._turns: dict[str, list[tuple[int, bool]]] = {}
        """File → the cells from which on cells lie in the section, or out of it again."""
        above: dict[str, list[tuple[int, bool]]] = {}
        for text in documents.texts:
            if text.kind != "markdown" or text.place.cell is None:
                continue
            headings = above.setdefault(text.place.file, [])
            for level, title in headings_in(text.text):
                while headings and headings[-1][0] >= level:
                    headings.pop()
                headings.append((level, re.search(pattern, title) is not None))
            turn = (text.place.cell, any(matches for _, matches in headings))
            self._turns.setdefault(text.place.file, []).append(turn)

    def holds(self, file: str, cell: int | None) -> bool:
        """Whether a place lies in it; any place does in a file without such a heading."""
        turns = sorted(self._turns.get(file, []))
        inside = any(within for _, within in turns)
        return cell is None or not inside or self.below(file, cell)

    def below(self, file: str, cell: int) -> bool:
        """Whether a cell lies below such a heading; none does in a file without one."""
        turns = sorted(self._turns.get(file, []))
        before = bisect_right(turns, (cell, True))
        return before > 0 and turns[before - 1][1]
