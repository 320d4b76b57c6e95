"""What a busy machine spoilt is measured again by the next run; nothing else is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grader.checks.base import spoilt
from grader.checks.faults import ours
from grader.collect.probes import spec_of
from grader.collect.store import EvidenceStore
from grader.model.evidence import Evidence
from grader.model.outcome import ExitReason, Outcome
from grader.model.scorecard import Decision
from grader.pipeline import load_rubric
from grader.pipeline.spoilt import forget_spoilt
from grader.score import score
from tests.made_up import a_seen, a_submission

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.scorecard import CheckResult, Scorecard

RUBRIC = load_rubric(Path(__file__).parents[3] / "rubrics" / "cnn-vgg16")
NAME, NEEDS = next(
    (f"{task.id}/{entry.id}", RUBRIC.checks[entry.check].needs(params, RUBRIC.rubric))
    for task in RUBRIC.rubric.task
    for entry in task.criterion
    if entry.check == "speed.ratio"
    for params in [RUBRIC.params[f"{task.id}/{entry.id}"]]
)
SUBMISSION = a_submission().model_copy(update={"assignment": "cnn-vgg16"})


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    kept = EvidenceStore(tmp_path, {})
    for request in NEEDS:
        piece = Evidence(
            request=request, state="measured", exit_reason=ExitReason.OK, wall_seconds=1.0
        )
        kept.save(SUBMISSION, piece)
    return kept


def a_card(result: CheckResult, *, decided: bool = False) -> Scorecard:
    seen = a_seen()
    empty: Any = score(
        SUBMISSION, RUBRIC.rubric, RUBRIC.params, seen.evidence, seen.truth,
        rubric_digest="0" * 64, sandbox="none", self_check=False, checks=RUBRIC.checks,
    )  # fmt: skip
    decision = Decision(
        assignment="cnn-vgg16", submission=SUBMISSION.name, criterion=NAME, points=Fraction(0),
        comment="", decided_by="A. Teacher", decided_at="2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    tasks = []
    for task in empty.tasks:
        criteria = [
            one.model_copy(
                update={"result": result, "outcome": result.outcome}
                | ({"decision": decision} if decided else {})
            )
            if f"{task.id}/{one.id}" == NAME
            else one
            for one in task.criteria
        ]
        tasks.append(task.model_copy(update={"criteria": tuple(criteria)}))
    card: Scorecard = empty.model_copy(update={"tasks": tuple(tasks)})
    assert any(f"{t.id}/{c.id}" == NAME for t in card.tasks for c in t.criteria)
    return card


def kept(store: EvidenceStore) -> set[ProbeRequest]:
    return {r for r in NEEDS if store.load(SUBMISSION, r) is not None}


def test_only_what_the_clock_measured_is_dropped(store: EvidenceStore) -> None:
    result = spoilt("this machine was too busy to compare speeds")
    assert result.outcome is Outcome.ERROR
    forget_spoilt(SUBMISSION, RUBRIC, store, a_card(result))
    assert {r.probe for r in kept(store)} == {"inspect_source"}
    assert sum(spec_of(r.probe).clocked for r in NEEDS) == 6


def test_another_error_keeps_its_evidence(store: EvidenceStore) -> None:
    forget_spoilt(SUBMISSION, RUBRIC, store, a_card(ours("the check failed")))
    assert kept(store) == set(NEEDS)


def test_what_a_person_decided_needs_no_clock(store: EvidenceStore) -> None:
    forget_spoilt(SUBMISSION, RUBRIC, store, a_card(spoilt("too busy"), decided=True))
    assert kept(store) == set(NEEDS)
