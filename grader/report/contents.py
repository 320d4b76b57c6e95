"""What a report is made from, prepared once for all exporters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import grader
from grader.report.audience import Audience, View, view
from grader.report.names import file_names
from grader.report.text import one_line

if TYPE_CHECKING:
    from grader.model.scorecard import Scorecard
    from grader.model.submission import Unreadable

__all__ = ["Contents", "Exporter", "Pixels", "prepare"]

Pixels = Callable[[str], tuple[int, int, bytes] | None]
"""SHA-256 of a captured figure → height, width and RGB bytes, or None when it is not kept."""


@dataclass(frozen=True)
class Contents:
    """Everything an exporter may use. Sorted, so that equal inputs give equal bytes.

    Attributes:
        overview: What `index.html`, `grades.*` and `junit.xml` show of each submission.
        feedback: What each feedback page shows, in the same order.
        unreadable: What could not be read at all.
        pages: (assignment, submission) → the feedback page's path within the report.
        pixels: Where captured figures are found.
        title: Heading of the overview.
        generated_by: Name and version of the grader.
    """

    overview: tuple[View, ...]
    feedback: tuple[View, ...]
    unreadable: tuple[Unreadable, ...]
    pages: Mapping[tuple[str, str], str]
    pixels: Pixels
    title: str
    generated_by: str

    @property
    def assignments(self) -> tuple[str, ...]:
        """The assignments in this report, usually one."""
        found = {v.scorecard.assignment for v in self.overview}
        return tuple(sorted(found | {u.assignment for u in self.unreadable}))

    def page(self, scorecard: Scorecard) -> str:
        """Path of a submission's feedback page within the report."""
        return self.pages[scorecard.assignment, scorecard.submission]


class Exporter(Protocol):
    """One format: which files it writes, and their bytes. No I/O, no clock."""

    def __call__(self, contents: Contents) -> Iterator[tuple[str, bytes]]:
        """Yield (path within the report, bytes)."""
        ...


def prepare(
    scorecards: Iterable[Scorecard],
    unreadable: Iterable[Unreadable],
    *,
    pixels: Pixels,
    audience: Audience,
    overview: Audience,
    title: str = "",
) -> Contents:
    """Sort, filter and name everything."""
    cards = sorted(scorecards, key=lambda card: (card.assignment, card.submission))
    lost = sorted(unreadable, key=lambda u: (u.assignment, u.name, u.message))
    several = len({card.assignment for card in cards}) > 1
    names = {
        (card.assignment, card.submission): f"{card.assignment}/{card.submission}"
        if several
        else card.submission
        for card in cards
    }
    files = file_names(names.values())
    titles = sorted({one_line(card.title) for card in cards})
    return Contents(
        overview=tuple(view(card, overview) for card in cards),
        feedback=tuple(view(card, audience) for card in cards),
        unreadable=tuple(lost),
        pages={key: f"feedback/{files[name]}.html" for key, name in names.items()},
        pixels=pixels,
        title=title or _heading(titles),
        generated_by=f"grader {grader.__version__}",
    )


def _heading(titles: Sequence[str]) -> str:
    """The one assignment's title, or how many there are: their sections carry theirs."""
    return titles[0] if len(titles) == 1 else f"{len(titles)} assignments" if titles else "Grades"
