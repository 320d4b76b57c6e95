"""Which tasks of a rubric a submission takes part in. No I/O.

A task with `marked` is looked at when a heading says so; a starred one (`optional`) when something
of it was handed in. The others are left out of the scorecard, with a remark.
"""

from __future__ import annotations

import json
import re
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


def headings(evidence: EvidenceSet) -> tuple[str, ...] | None:
    """Every heading of notebooks and reports, or None when they were not read."""
    piece = evidence.get_for(read_documents())
    if piece is None or piece.state != "measured":
        return None
    try:
        documents = Documents.model_validate_json(json.dumps(piece.payload))
    except ValidationError:
        return None
    found: list[str] = []
    for text in documents.texts:
        if text.kind == "markdown" or text.place.file.endswith((".md", ".docx", ".html")):
            found += [title for _, title in headings_in(text.text)]
    return tuple(found)


def unmarked(task: Task, found: Sequence[str] | None) -> bool:
    """Whether a task waits for a mark that no heading has. What could not be read is looked at."""
    if not task.marked or found is None:
        return False
    return not any(re.search(task.marked, heading) for heading in found)


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
