"""Rubric + evidence (+ human decisions) → scorecard. No torch, no clock, no randomness, no I/O.

for each criterion, in the rubric's order, its `requires` first:
    blocked    a criterion it requires earned nothing
    check      evidence → result; what a check raises is our fault: `error`, never a zero
    decision   a person's points replace the check's, kept beside them
points, bonus, flags and remarks → scorecard
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from grader import __version__
from grader.checks import CHECKS
from grader.checks.base import Check, GroundTruth, Seen
from grader.checks.faults import ours
from grader.checks.files import files_absent, spelled
from grader.checks.findings import as_remark, findings_in, findings_of_results
from grader.checks.phrases import count, decimal, listed, without_points
from grader.checks.taking_part import (
    NOT_HANDED_IN,
    UNMARKED,
    headings,
    left_out_remark,
    not_handed_in,
    unmarked,
)
from grader.model.late import days_late
from grader.model.outcome import ExitReason, Outcome, Status
from grader.model.scorecard import (
    CheckResult,
    Decision,
    Flag,
    Provenance,
    Scorecard,
    ScoredCriterion,
    ScoredTask,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from grader.model.base import Record
    from grader.model.evidence import Attempt, EvidenceSet, ProbeRequest, Remark
    from grader.model.rubric import Criterion, Rubric, Task
    from grader.model.submission import Submission

__all__ = ["score"]

ZERO = Fraction(0)


def score(
    submission: Submission,
    rubric: Rubric,
    params: Mapping[str, Record],
    evidence: EvidenceSet,
    truth: GroundTruth,
    *,
    rubric_digest: str,
    sandbox: str,
    self_check: bool,
    attempts: Sequence[Attempt] = (),
    decisions: Iterable[Decision] = (),
    flags: Iterable[Flag] = (),
    checks: Mapping[str, Check[Any]] = CHECKS,
) -> Scorecard:
    """Grade one submission. Equal arguments give equal scorecards, bit for bit.

    Args:
        submission: What was handed in.
        rubric: How it is graded.
        params: `task/criterion` → the check's validated parameters.
        evidence: What the box reported, admitted.
        truth: Labels, expected functions, baselines.
        rubric_digest: Of the rubric and its expected functions.
        sandbox: The backend that the submission ran in.
        self_check: Made without isolation on a student's own machine.
        attempts: The runs that gave the evidence.
        decisions: What people decided; those about other submissions are passed over.
        flags: What was noticed before scoring.
        checks: The registry.
    """
    mine = _latest(submission, decisions)
    judging = _Judging(submission, rubric, params, evidence, truth, checks, mine, rubric.criteria())
    tasks, unlooked = _taking_part(judging)
    scored = [criterion for task in tasks for criterion in task.criteria]
    bonus = sum((c.points for c in scored if c.bonus), ZERO)
    earned = sum((c.points for c in scored), ZERO)
    open_points = sum((c.max_points for c in scored if not c.outcome.decided), ZERO)
    possible = sum((task.max_points for task in tasks), ZERO)
    penalty = _penalty(submission, rubric, possible)
    feedback_only = rubric.assignment.feedback_only
    settled = not any(c.outcome is Outcome.ERROR or c.waits(feedback_only) for c in scored)
    noticed = [
        *flags,
        *_about_submission(submission, rubric, self_check=self_check),
        *_about_attempts(attempts),
        *_about_criteria(tasks),
        *_orphaned(rubric, mine),
    ]
    return Scorecard(
        assignment=rubric.assignment.id,
        title=rubric.assignment.title,
        submission=submission.name,
        team=submission.team,
        student_ids=submission.student_ids,
        points=max(ZERO, earned - penalty),
        feedback_only=rubric.assignment.feedback_only,
        max_points=possible,
        bonus=bonus,
        pending_points=open_points,
        penalty=penalty,
        status=Status.FINAL if settled else Status.PROVISIONAL,
        flags=tuple(dict.fromkeys(noticed)),
        remarks=(*unlooked, *_remarks(evidence, tasks)),
        tasks=tasks,
        attempts=tuple(attempts),
        provenance=Provenance(
            generated_by=f"grader {__version__}",
            rubric_digest=rubric_digest,
            submission_digest=submission.digest,
            sandbox=sandbox,
            self_check=self_check,
            limits=dict(attempts[-1].limits) if attempts else {},
            environment=dict(attempts[-1].environment) if attempts else {},
            evidence={digest: evidence[digest].state for digest in sorted(evidence)},
        ),
    )


def _taking_part(judging: _Judging) -> tuple[tuple[ScoredTask, ...], tuple[Remark, ...]]:
    """The tasks that are looked at, scored, and remarks about those that are left out."""
    rubric, evidence = judging.rubric, judging.evidence
    known = headings(evidence)
    told: list[Remark] = []
    kept: list[ScoredTask] = []
    for task in rubric.task:
        if unmarked(task, known) and not any(
            f"{task.id}/{entry.id}" in judging.decisions for entry in task.criterion
        ):
            told.append(left_out_remark(UNMARKED, task))
            continue
        scored = _task(task, judging)
        if task.optional and not_handed_in(scored, judging.needs(task), evidence):
            told.append(left_out_remark(NOT_HANDED_IN, task))
        else:
            kept.append(scored)
    return tuple(kept), tuple(told)


@dataclass
class _Judging:
    """One submission's criteria, each judged once, whatever asks first."""

    submission: Submission
    rubric: Rubric
    params: Mapping[str, Record]
    evidence: EvidenceSet
    truth: GroundTruth
    checks: Mapping[str, Check[Any]]
    decisions: Mapping[str, Decision]
    criteria: Mapping[str, Criterion]
    done: dict[str, ScoredCriterion] = field(default_factory=dict)

    def criterion(self, name: str) -> ScoredCriterion:
        """Judge `task/criterion`, and what it requires before it."""
        if name not in self.done:
            entry = self.criteria[name]
            decision = self.decisions.get(name)
            self.done[name] = _scored(entry, self._result(name, entry), decision)
        return self.done[name]

    def needs(self, task: Task) -> list[ProbeRequest]:
        """Every measurement that a task's criteria look at."""
        return [
            request
            for entry in task.criterion
            if entry.check in self.checks and f"{task.id}/{entry.id}" in self.params
            for request in self.checks[entry.check].needs(
                self.params[f"{task.id}/{entry.id}"], self.rubric
            )
        ]

    def _before(self, entry: Criterion) -> set[str]:
        """Everything that a criterion requires, directly or through others."""
        found: set[str] = set()
        waiting = list(entry.requires)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.criteria[name].requires if name in self.criteria else ()
        return found

    def _result(self, name: str, entry: Criterion) -> CheckResult:
        if name in self._before(entry):
            return ours(f"the rubric's criterion '{name}' requires itself")
        for required in entry.requires:
            if required not in self.criteria:
                return ours(
                    f"the rubric's criterion '{name}' requires '{required}', an unknown one"
                )
            before = self.criterion(required)
            if before.outcome in (Outcome.FAIL, Outcome.BLOCKED):
                root = before.result.builds_on or required
                return _blocked(root, self.criterion(root))
        seen = Seen(self.rubric, self.submission, self.evidence, self.truth, name)
        try:
            result = self.checks[entry.check](self.params[name], seen)
        except Exception as error:  # noqa: BLE001 - a check's mistake must not cost a student points
            return ours(f"the check {entry.check} failed on '{name}' with {_short(error)}")
        held = {"fraction": min(Fraction(1), max(ZERO, result.fraction))}
        if entry.points == 0:
            return result.model_copy(update={**held, "message": without_points(result.message)})
        return result.model_copy(update=held)


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _blocked(name: str, root: ScoredCriterion) -> CheckResult:
    """What waits for a criterion: not for one that itself waits, but for the first of the chain."""
    earned = "earned no points" if root.max_points else "is not reached yet"
    return CheckResult(
        outcome=Outcome.BLOCKED,
        fraction=ZERO,
        message=f"Not graded, because it builds on '{root.title}', which {earned}.",
        hint=f"Mend that first: {root.result.message}",
        builds_on=name,
    )


def _scored(entry: Criterion, result: CheckResult, decision: Decision | None) -> ScoredCriterion:
    """Points for a result; a person's decision overrides any outcome."""
    points = entry.points * result.fraction if result.outcome.decided else ZERO
    outcome = result.outcome
    if decision is not None:
        points = min(entry.points, max(ZERO, decision.points))
        outcome = (
            Outcome.PASS
            if points == entry.points
            else Outcome.PARTIAL
            if points > 0
            else Outcome.FAIL
        )
    return ScoredCriterion(
        id=entry.id,
        title=entry.title or entry.id,
        check=entry.check,
        outcome=outcome,
        points=points,
        max_points=entry.points,
        bonus=entry.bonus,
        visibility=entry.visibility,
        source=entry.source,
        result=result,
        decision=decision,
    )


def _task(task: Task, judging: _Judging) -> ScoredTask:
    criteria = tuple(judging.criterion(f"{task.id}/{entry.id}") for entry in task.criterion)
    return ScoredTask(
        id=task.id,
        title=task.title,
        points=sum((criterion.points for criterion in criteria), ZERO),
        max_points=task.points,
        criteria=criteria,
    )


def _latest(submission: Submission, decisions: Iterable[Decision]) -> dict[str, Decision]:
    """The last decision about each criterion of this submission."""
    mine = [
        decision
        for decision in decisions
        if (decision.assignment, decision.submission) == (submission.assignment, submission.name)
    ]
    return {decision.criterion: decision for decision in sorted(mine, key=_decided_at)}


def _decided_at(decision: Decision) -> datetime:
    """When it was decided; a time that cannot be read comes first, a zone that lacks is UTC."""
    try:
        when = datetime.fromisoformat(decision.decided_at)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _penalty(submission: Submission, rubric: Rubric, possible: Fraction) -> Fraction:
    """Points that lateness costs: none while it is not known when it was handed in."""
    due, late = rubric.assignment.due, rubric.assignment.late
    if due is None or late is None or submission.submitted_at is None:
        return ZERO
    days = days_late(due, submission.submitted_at, late.grace_minutes)
    return possible * min(late.per_day * days, late.at_most)


def _about_time(submission: Submission, rubric: Rubric) -> Iterable[Flag]:
    due, late = rubric.assignment.due, rubric.assignment.late
    when = submission.submitted_at
    if due is not None and when is not None:
        grace = late.grace_minutes if late is not None else 0
        if days := days_late(due, when, grace):
            stamp = when.isoformat(sep=" ", timespec="minutes")
            yield Flag(
                code="late", message=f"Handed in at {stamp}: {count(days, 'begun day')} late."
            )
    elif submission.marked_late or (late is not None and when is None):
        said = "is marked as late" if submission.marked_late else "comes without a time"
        text = f"It {said}; how late it was is not known, and costs nothing until a roster says it."
        yield Flag(code="late_unknown", message=text)


def _about_submission(
    submission: Submission, rubric: Rubric, *, self_check: bool
) -> Iterable[Flag]:
    if self_check:
        text = "A self-check on a student's own machine, without isolation: not an official grade."
        yield Flag(code="self_check", message=text)
    size, team = rubric.assignment.team_size, len(submission.student_ids)
    if team and not size.min <= team <= size.max:
        allowed = f"{size.min}" if size.min == size.max else f"{size.min} to {size.max}"
        text = f"{count(team, 'student')} handed in together; {allowed} may."
        yield Flag(code="team_size", message=text)
    if not team:
        yield Flag(code="no_student_ids", message="It is not known whose submission this is.")
    if absent := files_absent(rubric, submission):
        names = [spelled(pattern, submission.student_ids) for pattern in absent]
        text = f"Required files are missing: {listed(names, most=12)}."
        yield Flag(code="files_missing", message=text)
    yield from _about_time(submission, rubric)
    for note in submission.notes:
        yield Flag(code="intake", message=note)


ENDED = {
    ExitReason.CRASH: "its process crashed",
    ExitReason.TIMEOUT: "its time was over",
    ExitReason.MEMORY: "it needed too much memory",
    ExitReason.OUTPUT_LIMIT: "it wrote too much output",
    ExitReason.KILLED: "it was stopped from outside",
    ExitReason.HARNESS: "the grader or its machine failed",
}


def _about_attempts(attempts: Sequence[Attempt]) -> Iterable[Flag]:
    for attempt in attempts:
        if attempt.exit_reason is not ExitReason.OK:
            detail = f" ({attempt.detail})" if attempt.detail else ""
            text = f"Run {attempt.number} ended early: {ENDED[attempt.exit_reason]}{detail}."
            yield Flag(code=f"run_{attempt.exit_reason.value}", message=text)


def _about_criteria(tasks: Iterable[ScoredTask]) -> Iterable[Flag]:
    """What the checks noticed. What a person has decided needs the staff no longer."""
    for task in tasks:
        for criterion in task.criteria:
            for flag in criterion.result.flags:
                if flag.code == "not_graded" and criterion.decision is not None:
                    continue
                yield (
                    Flag(code=flag.code, message=f"{task.id}/{criterion.id}: {flag.message}")
                    if flag.code == "not_graded"
                    else flag
                )


def _orphaned(rubric: Rubric, decisions: Mapping[str, Decision]) -> Iterable[Flag]:
    known = rubric.criteria()
    for name in sorted(decisions):
        if name not in known:
            text = f"A decision about '{name}' has no criterion in this rubric any more."
            yield Flag(code="decision_without_criterion", message=text)
        elif not 0 <= decisions[name].points <= known[name].points:
            most = decimal(known[name].points)
            text = f"The decision about '{name}' was limited to its points, 0 to {most}."
            yield Flag(code="decision_limited", message=text)


def _remarks(evidence: EvidenceSet, tasks: Iterable[ScoredTask]) -> tuple[Remark, ...]:
    """Findings first; then all other remarks once; each in the order of the files."""
    every = {remark for piece in evidence.values() for remark in piece.remarks}
    found = {as_remark(f) for f in (*findings_in(evidence), *findings_of_results(tasks))}
    return (*sorted(found, key=_remark_order), *sorted(every, key=_remark_order))


def _remark_order(remark: Remark) -> tuple[str, int, int, str, str]:
    place = remark.place
    where = (place.file, place.cell or 0, place.line or 0) if place else ("", 0, 0)
    return (*where, remark.code, remark.message)
