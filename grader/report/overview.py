"""`index.html`: the class overview for the staff."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.checks.findings import FAMILY
from grader.model.outcome import Outcome
from grader.report.charts.bars import histogram, in_words, stack
from grader.report.outcomes import WORDS
from grader.report.pages import Uids, render
from grader.report.points import as_number, settled, worth_points

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

    from grader.model.scorecard import Flag, Scorecard
    from grader.model.submission import Unreadable
    from grader.report.contents import Contents

__all__ = ["overview"]


@dataclass(frozen=True)
class Rate:
    """How one criterion went over the class."""

    task: str
    title: str
    bar: Markup
    earned: float
    """Mean share of the points, over submissions where it is decided."""
    counts: str
    decided: int


@dataclass(frozen=True)
class Mishap:
    """An error of ours: several submissions may share it."""

    criterion: str
    message: str
    hint: str
    cards: tuple[Scorecard, ...]


@dataclass(frozen=True)
class Column:
    """A task that carries points, as a column of the table."""

    id: str
    title: str
    label: str
    """The id without what all tasks' ids begin with."""


@dataclass(frozen=True)
class Class:
    """One assignment's submissions and what they amount to."""

    number: int
    title: str
    cards: tuple[Scorecard, ...]
    columns: tuple[Column, ...]
    rates: tuple[Rate, ...]
    histogram: Markup | None
    mishaps: tuple[Mishap, ...]
    pending: tuple[tuple[str, int], ...]
    """Criterion → how many submissions wait for a person."""
    flagged: tuple[tuple[str, tuple[tuple[Scorecard, Flag], ...]], ...]
    """Code → who has it."""
    findings: tuple[tuple[str, tuple[Scorecard, ...]], ...]
    """What was found → in whose submissions, the most frequent first."""
    unreadable: tuple[Unreadable, ...]

    @property
    def feedback_only(self) -> bool:
        """Whether no submission here carries points."""
        return bool(self.cards) and all(card.feedback_only for card in self.cards)

    @property
    def named(self) -> bool:
        """Whether any team has a name besides its submission's."""
        return any(card.team not in {"", card.submission} for card in self.cards)

    @property
    def mean(self) -> Fraction:
        """Of the points so far."""
        return sum((card.points for card in self.cards), Fraction(0)) / max(len(self.cards), 1)

    @property
    def median(self) -> Fraction:
        """Of the points so far."""
        return statistics.median([card.points for card in self.cards] or [Fraction(0)])

    @property
    def most(self) -> Fraction:
        """Points possible, without bonus."""
        return max((card.max_points for card in self.cards), default=Fraction(0))

    @property
    def provisional(self) -> int:
        """Submissions whose scorecards may still change."""
        return sum(card.status.value == "provisional" for card in self.cards)

    def task_points(self, card: Scorecard) -> list[Fraction | None]:
        """Points of a submission for each column; None where nothing is decided yet."""
        found = {task.id: settled(task) for task in card.tasks}
        return [found.get(column.id) for column in self.columns]


def overview(contents: Contents) -> Iterator[tuple[str, bytes]]:
    """Write the overview."""
    uids = Uids()
    groups = [
        _group(number, assignment, contents, uids)
        for number, assignment in enumerate(contents.assignments, 1)
    ]
    written = {contents.page(seen.scorecard) for seen in contents.feedback}
    page = render(
        "index.html.j2",
        script=True,
        title=contents.title,
        groups=groups,
        page=contents.page,
        written=written,
        words=WORDS,
        outcomes=list(Outcome),
        whole=all(seen.whole for seen in contents.overview),
        self_check=any(s.scorecard.provenance.self_check for s in contents.overview),
        generated_by=contents.generated_by,
    )
    yield "index.html", page


def _group(number: int, assignment: str, contents: Contents, uids: Uids) -> Class:
    cards = tuple(
        seen.scorecard for seen in contents.overview if seen.scorecard.assignment == assignment
    )
    most = max((card.max_points for card in cards), default=Fraction(0))
    titles: dict[str, str] = {}
    worth: set[str] = set()
    for card in cards:
        for task in card.tasks:
            titles.setdefault(task.id, task.title)
            worth |= {task.id} if worth_points(task) else set()
    shared = _shared_prefix(list(titles))
    columns = [
        Column(name, title, name.removeprefix(shared))
        for name, title in titles.items()
        if name in worth
    ]
    points = [as_number(card.points) for card in cards]
    return Class(
        number=number,
        title=cards[0].title if cards else assignment,
        cards=cards,
        columns=tuple(columns),
        rates=_rates(cards, shared, uids),
        histogram=histogram(points, as_number(most), uids()),
        mishaps=_mishaps(cards),
        pending=_pending(cards),
        flagged=_flagged(cards),
        findings=_findings(cards),
        unreadable=tuple(u for u in contents.unreadable if u.assignment == assignment),
    )


def _shared_prefix(names: Sequence[str]) -> str:
    """`digits.` of `digits.mlp, digits.cnn`; nothing of `2.1, 2.2`, which are numbers."""
    firsts = {name.partition(".")[0] + "." for name in names}
    if len(firsts) == 1 and len(names) > 1:
        (first,) = firsts
        if first[0].isalpha() and all(len(name) > len(first) for name in names):
            return first
    return ""


def _rates(cards: Sequence[Scorecard], shared: str, uids: Uids) -> tuple[Rate, ...]:
    counts: dict[str, Counter[Outcome]] = {}
    titles: dict[str, str] = {}
    shares: dict[str, list[Fraction]] = {}
    for card in cards:
        for task in card.tasks:
            for criterion in task.criteria:
                name = f"{task.id}/{criterion.id}"
                counts.setdefault(name, Counter())[criterion.outcome] += 1
                titles.setdefault(name, criterion.title or criterion.id)
                earned = shares.setdefault(name, [])
                if criterion.outcome.decided and criterion.max_points:
                    earned.append(criterion.points / criterion.max_points)
    return tuple(
        Rate(
            task=name.split("/")[0].removeprefix(shared),
            title=titles[name],
            bar=stack(of_this, titles[name], uids()),
            earned=float(sum(shares[name], Fraction(0)) / max(len(shares[name]), 1)),
            counts=in_words(of_this),
            decided=len(shares[name]),
        )
        for name, of_this in counts.items()
    )


def _mishaps(cards: Sequence[Scorecard]) -> tuple[Mishap, ...]:
    found: dict[tuple[str, str, str], list[Scorecard]] = {}
    for card in cards:
        for task in card.tasks:
            for criterion in task.criteria:
                if criterion.outcome is Outcome.ERROR:
                    name = f"{task.id}/{criterion.id}"
                    key = (name, criterion.result.message, criterion.result.hint)
                    found.setdefault(key, []).append(card)
    return tuple(Mishap(*key, cards=tuple(of_this)) for key, of_this in found.items())


def _flagged(
    cards: Sequence[Scorecard],
) -> tuple[tuple[str, tuple[tuple[Scorecard, Flag], ...]], ...]:
    found: dict[str, list[tuple[Scorecard, Flag]]] = {}
    for card in cards:
        for flag in card.flags:
            if flag.code == "not_graded":  # shown as our errors
                continue
            found.setdefault(flag.code, []).append((card, flag))
    return tuple((code, tuple(of_this)) for code, of_this in sorted(found.items()))


def _findings(cards: Sequence[Scorecard]) -> tuple[tuple[str, tuple[Scorecard, ...]], ...]:
    found: dict[str, list[Scorecard]] = {}
    for card in cards:
        codes = {r.code for r in card.remarks if r.code.startswith(f"{FAMILY}.")}
        for code in codes:
            name = code.removeprefix(f"{FAMILY}.").replace("_", " ").capitalize()
            found.setdefault(name, []).append(card)
    ordered = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return tuple((name, tuple(of_this)) for name, of_this in ordered)


def _pending(cards: Sequence[Scorecard]) -> tuple[tuple[str, int], ...]:
    waiting = Counter(
        f"{task.id} {criterion.title or criterion.id}"
        for card in cards
        for task in card.tasks
        for criterion in task.criteria
        if criterion.waits(card.feedback_only)
    )
    return tuple(sorted(waiting.items(), key=lambda pair: (-pair[1], pair[0])))
