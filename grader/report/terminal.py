"""What `grade` and `grade check` print. Text of submissions is never markup or a control."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from grader.checks.phrases import count
from grader.model.outcome import Outcome
from grader.report.audience import Audience, view
from grader.report.outcomes import WORDS
from grader.report.points import FEEDBACK_ONLY, as_text, criterion_share, task_share
from grader.report.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Group, RenderableType
    from rich.text import Text

    from grader.model.scorecard import Scorecard, ScoredCriterion
    from grader.model.submission import Unreadable

__all__ = ["class_table", "submission_summary"]

STYLES = {
    Outcome.PASS: ("\u2713", "green"),
    Outcome.PARTIAL: ("\u25d0", "yellow"),
    Outcome.FAIL: ("\u2717", "red"),
    Outcome.BLOCKED: ("\u2298", "bright_black"),
    Outcome.PENDING: ("\u2026", "magenta"),
    Outcome.ERROR: ("!", "bold red"),
}
LONGEST_NAME = 48


def class_table(scorecards: Iterable[Scorecard], unreadable: Iterable[Unreadable] = ()) -> Group:
    """A line per submission, and what needs the staff. For the staff: nothing is left out."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    cards = sorted(scorecards, key=lambda card: (card.assignment, card.submission))
    lost = sorted(unreadable, key=lambda u: (u.assignment, u.name))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("submission")
    table.add_column("team")
    table.add_column("points", justify="right")
    table.add_column("of", justify="right")
    table.add_column("open", justify="right")
    table.add_column("status")
    table.add_column("outcomes")
    for card in cards:
        table.add_row(
            Text(one_line(card.submission, LONGEST_NAME)),
            Text(one_line(card.team, LONGEST_NAME)),
            Text(FEEDBACK_ONLY if card.feedback_only else as_text(card.points), style="bold"),
            Text("" if card.feedback_only else as_text(card.max_points)),
            Text(as_text(card.pending_points) if card.pending_points else ""),
            Text(card.status.value),
            _counts(card),
        )
    parts: list[RenderableType] = [table, _legend(cards)] if cards else []
    parts += _mishaps(cards)
    for one in lost:
        line = Text("\n").append("unreadable ", style="bold red").append(one_line(one.name))
        parts.append(line.append(f"\n  {one_line(one.message, 500)}\n  try: {one_line(one.mend)}"))
    return Group(*parts)


def submission_summary(scorecard: Scorecard, audience: Audience = Audience.STUDENT_NOW) -> Group:
    """One submission's criteria and what to mend."""
    from rich.console import Group
    from rich.text import Text

    seen = view(scorecard, audience)
    card = seen.scorecard
    parts: list[RenderableType] = [
        Text(one_line(card.title), style="bold"),
        Text(one_line(card.team or card.submission, LONGEST_NAME)),
    ]
    if card.provenance.self_check:
        parts.append(Text("Self-check, not a grade: made without isolation.", style="yellow"))
    for task in card.tasks:
        line = Text("\n").append(f"{one_line(task.id)} {one_line(task.title)}", style="bold")
        parts.append(line if card.feedback_only else line.append(f"  {task_share(task)}"))
        for criterion in task.criteria:
            parts += _criterion(criterion, feedback_only=card.feedback_only)
    points = f"{as_text(card.points)} of {as_text(card.max_points)} points"
    if card.feedback_only:
        points = f"{FEEDBACK_ONLY.capitalize()}: this assignment carries no points."
    total = Text("\n").append(points, "bold")
    if not seen.whole:
        total.append(" of the criteria shown here. More criteria count towards the grade.")
    if card.pending_points:
        total.append(f"  ({as_text(card.pending_points)} still to be decided)")
    if card.penalty:
        total.append(f"  (penalty {as_text(card.penalty)})")
    return Group(*parts, total)


def _criterion(
    criterion: ScoredCriterion, *, feedback_only: bool = False
) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    mark, style = STYLES[criterion.outcome]
    result = criterion.result
    name = one_line(criterion.title or criterion.id, 100)
    head = Text(f"  {mark} ", style=style).append(WORDS[criterion.outcome].ljust(13), style)
    share = "" if feedback_only else f"  {criterion_share(criterion)}"
    yield head.append(name, "default").append(share, "dim")
    if criterion.outcome is Outcome.PASS:
        return
    lines = [("", result.message)]
    lines += [("expected: ", result.expected)] if result.expected else []
    lines += [("where: ", "; ".join(map(str, result.places[:6])))] if result.places else []
    wanted = result.hint and criterion.outcome is not Outcome.ERROR
    lines += [("try: ", result.hint)] if wanted else []
    for label, text in lines:
        body = Text(label, style="dim").append(one_line(text, 600), "default")
        yield Padding(body, (0, 0, 0, 4))


def _counts(card: Scorecard) -> Text:
    from rich.text import Text

    counts = dict.fromkeys(Outcome, 0)
    for task in card.tasks:
        for criterion in task.criteria:
            counts[criterion.outcome] += 1
    text = Text()
    for outcome, number in counts.items():
        if number:
            mark, style = STYLES[outcome]
            text.append(f"{mark}{number} ", style=style)
    return text


def _legend(cards: Iterable[Scorecard]) -> Text:
    """What the marks of the table mean: those that are in it."""
    from rich.text import Text

    there = {c.outcome for card in cards for task in card.tasks for c in task.criteria}
    marks = (f"{STYLES[one][0]} {WORDS[one].lower()}" for one in Outcome if one in there)
    return Text("  ".join(marks), style="dim")


def _mishaps(cards: Iterable[Scorecard]) -> Iterator[Text]:
    """Our errors, each once, with how many submissions and points it holds up."""
    from rich.text import Text

    found: dict[tuple[str, str], list[Fraction]] = {}
    for card in cards:
        for task in card.tasks:
            for criterion in task.criteria:
                if criterion.outcome is Outcome.ERROR:
                    key = (f"{task.id}/{criterion.id}", criterion.result.message)
                    found.setdefault(key, []).append(criterion.max_points)
    for (name, message), points in found.items():
        line = Text("\n").append("our error ", style="bold red").append(one_line(name))
        held = count(len(points), "submission")
        line.append(f" in {held}, {as_text(sum(points, Fraction(0)))} points open")
        yield line.append(f"\n  {one_line(message, 500)}")
