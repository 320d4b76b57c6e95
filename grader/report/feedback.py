"""`feedback/<submission>.html`: one self-contained page per submission."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from markupsafe import Markup

from grader.checks.findings import FAMILY, parts
from grader.model.outcome import Outcome
from grader.model.scorecard import (
    ConfusionMatrix,
    Curves,
    Exhibit,
    FigureShown,
    Flag,
    ScoredCriterion,
)
from grader.report.audience import Audience, View
from grader.report.charts.bars import meter
from grader.report.charts.curves import DASHES, MOST_SERIES, curves
from grader.report.charts.matrix import Matrix, matrix
from grader.report.charts.picture import data_uri
from grader.report.charts.scale import scale
from grader.report.outcomes import WORDS
from grader.report.pages import Uids, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.model.evidence import Place, Remark
    from grader.model.scorecard import Scorecard
    from grader.report.contents import Contents, Pixels

__all__ = ["feedback"]

MOST_EXHIBITS = 24
"""On one page. More would make it too heavy to open on a phone."""
MOST_PLACES = 12
MOST_REMARKS = 60
MOST_FINDINGS = 30


@dataclass(frozen=True)
class Shown:
    """One exhibit, ready for the template: one of the pictures is there, or none can be made."""

    title: str
    kind: str
    svg: Markup | None = None
    matrix: Matrix | None = None
    image: Markup | None = None
    size: tuple[int, int] = (0, 0)
    legend: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True)
class Item:
    """A criterion with its place on the page and its pictures."""

    anchor: str
    task: str
    criterion: ScoredCriterion
    scale: Markup | None
    exhibits: tuple[Shown, ...]
    exhibits_left_out: int
    waiting: Fraction
    """Points of what is blocked until this is mended."""

    @property
    def lost(self) -> Fraction:
        """Points that could still be earned by mending it."""
        return self.criterion.max_points - self.criterion.points

    @property
    def to_mend(self) -> bool:
        """Whether something is left to gain; without points, the advice is."""
        return self.lost > 0 or self.criterion.max_points == 0

    @property
    def decided(self) -> bool:
        """Whether its points are settled."""
        return self.criterion.outcome.decided

    @property
    def name(self) -> str:
        """What the criterion is called."""
        return self.criterion.title or self.criterion.id.replace("_", " ")


@dataclass(frozen=True)
class RemarkGroup:
    """Remarks with the same code and message, and where they were made."""

    code: str
    message: str
    places: tuple[Place, ...]
    more: int


@dataclass(frozen=True)
class FindingShown:
    """A finding, and where it was made."""

    title: str
    code: str
    seen: str
    why: str
    mend: str
    places: tuple[Place, ...]
    more: int


def feedback(contents: Contents) -> Iterator[tuple[str, bytes]]:
    """Write one page per submission."""
    for seen in contents.feedback:
        yield contents.page(seen.scorecard), _page(seen, contents)


def _page(seen: View, contents: Contents) -> bytes:
    card = seen.scorecard
    uids = Uids()
    items = _items(seen, contents.pixels, uids)
    every = [item for of_task in items.values() for item in of_task]
    return render(
        "feedback.html.j2",
        card=card,
        whole=seen.whole,
        staff=seen.audience is Audience.STAFF,
        back="../index.html" if seen.audience is Audience.STAFF else "",
        tasks=[(task, items[task.id]) for task in card.tasks],
        flags=_flags(seen),
        steps=_steps(every),
        blocked=[item for item in every if item.criterion.outcome is Outcome.BLOCKED],
        undecided=[item for item in every if item.criterion.waits(card.feedback_only)],
        ours=[item for item in every if item.criterion.outcome is Outcome.ERROR],
        findings=_findings(card.remarks),
        remarks=_grouped(tuple(r for r in card.remarks if not _is_finding(r))),
        meter=meter(float(card.points), float(card.pending_points), float(card.max_points), uids()),
        words=WORDS,
        dashes=DASHES,
        generated_by=contents.generated_by,
    )


def _items(seen: View, pixels: Pixels, uids: Uids) -> dict[str, list[Item]]:
    left = MOST_EXHIBITS
    items: dict[str, list[Item]] = {}
    waiting = _waiting(seen.scorecard)
    number = 0
    for task in seen.scorecard.tasks:
        items[task.id] = []
        for criterion in task.criteria:
            number += 1
            result = criterion.result
            exhibits = tuple(_shown(e, pixels, uids) for e in result.exhibits[:left])
            left -= len(exhibits)
            item = Item(
                anchor=f"c{number}",
                task=task.title or task.id,
                criterion=criterion,
                scale=scale(result, criterion.check, uids()),
                exhibits=exhibits,
                exhibits_left_out=len(result.exhibits) - len(exhibits),
                waiting=waiting.get(f"{task.id}/{criterion.id}", Fraction(0)),
            )
            items[task.id].append(item)
    return items


def _waiting(card: Scorecard) -> dict[str, Fraction]:
    """`task/criterion` → points of what is blocked until that is mended, bonus aside."""
    found: dict[str, Fraction] = {}
    for task in card.tasks:
        for criterion in task.criteria:
            root = criterion.result.builds_on
            if root and criterion.outcome is Outcome.BLOCKED and not criterion.bonus:
                found[root] = found.get(root, Fraction(0)) + criterion.max_points
    return found


def _flags(seen: View) -> list[Flag]:
    """Those of the submission as a whole: a criterion's stand beside it."""
    card = seen.scorecard
    beside = {f for task in card.tasks for c in task.criteria for f in c.result.flags}
    return [flag for flag in card.flags if flag not in beside and flag.code != "not_graded"]


def _steps(items: list[Item]) -> list[Item]:
    """What to mend: failed before partly reached, what most hangs on first, bonus last."""
    wanted = {Outcome.FAIL: 0, Outcome.PARTIAL: 1}
    found = [item for item in items if item.criterion.outcome in wanted and item.to_mend]

    def urgency(item: Item) -> tuple[bool, bool, int, Fraction]:
        worth = item.lost + item.waiting
        return (item.criterion.bonus, worth == 0, wanted[item.criterion.outcome], -worth)

    return sorted(found, key=urgency)


def _shown(exhibit: Exhibit, pixels: Pixels, uids: Uids) -> Shown:
    match exhibit:
        case Curves():
            names = tuple(series.label for series in exhibit.series[:MOST_SERIES])
            return Shown(
                exhibit.title,
                exhibit.kind,
                svg=curves(exhibit, uids()),
                legend=names if len(names) > 1 else (),
                more=max(len(exhibit.series) - MOST_SERIES, 0),
            )
        case ConfusionMatrix():
            return Shown(exhibit.title, exhibit.kind, matrix=matrix(exhibit))
        case FigureShown():
            found = pixels(exhibit.sha256)
            uri = None if found is None else data_uri(*found)
            image = None if uri is None else Markup(uri)  # noqa: S704 - base64 made by us
            size = (exhibit.width, exhibit.height)
            return Shown(exhibit.title, exhibit.kind, image=image, size=size)


def _is_finding(remark: Remark) -> bool:
    return remark.code.startswith(f"{FAMILY}.")


def _findings(remarks: tuple[Remark, ...]) -> list[FindingShown]:
    """Findings of one code and one mend together, in the order in which they were made."""
    groups: dict[tuple[str, str], list[Remark]] = {}
    for remark in remarks:
        if _is_finding(remark):
            groups.setdefault((remark.code, parts(remark)[2]), []).append(remark)
    shown = []
    for (code, mend), of_this in list(groups.items())[:MOST_FINDINGS]:
        seen = dict.fromkeys(parts(remark)[0] for remark in of_this)
        places = tuple(dict.fromkeys(str(r.place) for r in of_this if r.place is not None))
        found = [next(r.place for r in of_this if str(r.place) == text) for text in places]
        shown.append(
            FindingShown(
                title=code.removeprefix(f"{FAMILY}.").replace("_", " ").capitalize(),
                code=code,
                seen="\n".join(seen),
                why=parts(of_this[0])[1],
                mend=mend,
                places=tuple(p for p in found[:MOST_PLACES] if p is not None),
                more=max(len(found) - MOST_PLACES, 0),
            )
        )
    return shown


def _grouped(remarks: tuple[Remark, ...]) -> list[RemarkGroup]:
    """Equal remarks once, with all their places; in the order of their codes."""
    places: dict[tuple[str, str], list[Place]] = {}
    for remark in remarks:
        of_this = places.setdefault((remark.code, remark.message), [])
        if remark.place is not None and remark.place not in of_this:
            of_this.append(remark.place)
    ordered = sorted(places.items(), key=lambda pair: pair[0])[:MOST_REMARKS]
    return [
        RemarkGroup(code, message, tuple(found[:MOST_PLACES]), max(len(found) - MOST_PLACES, 0))
        for (code, message), found in ordered
    ]
