"""Parts of a rubric: what its students may see, and what a machine has data for."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.model.outcome import Visibility

if TYPE_CHECKING:
    from pydantic import JsonValue

    from grader.rubric.load import LoadedRubric

__all__ = ["measurable_part", "visible_part"]


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


def measurable_part(loaded: LoadedRubric, missing: set[str]) -> LoadedRubric | None:
    """Leave out the tasks that speak of missing datasets; None when no data at all is here."""
    rubric = loaded.rubric
    named = {name for task in rubric.task for c in task.criterion for name in _datasets_in(c.with_)}
    if not named - missing:
        return None
    kept = tuple(
        task
        for task in rubric.task
        if not any(_speaks_of(missing, c.with_) for c in task.criterion)
    )
    return dataclasses.replace(loaded, rubric=rubric.model_copy(update={"task": kept}))


def _datasets_in(parameters: dict[str, JsonValue]) -> set[str]:
    value = parameters.get("dataset")
    return {value.partition("/")[0]} if isinstance(value, str) and value else set()


def _speaks_of(datasets: set[str], value: JsonValue) -> bool:
    """Whether a criterion's parameters name a split of one of the datasets."""
    if isinstance(value, str):
        return value.partition("/")[0] in datasets and "/" in value
    if isinstance(value, dict):
        return any(_speaks_of(datasets, entry) for entry in value.values())
    return isinstance(value, list) and any(_speaks_of(datasets, entry) for entry in value)
