"""Which tasks of a rubric a submission takes part in. No I/O.

A task with `marked` is looked at when a heading says so; a starred one (`optional`) when something
of it was handed in. The others are left out of the scorecard, with a remark.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from grader.checks.requests import read_documents
from grader.checks.sections import headings_in
from grader.model.documents import Documents
from grader.model.evidence import Remark
from grader.model.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grader.model.evidence import EvidenceSet, ProbeRequest
    from grader.model.rubric import Task
    from grader.model.scorecard import ScoredTask

__all__ = [
    "NOT_HANDED_IN",
    "UNMARKED",
    "Heading",
    "headings",
    "left_out_remark",
    "not_handed_in",
    "unmarked",
]

UNMARKED = "task.unmarked"
NOT_HANDED_IN = "task.not_handed_in"

TOLD = {
    UNMARKED: "No heading marks '{}' as one to be looked at, so it is left out here.",
    NOT_HANDED_IN: "Nothing of the optional '{}' was found, which costs nothing.",
}


@dataclass(frozen=True)
class Heading:
    """One heading.

    Attributes:
        title: Its text.
        above: The texts of the headings that it lies below, in its file.
    """

    title: str
    above: tuple[str, ...] = ()


def headings(evidence: EvidenceSet) -> tuple[Heading, ...] | None:
    """Every heading of notebooks and reports, or None when they were not read."""
    piece = evidence.get_for(read_documents())
    if piece is None or piece.state != "measured":
        return None
    try:
        documents = Documents.model_validate_json(json.dumps(piece.payload))
    except ValidationError:
        return None
    found: list[Heading] = []
    open_in: dict[str, list[tuple[int, str]]] = {}
    for text in documents.texts:
        if text.kind != "markdown" and not text.place.file.endswith(
            (".md", ".docx", ".odt", ".html")
        ):
            continue
        above = open_in.setdefault(text.place.file, [])
        for level, title in headings_in(text.text):
            while above and above[-1][0] >= level:
                above.pop()
            found.append(Heading(title, tuple(one for _, one in above)))
            above.append((level, title))
    return tuple(found)


def unmarked(task: Task, found: Sequence[Heading] | None) -> bool:
    """Whether a task waits for a mark that no heading has. What could not be read is looked at."""
    if not task.marked or found is None:
        return False
    return not any(
        re.search(task.marked, heading.title) and not _elsewhere(task, heading) for heading in found
    )


def _elsewhere(task: Task, heading: Heading) -> bool:
    """Whether a heading lies in another part than the task."""
    return bool(task.elsewhere) and any(re.search(task.elsewhere, one) for one in heading.above)


def not_handed_in(scored: ScoredTask, needs: Iterable[ProbeRequest], evidence: EvidenceSet) -> bool:
    """Whether nothing of a starred task was handed in.

    That is so when no criterion earned anything or broke through us, no person decided any, and
    what its criteria speak about was found nowhere.
    """
    if any(c.decision is not None for c in scored.criteria):
        return False
    automatic = [c for c in scored.criteria if c.outcome is not Outcome.PENDING]
    lost = {Outcome.FAIL, Outcome.BLOCKED}
    if not automatic or any(c.outcome not in lost for c in automatic):
        return False
    about = [r for r in needs if "role" in r.params]
    pieces = [evidence.get_for(request) for request in about]
    return all(piece is None or piece.state == "unbound" for piece in pieces)


def left_out_remark(code: str, task: Task) -> Remark:
    """That a task was left out."""
    return Remark(code=code, message=TOLD[code].format(task.title or task.id))
