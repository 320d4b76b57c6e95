"""`grade data`: where the datasets are; fetch and verify them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from grader.datasets import Dataset

__all__ = ["data"]

ROOT = click.option(
    "--data",
    "root",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="GRADE_DATA",
    help="Root of the datasets.  [env: GRADE_DATA; default: data]",
)
FORMAT = click.option(
    "--format",
    "as_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
)


@click.group()
def data() -> None:
    r"""Where the datasets are; fetch and verify them.

    \b
    Examples:
      grade data list
      grade data fetch digits
      grade data verify
    """


@data.command("list")
@ROOT
@FORMAT
def list_(root: Path | None, as_format: str) -> None:
    r"""Show every dataset, its splits, and where it is.

    \b
    Example:
      grade data list --format json
    """
    from grader.datasets import data_root

    rows = [_described(dataset, data_root(root)) for dataset in _datasets(())]
    if as_format == "json":
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        sizes = ", ".join(f"{split} {size}" for split, size in row["sizes"].items())
        click.echo(f"{row['name']}: {row['title']}; {len(row['classes'])} classes; {sizes}")
        click.echo(f"  {row['path'] or 'not here; get it: grade data fetch ' + row['name']}")


@data.command()
@click.argument("names", nargs=-1)
@ROOT
def fetch(names: tuple[str, ...], root: Path | None) -> None:
    r"""Bring datasets onto this machine. Without NAMES, all of them.

    \b
    Example:
      grade data fetch digits
    """
    from grader.datasets import data_root

    for dataset in _datasets(names):
        before = dataset.locate(data_root(root))
        path = dataset.fetch(data_root(root))
        click.echo(f"{dataset.name}: {'fetched to' if before is None else 'already at'} {path}")


@data.command()
@click.argument("names", nargs=-1)
@ROOT
@FORMAT
def verify(names: tuple[str, ...], root: Path | None, as_format: str) -> int:
    r"""Compare the bytes that are here with the known checksums. Without NAMES, all of them.

    The exit status is 1 when something does not hold.

    \b
    Example:
      grade data verify digits
    """
    from grader.datasets import data_root

    found = {dataset.name: dataset.verify(data_root(root)) for dataset in _datasets(names)}
    if as_format == "json":
        plain = {name: [entry.model_dump() for entry in looked] for name, looked in found.items()}
        click.echo(json.dumps(plain, indent=2))
    else:
        for name, looked in found.items():
            for entry in looked:
                mark = "ok  " if entry.holds else "FAIL"
                click.echo(f"{mark} {name} {entry.name}: {entry.detail}")
                if entry.mend:
                    click.echo(f"     mend: {entry.mend}")
    return 0 if all(entry.holds for looked in found.values() for entry in looked) else 1


def _datasets(names: tuple[str, ...]) -> list[Dataset]:
    from grader.datasets import DATASETS

    return [DATASETS[name] for name in names or DATASETS]


def _described(dataset: Dataset, root: Path) -> dict[str, Any]:
    path = dataset.locate(root)
    return {
        "name": dataset.name,
        "title": dataset.title,
        "version": dataset.version(root),
        "classes": list(dataset.classes),
        "sizes": dict(dataset.sizes),
        "partial": dict(dataset.partial(root)),
        "path": None if path is None else str(path),
    }
