"""`grade report`: write the reports again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from grader.cli.options import common

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["report"]


@click.command()
@common
@click.option(
    "--audience",
    type=click.Choice(["student_now", "student_after_due", "student_after_published", "staff"]),
    default="student_now",
    show_default=True,
    help="Whom the feedback pages are for: decides which criteria they show.",
)
def report(
    out: Path,
    rubrics: Path,
    assignment: str | None,
    data: Path | None,
    gradebook: str,
    audience: str,
) -> int:
    r"""Write the reports again from the gradebook, running nothing.

    \b
    Examples:
      grade report
      grade report --audience student_after_published
    """
    from grader.cli.present import console
    from grader.cli.results import need_gradebook, publish, say_where
    from grader.errors import ConfigurationError
    from grader.gradebook import Gradebook
    from grader.pipeline import Options
    from grader.report import Audience
    from grader.report.terminal import class_table

    options = Options(out=out, gradebook=gradebook)
    need_gradebook(options)
    with Gradebook(options.gradebook_url) as book:
        cards = tuple(book.latest(assignment))
        unreadable = tuple(book.unreadable(assignment))
    if not cards and not unreadable:
        whose = f"of '{assignment}' " if assignment else ""
        raise ConfigurationError(f"nothing {whose}was graded here", where=options.gradebook_url)
    paths = publish(out, cards, unreadable, Audience(audience))
    terminal = console()
    terminal.print(class_table(cards, unreadable))
    say_where(terminal, paths)
    return 0
