"""`grade data`: where the datasets are; fetch and verify them."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.options import text_or_json
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from grader.datasets import Dataset, DatasetProperty

__all__ = ["data"]

ROOT = click.option(
    "--data",
    "root",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="GRADE_DATA",
    help="Root of the datasets.  [env: GRADE_DATA; default: data]",
)
RUBRICS = click.option(
    "--rubrics",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("rubrics"),
    show_default=True,
    help="Folder that holds ID/rubric.toml: for their own datasets.",
)
KILO = 1000
COUNTED = re.compile(r"([\d,]+ of [\d,]+) examples(, )?")
"""What the table says of a part already."""
MARKS = {"complete": "[green]complete[/]", "partial": "[yellow]partial[/]", "missing": "[red]—[/]"}


@click.group()
def data() -> None:
    r"""Where the datasets are; fetch and verify them.

    \b
    Examples:
      grade data list
      grade data fetch mnist cifar10
      grade data verify
    """


@data.command("list")
@ROOT
@RUBRICS
@text_or_json
def list_(root: Path | None, rubrics: Path, as_format: str) -> None:
    r"""Show every dataset: which part of it is here, how large, where, and how to get it.

    \b
    Example:
      grade data list --data ~/datasets
    """
    from grader.datasets import data_root, part_in_words

    place = data_root(root)
    rows = [_described(dataset, place) for dataset in _datasets((), rubrics, root)]
    if as_format == "json":
        click.echo(json.dumps(rows, indent=2))
        return
    from grader.cli.present import console

    terminal = console()
    terminal.print(f"Root of datasets: {place}", markup=False, soft_wrap=True)
    terminal.print(_listing(rows, place))
    for row in rows:
        notes = {split: COUNTED.sub("", said) for split, said in row["partial"].items()}
        said = part_in_words({split: note for split, note in notes.items() if note})
        if said and row["name"] == row["fetched_as"]:
            terminal.print(f"{row['name']}: {said}", markup=False, soft_wrap=True)
    lacking = [
        row["name"]
        for row in rows
        if row["state"] == "missing" and row["fetch"] and row["name"] == row["fetched_as"]
    ]
    if lacking:
        words = " ".join(lacking)
        terminal.print(f"\nGet what is missing: grade data fetch {words}", soft_wrap=True)


@data.command()
@click.argument("names", nargs=-1)
@ROOT
@RUBRICS
def fetch(names: tuple[str, ...], root: Path | None, rubrics: Path) -> int:
    r"""Bring datasets onto this machine. Without NAMES, all of them.

    torchvision and git do the work, in processes of their own. A part that is here already is
    not touched. The exit status is 1 when something could not be had.

    \b
    Example:
      grade data fetch mnist cifar10
    """
    from grader.datasets import data_root

    place, lost = data_root(root), 0
    chosen = _datasets(names, rubrics if names else None, root)
    for dataset in chosen:
        here = dataset.locate(place) is not None and not dataset.partial(place)
        try:
            path = dataset.fetch(place)
        except DatasetMissingError as error:
            if len(chosen) == 1:
                raise
            click.echo(f"{dataset.name}: {error}", err=True)
            lost += 1
            continue
        click.echo(f"{dataset.name}: {'already at' if here else 'fetched to'} {path}")
    return 1 if lost else 0


@data.command()
@click.argument("names", nargs=-1)
@ROOT
@RUBRICS
@text_or_json
def verify(names: tuple[str, ...], root: Path | None, rubrics: Path, as_format: str) -> int:
    r"""Compare bytes, shapes and counts of labels with the known ones.

    Without NAMES, everything that is here. The exit status is 1 when something does not hold.

    \b
    Example:
      grade data verify digits mnist
    """
    from grader.datasets import data_root

    place = data_root(root)
    chosen = _datasets(names, rubrics, root)
    here = [one for one in chosen if names or one.locate(place) is not None]
    found = {dataset.name: dataset.verify(place) for dataset in here}
    if as_format == "json":
        plain = {name: [entry.model_dump() for entry in looked] for name, looked in found.items()}
        click.echo(json.dumps(plain, indent=2))
    else:
        _print_verified(found, [one.name for one in chosen if one not in here])
    return 0 if all(entry.holds for looked in found.values() for entry in looked) else 1


def _datasets(names: tuple[str, ...], rubrics: Path | None, root: Path | None) -> list[Dataset]:
    """The named ones, or all: the known ones first, then those of rubrics."""
    from grader.datasets import DATASETS

    known = {name: DATASETS[name] for name in DATASETS}
    own = {one.name: one for one in _own(rubrics, root)} if rubrics is not None else {}
    every = {**own, **known}
    if not names:
        return [*known.values(), *(one for name, one in own.items() if name not in known)]
    return [every[name] if name in every else DATASETS[name] for name in dict.fromkeys(names)]


def _own(rubrics: Path, root: Path | None) -> list[Dataset]:
    """The datasets that rubrics describe; what is wrong with them, `rubric lint` says."""
    from pydantic import ValidationError

    from grader.datasets import Own
    from grader.model.rubric import OwnDataset

    found: list[Dataset] = []
    for file in sorted(rubrics.glob("*/rubric.toml")):
        try:
            tables = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("datasets", {})
            for name, table in tables.items():
                described = OwnDataset.model_validate_json(json.dumps(table))
                found.append(Own(name, described, file.parent, root))
        except (OSError, ValueError, AttributeError, ValidationError):
            continue
    return found


def _described(dataset: Dataset, root: Path) -> dict[str, Any]:
    from grader.datasets import Own

    path = dataset.locate(root)
    partial = dict(dataset.partial(root))
    state = "missing" if path is None else "partial" if partial else "complete"
    return {
        "name": dataset.name,
        "fetched_as": dataset.fetched_as,
        "title": dataset.title,
        "state": state,
        "version": dataset.version(root),
        "classes": list(dataset.classes),
        "sizes": dict(dataset.sizes),
        "partial": partial,
        "size_bytes": dataset.size_bytes(root),
        "path": None if path is None else str(path),
        "fetch": "" if isinstance(dataset, Own) else f"grade data fetch {dataset.fetched_as}",
    }


def _listing(rows: list[dict[str, Any]], root: Path) -> Table:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, justify in (
        ("dataset", "left"),
        ("here", "left"),
        ("examples", "left"),
        ("classes", "right"),
        ("size", "right"),
        ("where, or how to get it", "left"),
    ):
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(
            f"[bold]{escape(row['name'])}[/]\n[dim]{escape(row['title'])}[/]",
            MARKS[row["state"]],
            "\n".join(_examples(row)),
            str(len(row["classes"]) or ""),
            _bytes(row["size_bytes"]),
            escape(_where(row, root)),
        )
    return table


def _examples(row: dict[str, Any]) -> Iterator[str]:
    """Such as `test 1,000 of 10,000`."""
    for split, size in row["sizes"].items():
        counted = COUNTED.match(row["partial"].get(split, ""))
        yield f"{split} {counted[1] if counted else f'{size:,}'}"


def _where(row: dict[str, Any], root: Path) -> str:
    """Below the root where it can be, so that the table stays narrow."""
    if row["path"] is None:
        return row["fetch"] or "only the course has it"
    path = Path(row["path"])
    if path.is_relative_to(root):
        return str(path.relative_to(root))
    if path.parts[-5:-4] == ("site-packages",) or "site-packages" in path.parts:
        return "comes with scikit-learn"
    return str(path)


def _bytes(size: int) -> str:
    """Such as `11.6 MB`."""
    amount, units = float(size), ["B", "kB", "MB", "GB"]
    while amount >= KILO and len(units) > 1:
        amount, units = amount / KILO, units[1:]
    return f"{amount:.3g} {units[0]}" if size else ""


def _print_verified(found: dict[str, tuple[DatasetProperty, ...]], absent: list[str]) -> None:
    from rich.markup import escape

    from grader.cli.present import console

    terminal = console()
    for name, looked in found.items():
        holds = all(entry.holds for entry in looked)
        mark = "[green]✓[/]" if holds else "[bold red]✗[/]"
        terminal.print(f"{mark} [bold]{escape(name)}[/]")
        for entry in looked:
            mark = "[green]ok  [/]" if entry.holds else "[bold red]FAIL[/]"
            terminal.print(f"  {mark} {escape(entry.name)}: {escape(entry.detail)}", soft_wrap=True)
            if entry.mend:
                terminal.print(f"       mend: {escape(entry.mend)}", soft_wrap=True)
    if absent:
        terminal.print(f"[dim]Not here: {escape(', '.join(absent))}[/]", soft_wrap=True)
