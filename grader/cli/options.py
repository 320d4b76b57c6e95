"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

__all__ = [
    "EXISTING",
    "RUBRICS",
    "SANDBOXES",
    "common",
    "fail_under",
    "named_root",
    "points_type",
    "rubric_folders",
    "text_or_json",
]

F = TypeVar("F", bound=Callable[..., Any])

EXISTING = click.Path(exists=True, path_type=Path)
RUBRICS = Path("rubrics")
PERCENT = 100
REPORTS = Path("reports")
SANDBOXES = click.Choice(["bubblewrap", "none"])

text_or_json = click.option(
    "--format",
    "as_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs.",
)


def named_root(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """Refuse a `--data` that is not there; GRADE_DATA may name what is still to be fetched."""
    named = ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
    if value is not None and named and not value.is_dir():
        raise click.BadParameter(f"there is no folder '{value}'", ctx, param)
    return value


def common(command: F, *, out: Path = REPORTS) -> F:
    """`--rubrics`, `--out`, `--assignment`, `--data`, `--gradebook`.

    Args:
        command: Gets the options.
        out: What `--out` is by itself.
    """
    folder = click.Path(file_okay=False, path_type=Path)
    for option in (
        click.option(
            "--gradebook",
            default="",
            metavar="URL",
            help="SQLAlchemy URL of the gradebook. [default: SQLite in OUT]",
        ),
        click.option(
            "--data",
            type=folder,
            envvar="GRADE_DATA",
            callback=named_root,
            help="Root of the datasets. [env: GRADE_DATA]",
        ),
        click.option(
            "--assignment", metavar="ID", help="Which rubric, where the path does not tell."
        ),
        click.option(
            "--rubrics",
            type=folder,
            default=RUBRICS,
            show_default=True,
            help="Folder that holds ID/rubric.toml.",
        ),
        click.option(
            "--out",
            type=folder,
            default=out,
            show_default=True,
            help="Reports, gradebook and evidence.",
        ),
    ):
        command = option(command)
    return command


def running(command: F) -> F:
    """`--jobs`, `--fresh`."""
    for option in (
        click.option("--fresh", is_flag=True, help="Run everything again, stored evidence or not."),
        click.option(
            "--jobs",
            type=click.IntRange(min=0),
            default=0,
            help="Boxes at a time. [default: cores]",
        ),
    ):
        command = option(command)
    return command


class PointsType(click.ParamType[tuple[Fraction, bool]]):
    """Exact points, or a share such as `60%`."""

    name = "points"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Fraction, bool]:
        """Give (number, whether it is a share of the maximum)."""
        if isinstance(value, tuple):
            return value
        text = str(value).strip()
        try:
            number = Fraction(text.removesuffix("%").strip())
        except (ValueError, ZeroDivisionError):
            self.fail(f"{value!r} is neither points nor a percentage such as 60%", param, ctx)
        share = text.endswith("%")
        if number < 0 or (share and number > PERCENT):
            self.fail(f"{value!r} is not between 0 and {'100%' if share else 'all'}", param, ctx)
        return (number / PERCENT, True) if share else (number, False)


points_type = PointsType()

fail_under = click.option(
    "--fail-under",
    type=points_type,
    metavar="P",
    help="Exit 1 when a submission has fewer points: 2.5, or 60%.",
)


def rubric_folders(named: Sequence[Path]) -> list[Path]:
    """The rubrics that a command is about, or all that are here.

    Args:
        named: Each a rubric's folder or file, or a folder of rubrics.

    Raises:
        UsageError: None is named, and none is here.
    """
    if named:
        return [folder for path in named for folder in _rubrics_at(path)]
    found = _rubrics_in(RUBRICS)
    if not found:
        raise click.UsageError("there is no rubrics/*/rubric.toml here; name a folder")
    return found


def _rubrics_at(path: Path) -> list[Path]:
    if path.is_file():
        return [path.parent]
    inside = [] if (path / "rubric.toml").exists() else _rubrics_in(path)
    return inside or [path]


def _rubrics_in(folder: Path) -> list[Path]:
    return sorted(file.parent for file in folder.glob("*/rubric.toml"))
