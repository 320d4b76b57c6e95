"""The Markdown summary of a GitHub job (`$GITHUB_STEP_SUMMARY`)."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from grader.model.outcome import Outcome
from grader.report.audience import Audience, View, view
from grader.report.outcomes import WORDS
from grader.report.points import FEEDBACK_ONLY, as_text, criterion_share
from grader.report.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from grader.model.scorecard import Scorecard
    from grader.model.submission import Unreadable

__all__ = ["LIMIT_BYTES", "plain", "summary"]

LIMIT_BYTES = 900 * 1024
"""GitHub drops a step's summary beyond 1024 KiB; other steps' commands add to ours."""

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str, limit: int = 200) -> str:
    r"""Text that Markdown shows as it is: any ASCII punctuation may be escaped with `\`.

    `<` and `&` become entities, so that it holds where HTML is read first.
    """
    line = one_line(text, limit)
    escaped = _PUNCTUATION.sub(r"\\\1", line)
    return escaped.replace("\\&", "&amp;").replace("\\<", "&lt;").replace("\\>", "&gt;")


def summary(
    scorecards: Iterable[Scorecard],
    unreadable: Iterable[Unreadable] = (),
    *,
    audience: Audience = Audience.STUDENT_NOW,
    title: str = "",
) -> str:
    """Write the summary. In a student's repository the student reads it, so that is the default."""
    cards = sorted(scorecards, key=lambda card: (card.assignment, card.submission))
    seen = [view(card, audience) for card in cards]
    heading = title or next((card.title for card in cards), "Grades")
    head = [f"## {plain(heading)}", ""]
    if not all(one.whole for one in seen):
        head += ["More criteria count towards the grade than are shown here.", ""]
    rows = [
        "| Submission | Team | Points | Of | Open | Status |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    rows += [_row(one) for one in seen]
    rows += [f"| {plain(u.name)} | | | | | unreadable: {plain(u.message)} |" for u in unreadable]
    details = [_details(one) for one in seen]
    return _within("\n".join([*head, *rows, ""]), details)


def _row(seen: View) -> str:
    card = seen.scorecard
    cells = (
        plain(card.submission),
        plain(card.team),
        FEEDBACK_ONLY if card.feedback_only else as_text(card.points),
        "" if card.feedback_only else as_text(card.max_points),
        as_text(card.pending_points) if card.pending_points else "",
        card.status.value,
    )
    return f"| {' | '.join(cells)} |"


def _details(seen: View) -> str:
    """One folded table per submission, of what did not pass."""
    lines = []
    for task in seen.scorecard.tasks:
        for criterion in task.criteria:
            if criterion.outcome is Outcome.PASS:
                continue
            name = plain(criterion.title or criterion.id)
            points = "" if seen.scorecard.feedback_only else criterion_share(criterion)
            message = plain(criterion.result.message, 400)
            cells = (plain(task.id), name, WORDS[criterion.outcome], points, message)
            lines.append(f"| {' | '.join(cells)} |")
    if not lines:
        return ""
    # Markdown is not read on a line of HTML, so entities only.
    name = html.escape(one_line(seen.scorecard.submission))
    head = f"<details><summary>{name}</summary>"
    columns = "| Task | Criterion | Outcome | Points | Found |\n| --- | --- | --- | ---: | --- |"
    return "\n".join(["", head, "", columns, *lines, "", "</details>", ""])


def _within(text: str, details: list[str]) -> str:
    """As many details as fit; the table of all submissions first."""
    parts = [_cut(text)]
    size = len(parts[0].encode())
    for number, detail in enumerate(details):
        size += len(detail.encode())
        if size > LIMIT_BYTES:
            parts.append(f"\n{len(details) - number} more submissions: see the report.\n")
            break
        parts.append(detail)
    return "".join(parts)


def _cut(text: str) -> str:
    """Whole lines up to half of the limit."""
    size = 0
    kept: list[str] = []
    for line in text.splitlines(keepends=True):
        size += len(line.encode())
        if size > LIMIT_BYTES // 2:
            return "".join([*kept, "\nMore submissions: see the report.\n"])
        kept.append(line)
    return text
