"""`grade SUBMISSIONS`: grade a folder of submissions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.options import EXISTING, common, fail_under, running

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["run"]


@click.command()
@click.argument("submissions", type=EXISTING)
@common
@running
@fail_under
@click.option(
    "--skip-missing-data",
    is_flag=True,
    help="Leave out what needs datasets that are not on this machine, instead of failing.",
)
@click.option(
    "--roster",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV that says who is who: identifier, student_id, name, team, submitted_at.",
)
@click.option(
    "--sandbox",
    type=click.Choice(["bubblewrap", "none"]),
    default="bubblewrap",
    show_default=True,
    help="none: no isolation at all, for your own code only; scorecards are marked self-check.",
)
def run(
    submissions: Path,
    out: Path,
    rubrics: Path,
    assignment: str | None,
    data: Path | None,
    gradebook: str,
    jobs: int,
    roster: Path | None,
    sandbox: str,
    *,
    fresh: bool,
    skip_missing_data: bool,
    fail_under: tuple[Fraction, bool] | None,
) -> int:
    r"""Grade a folder of submissions, one submission, or an archive of either.

    What was graded before and has not changed is not run again. A run that was stopped goes on
    where it stopped. What this machine lacks data for is named, with the command that
    fetches it. Exit status: 0 all graded, 1 the staff is needed or a submission is below
    --fail-under, 2 usage or configuration.

    \b
    Examples:
      grade submissions/
      grade hw.zip --assignment digits-svhn --out reports/
      grade moodle.zip --assignment hw1 --roster roster.csv
      grade submissions/ --fail-under 60% --jobs 2
    """
    from grader.cli.present import conclude, console
    from grader.cli.progress import ProgressView
    from grader.pipeline import Options, grade

    options = Options(
        out=out,
        rubrics=rubrics,
        assignment=assignment,
        roster=roster,
        sandbox=sandbox,
        jobs=jobs,
        data=data,
        fresh=fresh,
        skip_missing_data=skip_missing_data,
        gradebook=gradebook,
    )
    terminal = console()
    with ProgressView(terminal) as view:
        result = grade(submissions, options, view)
    return conclude(terminal, result, options, fail_under)
