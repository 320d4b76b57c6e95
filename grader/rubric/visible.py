"""A rubric as its students may see it: visible criteria, on data that they may have."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.model.outcome import Visibility

if TYPE_CHECKING:
    from pydantic import JsonValue

    from grader.rubric.load import LoadedRubric

__all__ = ["visible_part"]


def visible_part(loaded: LoadedRubric) -> LoadedRubric:
    """Keep the visible criteria on public data, with tasks worth what is left in them."""
    tasks = []
    private = {name for name, entry in loaded.rubric.datasets.items() if entry.private}
    for task in loaded.rubric.task:
        seen = tuple(
            c
            for c in task.criterion
            if c.visibility is Visibility.VISIBLE and not _speaks_of(private, c.with_)
        )
        if seen:
            points = sum((c.points for c in seen if not c.bonus), Fraction(0))
            tasks.append(task.model_copy(update={"criterion": seen, "points": points}))
    rubric = loaded.rubric.model_copy(update={"task": tuple(tasks)})
    return dataclasses.replace(loaded, rubric=rubric)


def _speaks_of(datasets: set[str], value: JsonValue) -> bool:
    """Whether a criterion's parameters name a split of one of the datasets."""
    if isinstance(value, str):
        return value.partition("/")[0] in datasets and "/" in value
    if isinstance(value, dict):
        return any(_speaks_of(datasets, entry) for entry in value.values())
    return isinstance(value, list) and any(_speaks_of(datasets, entry) for entry in value)
