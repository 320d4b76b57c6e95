"""`grade doctor`: what this machine can do, each with the mend."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

import click

from grader.errors import GraderError
from grader.sandbox import SANDBOXES, Property, Sandbox, make_sandbox
from grader.sandbox.limits import standings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

__all__ = ["doctor"]

PACKAGES = ("torch", "torchvision", "numpy", "ipython", "matplotlib", "scikit-learn")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option(
    "--sandbox",
    "name",
    type=click.Choice(sorted(SANDBOXES)),
    default="bubblewrap",
    show_default=True,
    help="The sandbox to look at.",
)
def doctor(name: str, *, as_json: bool) -> None:
    r"""Say what this machine can do: sandbox, limits, GPU, datasets, each with its mend.

    The sandbox is attacked from inside, within small limits; nothing on this machine is changed.
    The exit status is 1 if anything gets through: then nothing should be graded here.

    \b
    Examples:
      grade doctor
      grade doctor --json > machine.json
    """
    properties, mechanisms, standing = _sandbox(name)
    report: dict[str, Any] = {
        "sandbox": name,
        "properties": [one.model_dump() for one in properties],
        "limits": mechanisms,
        "mechanisms": [one.model_dump() for one in standing],
        "versions": versions(),
        "gpu": gpu(),
        "datasets": [one.model_dump() for one in datasets()],
    }
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        _print(report)
    if not all(one.holds for one in properties):
        sys.exit(1)


def _sandbox(name: str) -> tuple[tuple[Property, ...], dict[str, str], tuple[Property, ...]]:
    try:
        sandbox: Sandbox = make_sandbox(name)
        found = sandbox.self_check()
        return found, sandbox.limit_mechanisms(), standings() if sandbox.isolated else ()
    except GraderError as error:
        failed = Property(name="sandbox", holds=False, detail=error.message, mend=error.mend)
        return (failed,), {}, ()


def versions() -> dict[str, str]:
    """Return the versions of Python and of what student code imports, importing none of it."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def gpu() -> list[str]:
    """Ask the driver's own tool for the GPUs; empty when there is none."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    if answer.returncode:
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]


def datasets() -> Iterator[Property]:
    """Say of each dataset whether it is here, and how to get it. `grade data verify` reads them."""
    from grader.datasets import DATASETS, data_root, part_in_words

    root = data_root()
    for name, dataset in DATASETS.items():
        place = dataset.locate(root)
        if place is None:
            mend = f"grade data fetch {name}, or name the folder that holds it with GRADE_DATA"
            yield Property(name=name, holds=False, detail=f"not below {root}", mend=mend)
            continue
        part = part_in_words(dataset.partial(root))
        detail = f"{place} (partial: {part})" if part else str(place)
        yield Property(name=name, holds=True, detail=detail)


def _print(report: dict[str, Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for title, rows in (
        (f"Sandbox: {report['sandbox']}", report["properties"]),
        ("Datasets", report["datasets"]),
    ):
        table = Table(title=title, box=box.SIMPLE, title_justify="left", expand=False)
        for heading in ("", "what", "found", "mend"):
            table.add_column(heading, overflow="fold")
        for row in rows:
            mark = "[green]ok[/]" if row["holds"] else "[bold red]NO[/]"
            table.add_row(mark, *(_plain(row[key]) for key in ("name", "detail", "mend")))
        console.print(table)
    _print_mechanisms(console, report["mechanisms"])
    table = Table(title="Machine", box=box.SIMPLE, title_justify="left", show_header=False)
    for limit, mechanism in report["limits"].items():
        table.add_row(f"limit: {limit}", _plain(mechanism))
    for package, version in report["versions"].items():
        table.add_row(package, version)
    table.add_row("GPU", _plain("; ".join(report["gpu"]) or "none"))
    console.print(table)
    failed = sum(not row["holds"] for row in report["properties"])
    if failed:
        console.print(
            f"[bold red]{failed} of the sandbox's properties do not hold:[/] do not grade"
        )
    else:
        console.print("[green]Untrusted submissions may be graded on this machine.[/]")


def _print_mechanisms(console: Console, rows: list[dict[str, Any]]) -> None:
    """One line a mechanism: a better one that does not work here is no failure."""
    for row in rows:
        mark = "[green]in use[/]" if row["holds"] else _plain(row["detail"])
        mend = f": {_plain(row['mend'])}" if row["mend"] else ""
        console.print(f"  limits by {_plain(row['name'])}: {mark}{mend}", soft_wrap=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
