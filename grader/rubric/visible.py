"""A rubric as its students may see it."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.model.outcome import Visibility

if TYPE_CHECKING:
    from grader.rubric.load import LoadedRubric

__all__ = ["visible_part"]


def visible_part(loaded: LoadedRubric) -> LoadedRubric:
    """Keep the visible criteria, with tasks worth what is left in them."""
    tasks = []
    for task in loaded.rubric.task:
        seen = tuple(c for c in task.criterion if c.visibility is Visibility.VISIBLE)
        if seen:
            points = sum((c.points for c in seen if not c.bonus), Fraction(0))
            tasks.append(task.model_copy(update={"criterion": seen, "points": points}))
    rubric = loaded.rubric.model_copy(update={"task": tuple(tasks)})
    return dataclasses.replace(loaded, rubric=rubric)
