"""`grades.csv`: one row per submission, for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from grader.model.outcome import Status
from grader.report.points import FEEDBACK_ONLY, as_text
from grader.report.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.model.scorecard import Scorecard
    from grader.model.submission import Unreadable
    from grader.report.contents import Contents

__all__ = ["COLUMNS", "grades_csv", "harmless"]

COLUMNS = (
    "assignment",
    "submission",
    "team",
    "student_ids",
    "points",
    "max_points",
    "bonus",
    "pending_points",
    "penalty",
    "status",
    "flags",
    "feedback",
)

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The full-width ones too: some spreadsheets read them as the plain ones."""


def harmless(cell: str) -> str:
    """One line that no spreadsheet runs: a cell that would start a formula gets an apostrophe."""
    starts = cell.lstrip(" ").startswith(_STARTS_A_FORMULA)
    line = one_line(cell, limit=1000)
    return f"'{line}" if starts else line


def _row(card: Scorecard, page: str) -> tuple[str, ...]:
    codes = [flag.code for flag in card.flags]
    points: tuple[str, ...] = (
        as_text(card.points),
        as_text(card.max_points),
        as_text(card.bonus),
        as_text(card.pending_points),
        as_text(card.penalty),
    )
    if card.feedback_only:  # no points, not zero points
        points = (FEEDBACK_ONLY, "", "", "", "")
        codes = [FEEDBACK_ONLY.replace(" ", "_"), *codes]
    return (
        harmless(card.assignment),
        harmless(card.submission),
        harmless(card.team),
        harmless(";".join(card.student_ids)),
        *points,
        card.status.value,
        harmless(";".join(dict.fromkeys(codes))),
        page,
    )


def _unreadable_row(lost: Unreadable) -> tuple[str, ...]:
    """No points, not zero points: nobody has graded it."""
    empty = ("",) * 5
    names = (harmless(lost.assignment), harmless(lost.name), "", "")
    return (*names, *empty, Status.PROVISIONAL.value, "unreadable", "")


def grades_csv(contents: Contents) -> Iterator[tuple[str, bytes]]:
    """Write `grades.csv` (UTF-8, comma, RFC 4180 line ends)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for seen in contents.overview:
        writer.writerow(_row(seen.scorecard, contents.page(seen.scorecard)))
    for lost in contents.unreadable:
        writer.writerow(_unreadable_row(lost))
    yield "grades.csv", text.getvalue().encode()
