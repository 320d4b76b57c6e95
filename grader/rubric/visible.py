"""Parts of a rubric: what its students may see, and what a machine has data for."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.model.outcome import Visibility

if TYPE_CHECKING:
    from pydantic import JsonValue

    from grader.model.rubric import Task
    from grader.rubric.load import LoadedRubric

__all__ = ["measurable_part", "visible_part", "without_tasks"]


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
    """Leave out the tasks that speak of missing datasets, and serve none of them.

    Returns:
        What is left, or None when no data at all is here.
    """
    rubric = loaded.rubric
    named = {name for task in rubric.task for c in task.criterion for name in _datasets_in(c.with_)}
    if not named - missing:
        return None
    speaking = {
        task.id for task in rubric.task if any(_speaks_of(missing, c.with_) for c in task.criterion)
    }
    served = tuple(name for name in rubric.data.serve if name not in missing)
    data = rubric.data.model_copy(update={"serve": served})
    rest = dataclasses.replace(loaded, rubric=rubric.model_copy(update={"data": data}))
    return without_tasks(rest, speaking)


def without_tasks(loaded: LoadedRubric, left_out: set[str]) -> LoadedRubric | None:
    """Leave out tasks, and those that build on them; None when none stays."""
    tasks = loaded.rubric.task
    gone: set[str] = set()
    more = left_out
    while more:
        gone |= more
        more = {t.id for t in tasks if t.id not in gone and _before(t) & gone}
    kept = tuple(task for task in tasks if task.id not in gone)
    if not kept:
        return None
    return dataclasses.replace(loaded, rubric=loaded.rubric.model_copy(update={"task": kept}))


def _before(task: Task) -> set[str]:
    """The tasks that a task's criteria require."""
    return {name.rpartition("/")[0] for c in task.criterion for name in c.requires}


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
