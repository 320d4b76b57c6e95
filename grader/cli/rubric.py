"""`grade rubric`: lint, schema, new; `verify` has a file of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.options import EXISTING, RUBRICS, rubric_folders, text_or_json
from grader.cli.verify import verify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.checks import Check
    from grader.rubric.problems import Problem

__all__ = ["rubric"]

FUNCTIONS = {
    "function.matches": "accepted",
    "architecture.matches": "state_dict",
    "weights.not_pretrained": "known",
}
"""Check → its parameter that names functions of `expected.py`."""


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
@click.argument("folders", nargs=-1, type=EXISTING)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@text_or_json
def lint(folders: tuple[Path, ...], as_format: str, *, strict: bool) -> int:
    r"""Say everything that is wrong with rubrics, with line and mend.

    FOLDERS hold a rubric.toml each, or rubrics; without any, all in rubrics/. The exit status is
    1 when there are errors.

    \b
    Examples:
      grade rubric lint
      grade rubric lint rubrics/hw2 --strict
    """
    found = {folder: _linted(folder) for folder in rubric_folders(folders)}
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
@click.argument("folder", type=EXISTING, required=False)
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
        manual=frozenset(name for name, entry in checks.items() if entry.manual),
        functions=FUNCTIONS,
        **rubric_context(checks),
    )


def _checks(folder: Path | None = None) -> Mapping[str, Check[Any]]:
    """The built-in checks, and those that a rubric's folder adds."""
    from grader.checks import CHECKS
    from grader.checks.own import own_of

    return CHECKS if folder is None else own_of(folder).checks


rubric.add_command(verify)
