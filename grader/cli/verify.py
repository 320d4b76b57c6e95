"""`grade rubric verify`: rubrics against their own proofs."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.options import EXISTING, SANDBOXES, named_root, rubric_folders, text_or_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from grader.pipeline import Options
    from grader.rubric.load import LoadedRubric
    from grader.rubric.verify import Verification

__all__ = ["verify"]


@dataclass(frozen=True)
class Verified:
    """One rubric, how it stood its proof, and how long that took."""

    rubric: LoadedRubric
    result: Verification
    wall_seconds: float


@click.command()
@click.argument("folders", nargs=-1, type=EXISTING)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports", "verify"),
    show_default=True,
    help="Keeps evidence in OUT/ID, so that unchanged cases are not run again.",
)
@click.option(
    "--sandbox",
    type=SANDBOXES,
    default="bubblewrap",
    show_default=True,
    help="none: no isolation at all, for cases of your own only.",
)
@click.option("--jobs", type=click.IntRange(min=0), default=0, help="Boxes at a time.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="GRADE_DATA",
    callback=named_root,
    help="Root of the datasets. [env: GRADE_DATA]",
)
@click.option("--fresh", is_flag=True, help="Run every case again.")
@text_or_json
def verify(
    folders: tuple[Path, ...],
    out: Path,
    sandbox: str,
    jobs: int,
    data: Path | None,
    as_format: str,
    *,
    fresh: bool,
) -> int:
    r"""Grade the reference and the mutants in FOLDER/verify and compare with what they must get.

    Without FOLDERS, those of all in rubrics/. The exit status is 1 when a case comes out
    otherwise, or when an automatic criterion is lost exactly by none of them.

    \b
    Examples:
      grade rubric verify rubrics/digits-svhn
      grade rubric verify rubrics/*
      grade rubric verify rubrics/digits-svhn --format json
    """
    from grader.cli.present import console
    from grader.pipeline import Options, load_rubric

    loaded = [load_rubric(folder) for folder in rubric_folders(folders)]
    terminal = console()
    done: list[Verified] = []
    for rubric in loaded:
        place = out / rubric.rubric.assignment.id
        options = Options(out=place, sandbox=sandbox, jobs=jobs, data=data, fresh=fresh)
        done.append(_verified(rubric, options, terminal))
        if as_format == "text":
            _print_rubric(terminal, done[-1])
    if as_format == "json":
        plain = {one.rubric.rubric.assignment.id: _plain(one.result) for one in done}
        click.echo(json.dumps(plain, indent=2))
    elif len(done) > 1:
        _print_summary(terminal, done)
    return 0 if all(one.result.holds for one in done) else 1


def _verified(loaded: LoadedRubric, options: Options, terminal: Console) -> Verified:
    from grader.cli.progress import ProgressView
    from grader.pipeline import verify_rubric
    from grader.rubric.verify import compare, expectations_of

    expectations = expectations_of(loaded)
    handed_in = {case: entry.submitted_at for case, entry in expectations.items()}
    begun = time.monotonic()
    with ProgressView(terminal) as view:
        scorecards = verify_rubric(loaded.folder, options, view, handed_in)
    manual = frozenset(name for name, check in loaded.checks.items() if check.manual)
    result = compare(loaded.rubric, expectations, scorecards, manual)
    return Verified(loaded, result, time.monotonic() - begun)


def _plain(result: Verification) -> dict[str, Any]:
    return {
        "holds": result.holds,
        "cases": dict(result.cases),
        "matrix": {
            name: {case: outcome.value for case, outcome in row.items()}
            for name, row in result.matrix.items()
        },
        "mismatches": [vars(mismatch) for mismatch in result.mismatches],
        "proofs": {name: list(cases) for name, cases in result.proofs.items()},
        "unproven": list(result.unproven),
    }


def _print_rubric(terminal: Console, verified: Verified) -> None:
    from rich.markup import escape

    about = verified.rubric.rubric.assignment
    terminal.print(f"[bold]{escape(about.id)}[/bold]: {escape(about.title)}")
    _print_cases(terminal, verified.result)
    _print_criteria(terminal, verified.result, verified.rubric)
    _print_verdict(terminal, verified.result)


def _print_cases(terminal: Console, result: Verification) -> None:
    from rich.markup import escape
    from rich.table import Table

    from grader.rubric.verify import LOST

    table = Table("", "case", "what is wrong with it", "loses", title="Cases", title_justify="left")
    broken = {mismatch.case for mismatch in result.mismatches}
    for case, description in result.cases.items():
        lost = [
            f"{name} ({row[case].value})"
            for name, row in result.matrix.items()
            if case in row and row[case] in LOST
        ]
        mark = "[red]✗[/red]" if case in broken else "[green]✓[/green]"
        table.add_row(mark, escape(case), escape(description), escape("\n".join(lost)) or "nothing")
    terminal.print(table)


def _print_criteria(terminal: Console, result: Verification, loaded: LoadedRubric) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        "", "criterion", "points", "lost exactly by", title="Criteria", title_justify="left"
    )
    for name, criterion in loaded.rubric.criteria().items():
        if name not in result.proofs:
            table.add_row("·", escape(name), f"{float(criterion.points):g}", "a person decides")
            continue
        cases = result.proofs[name]
        mark = "[green]✓[/green]" if cases else "[red]✗[/red]"
        table.add_row(
            mark, escape(name), f"{float(criterion.points):g}", escape("\n".join(cases)) or "none"
        )
    terminal.print(table)


def _print_verdict(terminal: Console, result: Verification) -> None:
    from rich.markup import escape

    for mismatch in result.mismatches:
        found = mismatch.found.value if mismatch.found else "nothing"
        what = f" {mismatch.criterion}" if mismatch.criterion else ""
        text = f"{mismatch.case}{what}: expected {mismatch.expected}, found {found}"
        terminal.print(f"[red]✗[/red] {escape(text)}")
        if mismatch.message:
            terminal.print(f"    {escape(mismatch.message)}")
    if result.unproven:
        listed = escape(", ".join(result.unproven))
        terminal.print(f"[red]✗[/red] no case loses exactly: {listed}. Add a mutant for each.")
    if result.holds:
        terminal.print(
            f"[green]✓[/green] {len(result.cases)} cases came out as expected; "
            f"every automatic criterion ({len(result.proofs)}) is lost by its own mutant"
        )


def _print_summary(terminal: Console, done: Sequence[Verified]) -> None:
    """All rubrics in a line each."""
    from rich.markup import escape
    from rich.table import Table

    columns = ("cases", "criteria", "automatic", "mismatches", "without a mutant", "seconds")
    table = Table("", "rubric", title="Rubrics", title_justify="left")
    for column in columns:
        table.add_column(column, justify="right")
    for one in done:
        counts = (
            len(one.result.cases),
            len(one.rubric.rubric.criteria()),
            len(one.result.proofs),
            len(one.result.mismatches),
            len(one.result.unproven),
        )
        mark = "[green]✓[/green]" if one.result.holds else "[red]✗[/red]"
        name = escape(one.rubric.rubric.assignment.id)
        table.add_row(mark, name, *map(str, counts), f"{one.wall_seconds:.0f}")
    terminal.print(table)
