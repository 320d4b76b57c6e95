"""What a busy machine spoilt is dropped, so that the next run measures it again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from grader.collect.probes import spec_of
from grader.errors import StoreError

if TYPE_CHECKING:
    from grader.collect.store import EvidenceStore
    from grader.model.scorecard import Scorecard
    from grader.model.submission import Submission
    from grader.rubric.load import LoadedRubric

__all__ = ["forget_spoilt"]


def forget_spoilt(
    submission: Submission, loaded: LoadedRubric, store: EvidenceStore, scorecard: Scorecard
) -> None:
    """Drop the evidence that depends on the clock, of criteria that could not be judged by it.

    Args:
        submission: Whose evidence.
        loaded: Its rubric.
        store: Where the evidence is kept. If it cannot be written, what is spoilt stays.
        scorecard: What came of it.
    """
    for task in scorecard.tasks:
        for criterion in task.criteria:
            if not criterion.result.spoilt or criterion.decision is not None:
                continue
            params = loaded.params[f"{task.id}/{criterion.id}"]
            for request in loaded.checks[criterion.check].needs(params, loaded.rubric):
                if spec_of(request.probe).clocked:
                    with contextlib.suppress(StoreError):
                        store.forget(submission, request)
