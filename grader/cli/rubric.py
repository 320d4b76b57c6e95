"""`grade rubric`: lint, verify, schema, new."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from grader.checks import Check
    from grader.rubric.load import LoadedRubric
    from grader.rubric.problems import Problem
    from grader.rubric.verify import Verification

__all__ = ["rubric"]

FOLDER = click.Path(exists=True, path_type=Path)
RUBRICS = Path("rubrics")
FUNCTIONS = {
    "function.matches": "accepted",
    "architecture.matches": "state_dict",
    "weights.not_pretrained": "known",
}
"""Check → its parameter that names functions of `expected.py`."""
FORMAT = click.option(
    "--format",
    "as_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
)


@click.group()
def rubric() -> None:
    r"""Lint, verify or start a rubric; print its JSON Schema.

    \b
    Examples:
      grade rubric new hw2
      grade rubric lint rubrics/hw2
      grade rubric verify rubrics/hw2
    """


@rubric.command()
@click.argument("folders", nargs=-1, type=FOLDER)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@FORMAT
def lint(folders: tuple[Path, ...], as_format: str, *, strict: bool) -> int:
    r"""Say everything that is wrong with rubrics, with line and mend.

    FOLDERS hold a rubric.toml each; without any, all in rubrics/. The exit status is 1 when
    there are errors.

    \b
    Examples:
      grade rubric lint
      grade rubric lint rubrics/hw2 --strict
    """
    found = {folder: _linted(folder) for folder in _folders(folders)}
    problems = [problem for listed in found.values() for problem in listed]
    counted = [p for p in problems if strict or p.severity == "error"]
    if as_format == "json":
        click.echo(json.dumps([vars(problem) for problem in problems], indent=2))
    else:
        for folder, listed in found.items():
            for problem in listed:
                click.echo(str(problem))
            if not listed:
                click.echo(f"{folder}: nothing to mend")
    return 1 if counted else 0


@rubric.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write here instead of printing."
)
@click.argument("folder", type=FOLDER, required=False)
def schema(folder: Path | None, out: Path | None) -> None:
    r"""Print the JSON Schema of rubric.toml, with the parameters of every check.

    With FOLDER, those of its own checks too.

    \b
    Examples:
      grade rubric schema
      grade rubric schema rubrics/hw1
      grade rubric schema --out rubric.schema.json
    """
    from grader.rubric.schema import schema as describe

    checks = _checks(folder)
    described = describe(
        {name: entry.params for name, entry in checks.items()},
        {name: entry.summary for name, entry in checks.items()},
    )
    text = json.dumps(described, indent=2, ensure_ascii=False)
    if out is None:
        click.echo(text)
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(f"{text}\n", encoding="utf-8")


@rubric.command()
@click.argument("identifier", metavar="ID")
@click.option("--title", default="", help="Of the assignment.  [default: ID]")
@click.option(
    "--rubrics",
    type=click.Path(file_okay=False, path_type=Path),
    default=RUBRICS,
    show_default=True,
    help="The folder that holds ID/rubric.toml.",
)
def new(identifier: str, title: str, rubrics: Path) -> None:
    r"""Start a rubric that lints clean, with an example to go on from.

    \b
    Example:
      grade rubric new hw2 --title "Backprop by hand"
    """
    from grader.rubric.scaffold import scaffold

    for file in scaffold(rubrics / identifier, title):
        click.echo(f"wrote {file}")
    click.echo(f"next: edit it, then `grade rubric lint {rubrics / identifier}`")


@rubric.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keeps evidence, so that unchanged cases are not run again.  [default: reports/verify/ID]",
)
@click.option(
    "--sandbox", type=click.Choice(["bubblewrap", "none"]), default="bubblewrap", show_default=True
)
@click.option("--jobs", type=click.IntRange(min=0), default=0, help="Boxes at a time.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), envvar="GRADE_DATA")
@click.option("--fresh", is_flag=True, help="Run every case again.")
@FORMAT
def verify(
    folder: Path,
    out: Path | None,
    sandbox: str,
    jobs: int,
    data: Path | None,
    as_format: str,
    *,
    fresh: bool,
) -> int:
    r"""Grade the reference and the mutants in FOLDER/verify and compare with what they must get.

    The exit status is 1 when a case comes out otherwise, or when an automatic criterion is lost
    exactly by none of them.

    \b
    Examples:
      grade rubric verify rubrics/digits-svhn
      grade rubric verify rubrics/digits-svhn --format json
    """
    from grader.cli.present import console
    from grader.cli.progress import ProgressView
    from grader.pipeline import Options, load_rubric, verify_rubric
    from grader.rubric.verify import compare, expectations_of

    loaded = load_rubric(folder)
    expectations = expectations_of(loaded)
    terminal = console()
    options = Options(
        out=out or Path("reports", "verify", loaded.rubric.assignment.id),
        sandbox=sandbox,
        jobs=jobs,
        data=data,
        fresh=fresh,
    )
    with ProgressView(terminal) as view:
        scorecards = verify_rubric(folder, options, view)
    result = compare(loaded.rubric, expectations, scorecards, _manual(loaded.checks))
    if as_format == "json":
        click.echo(json.dumps(_plain(result), indent=2))
    else:
        _print_cases(terminal, result)
        _print_criteria(terminal, result, loaded)
        _print_verdict(terminal, result)
    return 0 if result.holds else 1


def _folders(named: tuple[Path, ...]) -> list[Path]:
    if named:
        return [path.parent if path.is_file() else path for path in named]
    found = sorted(file.parent for file in RUBRICS.glob("*/rubric.toml"))
    if not found:
        raise click.UsageError("there is no rubrics/*/rubric.toml here; name a folder")
    return found


def _linted(folder: Path) -> tuple[Problem, ...]:
    from grader.errors import RubricError
    from grader.pipeline import rubric_context
    from grader.rubric.lint import lint as examine
    from grader.rubric.problems import Problem

    try:
        checks = _checks(folder)
    except RubricError as error:
        return (Problem(error.message, error.where, error.mend),)
    return examine(
        folder,
        {name: entry.params for name, entry in checks.items()},
        manual=_manual(checks),
        functions=FUNCTIONS,
        **rubric_context(checks),
    )


def _checks(folder: Path | None = None) -> Mapping[str, Check[Any]]:
    """The built-in checks, and those that a rubric's folder adds."""
    from grader.checks import CHECKS
    from grader.checks.own import own_of

    return CHECKS if folder is None else own_of(folder).checks


def _manual(checks: Mapping[str, Check[Any]]) -> frozenset[str]:
    return frozenset(name for name, entry in checks.items() if entry.manual)


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
