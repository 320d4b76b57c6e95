"""Who a page is for, and what of a scorecard they may see.

A filtered scorecard is built from what may be seen, never by removing what may not: totals, tasks,
flags, remarks and attempts are made anew, so a field that nobody thought of stays out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.model.outcome import Outcome, Status, Visibility
from grader.model.scorecard import CheckResult, Scorecard, ScoredCriterion, ScoredTask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from grader.model.evidence import Remark

__all__ = ["Audience", "View", "view"]


class Audience(StrEnum):
    """Who reads, and when."""

    STUDENT_NOW = "student_now"
    STUDENT_AFTER_DUE = "student_after_due"
    STUDENT_AFTER_PUBLISHED = "student_after_published"
    STAFF = "staff"

    def may_see(self, visibility: Visibility) -> bool:
        """Whether a criterion of this visibility is shown."""
        return visibility in _SEEN[self]


_SEEN = {
    Audience.STUDENT_NOW: {Visibility.VISIBLE},
    Audience.STUDENT_AFTER_DUE: {Visibility.VISIBLE, Visibility.AFTER_DUE_DATE},
    Audience.STUDENT_AFTER_PUBLISHED: {
        Visibility.VISIBLE,
        Visibility.AFTER_DUE_DATE,
        Visibility.AFTER_PUBLISHED,
    },
    Audience.STAFF: set(Visibility),
}

OWN_CODE_REMARKS = frozenset({"budget", "compat", "finding", "shim", "stub"})
"""Families of remarks about the student's own code on this machine. A remark does not say which
criterion's measurement it came from, so when criteria are hidden only these are shown."""
FROM_CHECKS = frozenset(
    {
        "finding.claim_impossible",
        "finding.claim_not_reproduced",
        "finding.gradient_does_not_match_loss",
    }
)
"""Findings that may repeat the words of a criterion's result."""

FLAGS_FOR_STUDENTS = frozenset({"near_threshold"})
"""Other flags are written for the staff, and some are suspicions."""


@dataclass(frozen=True)
class View:
    """A scorecard as one audience may see it.

    Attributes:
        scorecard: Holds nothing that the audience may not see.
        whole: Whether that is all of it. When not, its `points` are those of the criteria shown,
            and there is no total to show.
        audience: Whom it is for.
    """

    scorecard: Scorecard
    whole: bool
    audience: Audience


def view(scorecard: Scorecard, audience: Audience) -> View:
    """Keep of a scorecard what an audience may see."""
    if audience is Audience.STAFF:
        return View(scorecard, whole=True, audience=audience)
    unseen = tuple(
        f"{task.id}/{criterion.id}"
        for task in scorecard.tasks
        for criterion in task.criteria
        if not audience.may_see(criterion.visibility)
    )
    provenance = scorecard.provenance.model_copy(update={"evidence": {}})
    flags = tuple(flag for flag in scorecard.flags if flag.code == "self_check")
    if not unseen:
        tasks = tuple(_task(task, audience, ()) for task in scorecard.tasks)
        kept = {"flags": flags, "tasks": tasks, "provenance": provenance}
        card = scorecard.model_copy(update=kept)
        return View(card, whole=True, audience=audience)
    words = _words_of(scorecard, frozenset(unseen))
    tasks = tuple(
        _task(task, audience, words)
        for task in scorecard.tasks
        if any(audience.may_see(criterion.visibility) for criterion in task.criteria)
    )
    shown = [criterion for task in tasks for criterion in task.criteria]
    undecided = [criterion for criterion in shown if not criterion.outcome.decided]
    card = Scorecard(
        assignment=scorecard.assignment,
        title=scorecard.title,
        feedback_only=scorecard.feedback_only,
        submission=scorecard.submission,
        team=scorecard.team,
        student_ids=scorecard.student_ids,
        points=_sum(criterion.points for criterion in shown),
        max_points=_sum(task.max_points for task in tasks),
        bonus=_sum(criterion.points for criterion in shown if criterion.bonus),
        pending_points=_sum(criterion.max_points for criterion in undecided),
        penalty=scorecard.penalty,
        # Never `final`: what is not shown may still change.
        status=Status.PROVISIONAL,
        flags=flags,
        remarks=tuple(r for r in scorecard.remarks if _is_own_code(r)),
        tasks=tasks,
        # Names of probes, times and ends would tell what else was measured, and how it went.
        attempts=(),
        provenance=provenance,
    )
    return View(card, whole=False, audience=audience)


def _sum(points: Iterable[Fraction]) -> Fraction:
    return sum(points, Fraction(0))


def _is_own_code(remark: Remark) -> bool:
    return remark.code.split(".", 1)[0] in OWN_CODE_REMARKS and remark.code not in FROM_CHECKS


def _words_of(scorecard: Scorecard, unseen: frozenset[str]) -> tuple[str, ...]:
    """What tells of an unseen criterion in a sentence about another one, longest first."""
    telling: set[str] = set()
    shown: set[str] = set()
    for task in scorecard.tasks:
        for criterion in task.criteria:
            name = f"{task.id}/{criterion.id}"
            result = criterion.result
            words = {name, criterion.id, criterion.title, result.message, result.hint}
            (telling if name in unseen else shown).update(words)
    return tuple(sorted((w for w in telling - shown if w.strip()), key=lambda w: (-len(w), w)))


def _task(task: ScoredTask, audience: Audience, words: tuple[str, ...]) -> ScoredTask:
    criteria = tuple(
        criterion.model_copy(update={"result": _result(criterion, words)})
        for criterion in task.criteria
        if audience.may_see(criterion.visibility)
    )
    return ScoredTask(
        id=task.id,
        title=task.title,
        points=_sum(c.points for c in criteria),
        max_points=_sum(c.max_points for c in criteria if not c.bonus),
        criteria=criteria,
    )


def _result(criterion: ScoredCriterion, words: tuple[str, ...]) -> CheckResult:
    """A shown criterion's result, without the names of criteria that are not shown.

    One that is blocked by a hidden one names it and says what was found there.
    """
    flags = tuple(flag for flag in criterion.result.flags if flag.code in FLAGS_FOR_STUDENTS)
    result = criterion.result.model_copy(update={"flags": flags})
    fields = ("message", "expected", "hint", "bound_by", "builds_on")
    texts = {name: getattr(result, name) for name in fields}
    if not any(word in text for word in words for text in texts.values()):
        return result
    if criterion.outcome is Outcome.BLOCKED:
        message = "This could not be measured: something that it rests on did not work."
        cleared = dict.fromkeys(fields, "")
        return result.model_copy(update={**cleared, "message": message, "places": ()})
    return result.model_copy(update={name: _without(text, words) for name, text in texts.items()})


def _without(text: str, words: tuple[str, ...]) -> str:
    for word in words:
        # A title or an id may be everyday words; a qualified name is not.
        if "/" in word and " " not in word:
            text = text.replace(word, "another criterion")
    return text
