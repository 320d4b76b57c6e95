"""What commands do with scorecards: write the reports, decide the exit status."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from grader.collect.store import EvidenceStore
from grader.errors import ConfigurationError
from grader.model.outcome import Outcome
from grader.model.scorecard import FigureShown, Scorecard
from grader.report import Audience, Pixels, ReportPaths, write_reports

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from rich.console import Console

    from grader.model.submission import Unreadable
    from grader.pipeline import Options

__all__ = ["below", "need_gradebook", "needs_staff", "publish", "summarise_for_github"]


def stored_pixels(out: Path, scorecards: Iterable[Scorecard]) -> Pixels:
    """Where a report finds captured figures: in the evidence store beside it."""
    store = EvidenceStore(out / "evidence", {})
    sizes = {
        exhibit.sha256: (exhibit.height, exhibit.width)
        for card in scorecards
        for task in card.tasks
        for criterion in task.criteria
        for exhibit in criterion.result.exhibits
        if isinstance(exhibit, FigureShown)
    }

    def pixels(sha256: str) -> tuple[int, int, bytes] | None:
        data = store.array(sha256)
        if data is None or sha256 not in sizes:
            return None
        height, width = sizes[sha256]
        return height, width, data

    return pixels


def publish(
    out: Path,
    scorecards: tuple[Scorecard, ...],
    unreadable: tuple[Unreadable, ...],
    audience: Audience,
    *,
    overview: Audience = Audience.STAFF,
) -> ReportPaths:
    """Write the report files of a run."""
    return write_reports(
        out,
        scorecards,
        unreadable,
        pixels=stored_pixels(out, scorecards),
        audience=audience,
        overview=overview,
    )


def need_gradebook(options: Options) -> None:
    """Refuse a folder into which nothing was graded, instead of making a gradebook there.

    Raises:
        ConfigurationError: There is none.
    """
    if not options.gradebook and not (options.out / "gradebook.db").exists():
        raise ConfigurationError(
            "there is no gradebook",
            where=str(options.out),
            mend=f"grade into it first: grade SUBMISSIONS --out {options.out}",
        )


def needs_staff(scorecards: Iterable[Scorecard], unreadable: Iterable[Unreadable]) -> list[str]:
    """What only the staff can mend: submissions with `error` outcomes, and unreadable ones."""
    names = [f"{u.assignment}/{u.name}".lstrip("/") for u in unreadable]
    names += [
        f"{card.assignment}/{card.submission}"
        for card in scorecards
        if any(c.outcome is Outcome.ERROR for task in card.tasks for c in task.criteria)
    ]
    return names


def below(scorecards: Iterable[Scorecard], limit: tuple[Fraction, bool] | None) -> list[Scorecard]:
    """Submissions under `--fail-under`. Open points count as earned: they are not lost yet."""
    if limit is None:
        return []
    number, is_share = limit
    return [
        card
        for card in scorecards
        if card.points + card.pending_points < (number * card.max_points if is_share else number)
    ]


def summarise_for_github(
    scorecards: tuple[Scorecard, ...], unreadable: tuple[Unreadable, ...]
) -> None:
    """Append a Markdown table to the job's summary when GitHub Actions asks for one.

    Raises:
        ConfigurationError: The summary file cannot be written.
    """
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    from grader.report.github import summary

    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(summary(scorecards, unreadable))
    except OSError as error:
        raise ConfigurationError(
            f"the job summary cannot be written: {error.strerror}", where=path
        ) from error


def say_where(console: Console, paths: ReportPaths) -> None:
    """Name the overview, as a path that can be clicked or copied."""
    console.print(f"Report: {paths.index}", soft_wrap=True, markup=False, highlight=False)
