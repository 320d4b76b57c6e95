"""`grade regrade`: score again after a rubric change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from grader.cli.options import common, fail_under, running

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

__all__ = ["regrade"]


@click.command()
@common
@running
@fail_under
def regrade(
    out: Path,
    rubrics: Path,
    assignment: str | None,
    data: Path | None,
    gradebook: str,
    jobs: int,
    *,
    fresh: bool,
    fail_under: tuple[Fraction, bool] | None,
) -> int:
    r"""Score everything in --out again from stored evidence.

    No student code runs, unless a criterion asks for something that was never measured, or that a
    busy machine spoilt: then only that is. What people decided stays, and so does what
    `grade --skip-missing-data` left out while its data is missing.

    \b
    Examples:
      grade regrade
      grade regrade --rubrics draft-rubrics/ --out reports/
    """
    from grader.cli.present import conclude, console
    from grader.cli.progress import ProgressView
    from grader.pipeline import Options
    from grader.pipeline import regrade as score_again

    options = Options(
        out=out,
        rubrics=rubrics,
        assignment=assignment,
        jobs=jobs,
        data=data,
        fresh=fresh,
        gradebook=gradebook,
    )
    terminal = console()
    with ProgressView(terminal) as view:
        result = score_again(options, view)
    return conclude(terminal, result, options, fail_under)
