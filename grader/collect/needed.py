"""Which measurements of a plan a submission needs: none for tasks that it takes no part in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.checks import CHECKS
from grader.checks.requests import read_documents
from grader.checks.taking_part import headings, unmarked
from grader.model.evidence import EvidenceSet

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from grader.checks import Check
    from grader.model.base import Record
    from grader.model.evidence import Evidence, ProbeRequest
    from grader.model.rubric import Rubric, Task

__all__ = ["EVERYTHING", "Needed"]


@dataclass(frozen=True)
class Needed:
    """What each task asks for.

    Attributes:
        tasks: Those that wait for a mark.
        asked: Every task's id → digests of the requests that its criteria look at, and those that
            they require.
    """

    tasks: tuple[Task, ...] = ()
    asked: Mapping[str, frozenset[str]] | None = None

    @classmethod
    def of(
        cls,
        rubric: Rubric,
        params: Mapping[str, Record],
        checks: Mapping[str, Check[Any]] = CHECKS,
    ) -> Needed:
        """Read off a rubric."""
        tasks = tuple(task for task in rubric.task if task.marked)
        if not tasks:
            return EVERYTHING
        criteria = rubric.criteria()
        asked = {
            name: {request.digest for request in checks[entry.check].needs(params[name], rubric)}
            for name, entry in criteria.items()
        }
        by_task: dict[str, set[str]] = {}
        for task in rubric.task:
            waiting = [f"{task.id}/{entry.id}" for entry in task.criterion]
            seen: set[str] = set()
            while waiting:
                name = waiting.pop()
                if name not in seen and name in criteria:
                    seen.add(name)
                    waiting += criteria[name].requires
            by_task[task.id] = set().union(*(asked[name] for name in seen))
        return cls(tasks, {task: frozenset(digests) for task, digests in by_task.items()})

    def among(
        self,
        plan: tuple[ProbeRequest, ...],
        have: Mapping[str, Evidence],
        decided: Collection[str] = (),
    ) -> tuple[ProbeRequest, ...]:
        """The plan without what only tasks ask for that the submission takes no part in.

        Args:
            plan: Every request.
            have: Request digest → evidence; before the documents are read, nothing is left out.
            decided: `task/criterion` that a person decided: their tasks are scored all the same.
        """
        if self.asked is None:
            return plan
        found = headings(EvidenceSet(dict(have)))
        stays = {name.rpartition("/")[0] for name in decided}
        out = {task.id for task in self.tasks if task.id not in stays and unmarked(task, found)}
        kept = set().union(*(asked for task, asked in self.asked.items() if task not in out))
        dropped = set().union(*(self.asked[task] for task in out)) - kept
        dropped.discard(read_documents().digest)
        return tuple(request for request in plan if request.digest not in dropped)


EVERYTHING = Needed()
"""Of a rubric whose tasks are all looked at."""
