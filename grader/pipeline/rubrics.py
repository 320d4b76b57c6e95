"""Rubric folders, read with what their own checks, probes and datasets add."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from grader.checks import CHECKS, Check
from grader.checks.own import own_of
from grader.collect.probes import add_own
from grader.datasets import DATASETS, splits
from grader.errors import ConfigurationError
from grader.rubric.data_rules import SERVED
from grader.rubric.load import LoadedRubric, load
from grader.rubric.problems import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["load_rubric", "load_rubrics", "rubric_context", "rubric_folder"]


def rubric_context(checks: Mapping[str, Check[Any]] = CHECKS) -> dict[str, Any]:
    """What a rubric may speak of beyond its own file: what checks need, which data there is."""
    return {
        "needs": lambda check, params, rubric: checks[check].needs(params, rubric),
        "names": {
            "dataset": splits(),
            SERVED: tuple(
                name for name in DATASETS if DATASETS[name].served or DATASETS[name].shipped
            ),
        },
    }


def load_rubric(folder: Path) -> LoadedRubric:
    """Read a rubric folder strictly.

    Raises:
        RubricError: With all problems of the file, each with line and mend.
    """
    own = own_of(folder)
    params = {name: entry.params for name, entry in own.checks.items()}
    loaded = load(folder, params, **rubric_context(own.checks))
    add_own(loaded.rubric.assignment.id, own.probes, own.sources)
    return dataclasses.replace(loaded, checks=own.checks)


def load_rubrics(folder: Path) -> dict[str, Path]:
    """The assignments of a rubrics folder: id → its folder.

    Raises:
        ConfigurationError: There is none.
    """
    found = {p.parent.name: p.parent for p in sorted(folder.glob("*/rubric.toml"))}
    if not found:
        raise ConfigurationError(
            "no rubric is here",
            where=str(folder),
            mend="run where the course's `rubrics/` is, or name it with --rubrics; "
            "its staff makes one with `grade rubric new ID`",
        )
    return found


def rubric_folder(assignment: str, folders: Mapping[str, Path], rubrics: Path) -> Path:
    """The folder of an assignment's rubric.

    Args:
        assignment: Its id.
        folders: Assignment → its folder.
        rubrics: Where they were looked for.

    Raises:
        ConfigurationError: There is none.
    """
    if assignment not in folders:
        raise ConfigurationError(
            f"there is no rubric for assignment '{assignment}'",
            where=str(rubrics),
            mend=f"give --assignment another id; {did_you_mean(assignment, folders)}",
        )
    return folders[assignment]
