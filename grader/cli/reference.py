"""`grade reference`: list, train, baseline.

The grader never imports the reference solutions: their names and baselines are read as files, and
training is a process of its own.
"""

from __future__ import annotations

import ast
import difflib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from grader.cli.options import text_or_json
from grader.errors import ConfigurationError, UnknownNameError

__all__ = ["reference"]

TASKS_NAME = "TASKS"
FIGURES_NAME = "FIGURES"  # programs that draw, and have no baseline


@click.group()
def reference() -> None:
    r"""Reference solutions: list, train, baselines.

    \b
    Examples:
      grade reference list
      grade reference train digits_mlp --tiny
      grade reference baseline
    """


@reference.command("list")
@text_or_json
def list_(as_format: str) -> None:
    r"""Show every reference solution.

    \b
    Example:
      grade reference list
    """
    package = _package()
    tasks = _tasks(package) | _figures(package)
    if as_format == "json":
        click.echo(json.dumps(tasks, indent=2))
        return
    width = max(map(len, tasks), default=0)
    for name, title in tasks.items():
        click.echo(f"{name:<{width}}  {title}")


@reference.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def train(name: str, arguments: tuple[str, ...]) -> int:
    r"""Train one reference solution, or draw its figures; ARGUMENTS go to it.

    \b
    Examples:
      grade reference train digits_mlp
      grade reference train gallery grocery_cnn --out figures
      grade reference train digits_cnn --seeds 0 1 2 --save
    """
    package = _package()
    tasks = _tasks(package) | _figures(package)
    if name not in tasks:
        near = difflib.get_close_matches(name, tasks, n=3) or sorted(tasks)
        raise UnknownNameError(
            f"unknown reference solution '{name}'", mend=f"one of: {', '.join(near)}"
        )
    argv = [sys.executable, "-m", f"reference.{name}", *arguments]
    return subprocess.run(argv, check=False).returncode


@reference.command()
@text_or_json
def baseline(as_format: str) -> None:
    r"""Show what the reference solutions reached: mean and spread over their seeds.

    \b
    Examples:
      grade reference baseline
      grade reference baseline --format json
    """
    from grader.checks.phrases import count

    package = _package()
    found = [_baseline(package, name) for name in _tasks(package)]
    stored = [entry for entry in found if entry is not None]
    if as_format == "json":
        click.echo(json.dumps(stored, indent=2))
        return
    for entry in stored:
        seeds = len(entry["seeds"])
        click.echo(f"{entry['task']}  ({count(seeds, 'seed')})")
        for metric, values in entry["metrics"].items():
            spread = f" ± {values['spread']:.4f}" if seeds > 1 else ""
            click.echo(f"  {metric:<12} {values['mean']:.4f}{spread}")
    known = {entry["task"] for entry in stored}
    for name in _tasks(package):
        if name not in known:
            click.echo(f"{name}: none yet; grade reference train {name} --seeds 0 1 2 --save")


def _package() -> Path:
    """The folder of the reference solutions.

    Raises:
        ConfigurationError: They are not installed here.
    """
    spec = importlib.util.find_spec("reference")  # finds without importing
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    for place in places:
        if Path(place, "tasks.py").is_file():
            return Path(place)
    raise ConfigurationError(
        "the reference solutions are not on this machine",
        mend="run inside a checkout of the repository, or install it with `pip install -e .`",
    )


def _tasks(package: Path) -> dict[str, str]:
    """Name → title, from the literal in `tasks.py`."""
    tasks = _literal(package, TASKS_NAME)
    if tasks is None:
        raise ConfigurationError(
            f"there is no {TASKS_NAME} = {{…}}", where=str(package / "tasks.py")
        )
    return tasks


def _figures(package: Path) -> dict[str, str]:
    """Name → title of what draws figures."""
    return _literal(package, FIGURES_NAME) or {}


def _literal(package: Path, name: str) -> dict[str, str] | None:
    file = package / "tasks.py"
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.AnnAssign | ast.Assign) or node.value is None:
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        if isinstance(target, ast.Name) and target.id == name:
            found: dict[str, str] = ast.literal_eval(node.value)
            return found
    return None


def _baseline(package: Path, name: str) -> dict[str, Any] | None:
    file = package / "baselines" / f"{name}.json"
    if not file.is_file():
        return None
    try:
        stored: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigurationError(
            f"is not JSON: {error}",
            where=str(file),
            mend=f"grade reference train {name} --seeds 0 1 2 --save",
        ) from error
    return stored
