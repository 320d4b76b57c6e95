"""Notebooks that are no notebooks: their work counts as not handed in, so the staff looks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from grader.checks.phrases import quoted
from grader.checks.requests import inspect_source
from grader.model.measurements import SourceFacts
from grader.model.scorecard import Flag

if TYPE_CHECKING:
    from grader.model.evidence import EvidenceSet

__all__ = ["unread_notebooks"]


def unread_notebooks(evidence: EvidenceSet) -> tuple[Flag, ...]:
    """A flag for each notebook of which not one cell could be read."""
    found = evidence.get_for(inspect_source())
    if found is None or found.state != "measured":
        return ()
    try:
        facts = SourceFacts.model_validate_json(json.dumps(found.payload))
    except ValidationError:
        return ()
    return tuple(
        Flag(
            code="notebook_unreadable",
            message=f"{quoted([file.path])[0]} cannot be read: {file.parse_error}",
        )
        for file in facts.files
        if file.kind == "notebook" and file.parse_error and not file.cells
    )
