"""`grade decide`: enter what a person decided."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

import click

from grader.cli.options import common

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["decide"]


@click.command()
@click.argument("submission")
@click.argument("criterion", metavar="TASK/CRITERION")
@click.argument("points")
@click.option("--comment", default="", help="What the student reads beside the points.")
@click.option("--by", "who", default="", help="Who decided. [default: your user name]")
@common
def decide(
    submission: str,
    criterion: str,
    points: str,
    comment: str,
    who: str,
    out: Path,
    rubrics: Path,
    assignment: str | None,
    data: Path | None,
    gradebook: str,
) -> int:
    r"""Decide a criterion of a submission: a manual one, or over an automatic outcome.

    It keeps who, when and why, outlives every regrade, and counts from the next
    `grade regrade` on.

    \b
    Examples:
      grade decide 314159265 digits.q1/answer 0.5 --comment "Clear and complete."
      grade regrade
    """
    from grader.errors import ConfigurationError
    from grader.gradebook import Gradebook
    from grader.model.base import exact
    from grader.model.scorecard import Decision
    from grader.pipeline import Options

    options = Options(out=out, gradebook=gradebook)
    with Gradebook(options.gradebook_url) as book:
        cards = [c for c in book.latest(assignment) if c.submission == submission]
        if len(cards) != 1:
            known = ", ".join(sorted({c.submission for c in book.latest(assignment)})[:20])
            raise ConfigurationError(
                f"{len(cards)} submissions are called '{submission}'",
                mend=f"name the assignment with --assignment, or use one of: {known}",
            )
        card = cards[0]
        names = [f"{t.id}/{c.id}" for t in card.tasks for c in t.criteria]
        if criterion not in names:
            raise ConfigurationError(
                f"there is no criterion '{criterion}'", mend=f"one of: {', '.join(names)}"
            )
        worth = card.criterion(criterion).max_points
        try:
            decided = exact(points)
        except ValueError as error:
            raise ConfigurationError(str(error), where="POINTS") from error
        if not Fraction(0) <= decided <= worth:
            raise ConfigurationError(f"{points} is not between 0 and {float(worth):g}")
        book.decide(
            Decision(
                assignment=card.assignment,
                submission=submission,
                criterion=criterion,
                points=decided,
                comment=comment,
                decided_by=who or getpass.getuser(),
                decided_at=datetime.now(UTC).isoformat(timespec="seconds"),
            )
        )
    click.echo(
        f"{submission}: {criterion} {points} of {float(worth):g}. `grade regrade` applies it."
    )
    return 0
