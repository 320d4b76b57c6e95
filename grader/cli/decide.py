"""`grade decide`: enter what a person decided."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

import click

from grader.cli.options import common

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from grader.model.scorecard import Scorecard

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
    from grader.cli.results import need_gradebook
    from grader.errors import ConfigurationError
    from grader.gradebook import Gradebook
    from grader.model.base import exact
    from grader.model.scorecard import Decision
    from grader.pipeline import Options

    options = Options(out=out, gradebook=gradebook)
    need_gradebook(options)
    with Gradebook(options.gradebook_url) as book:
        card = named(submission, book.latest(assignment))
        known_criterion(criterion, card)
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


def named(submission: str, cards: Sequence[Scorecard]) -> Scorecard:
    """The one scorecard of a submission.

    Raises:
        ConfigurationError: There is none, or one in several assignments.
    """
    from grader.errors import ConfigurationError
    from grader.rubric.problems import did_you_mean

    found = [card for card in cards if card.submission == submission]
    if not found:
        raise ConfigurationError(
            f"no submission is called '{submission}'",
            mend=did_you_mean(submission, {card.submission for card in cards}),
        )
    if len(found) > 1:
        listed = ", ".join(card.assignment for card in found)
        raise ConfigurationError(
            f"'{submission}' is a submission of {len(found)} assignments",
            mend=f"name one with --assignment: {listed}",
        )
    return found[0]


def known_criterion(name: str, card: Scorecard) -> None:
    """Refuse a criterion that a scorecard does not have.

    Raises:
        ConfigurationError: The nearest ones are named, or those of its task, or the tasks.
    """
    from grader.errors import ConfigurationError
    from grader.rubric.problems import did_you_mean

    names = [f"{task.id}/{entry.id}" for task in card.tasks for entry in task.criteria]
    if name in names:
        return
    task = name.partition("/")[0]
    mend = did_you_mean(name, [n for n in names if n.startswith(f"{task}/")] or names)
    if mend.startswith("known: ") and task not in {entry.id for entry in card.tasks}:
        mend = f"its tasks: {', '.join(entry.id for entry in card.tasks)}"
    raise ConfigurationError(f"there is no criterion '{name}'", mend=mend)
