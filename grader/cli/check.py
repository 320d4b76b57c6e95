"""`grade check`: a student checks their own work before handing it in."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import click

from grader.cli.options import EXISTING, REPORTS, common, fail_under

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from grader.pipeline import Options

__all__ = ["check"]


@click.command()
@click.argument("path", type=EXISTING)
@functools.partial(common, out=REPORTS / "self-check")
@fail_under
def check(
    path: Path,
    out: Path,
    rubrics: Path,
    assignment: str | None,
    data: Path | None,
    gradebook: str,
    *,
    fail_under: tuple[Fraction, bool] | None,
) -> int:
    r"""Check your own work: the visible criteria, on public data, on this machine.

    Your code runs as you, with no isolation: check only your own. The result is not official.
    Exit status: 0 every visible criterion that needs no person passes (or you reach
    --fail-under), 1 something is below, 2 usage or configuration.

    \b
    Examples:
      grade check my-homework/ --assignment digits-svhn
      grade check hw.ipynb --assignment digits-svhn --fail-under 1.5
    """
    from grader.cli.present import console, say_lacking
    from grader.cli.progress import ProgressView
    from grader.cli.results import below, publish, say_where
    from grader.model.outcome import Outcome
    from grader.pipeline import Options, grade
    from grader.report import Audience
    from grader.report.terminal import submission_summary

    options = Options(
        out=out,
        rubrics=rubrics,
        assignment=assignment or only_assignment(rubrics, path),
        sandbox="none",
        jobs=1,
        data=data,
        visible_only=True,
        gradebook=gradebook,
    )
    refuse_official(options)
    terminal = console()
    terminal.print("Self-check: your code runs here without isolation. Not official.\n")
    with ProgressView(terminal) as view:
        run = grade(path, options, view)
    cards = run.scorecards
    for card in cards:
        terminal.print(submission_summary(card))
    for lack in run.lacking:
        say_lacking(terminal, lack)
    for entry in run.unreadable:
        terminal.print(f"{entry.name}: {entry.message}\n  {entry.mend}", markup=False)
    paths = publish(out, cards, run.unreadable, Audience.STUDENT_NOW, overview=Audience.STUDENT_NOW)
    say_where(terminal, paths)
    fine = {Outcome.PASS, Outcome.PENDING}
    outcomes = {c.outcome for card in cards for t in card.tasks for c in t.criteria}
    if fail_under is not None:
        return 1 if below(cards, fail_under) or run.unreadable else 0
    return 1 if outcomes - fine or run.unreadable else 0


def refuse_official(options: Options) -> None:
    """Keep self-checks away from a gradebook of official grades.

    Raises:
        ConfigurationError: It holds some.
    """
    from grader.errors import ConfigurationError
    from grader.gradebook import Gradebook

    if not options.gradebook and not (options.out / "gradebook.db").exists():
        return
    with Gradebook(options.gradebook_url) as book:
        if book.holds_official():
            raise ConfigurationError(
                "official grades are kept here, which a self-check would replace",
                where=str(options.out),
                mend="choose another folder with --out, or leave it out",
            )


def only_assignment(rubrics: Path, path: Path) -> str | None:
    """The one assignment there is; None leaves it to the path."""
    from grader.pipeline import load_rubrics

    known = load_rubrics(rubrics)
    if path.resolve().parent.name in known or len(known) != 1:
        return None
    return next(iter(known))
