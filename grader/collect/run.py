"""Run one submission's probes in boxes until everything is measured, and keep what comes out."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from grader.collect.admit import (
    ended_too_often,
    harness_evidence,
)
from grader.collect.box_run import Begun, BoxRun
from grader.collect.ends import Ends
from grader.collect.given import Given
from grader.collect.needed import EVERYTHING, Needed
from grader.collect.plan import datasets_of, source_of
from grader.collect.probes import spec_of
from grader.errors import DatasetMissingError, HarnessError
from grader.model.evidence import Attempt, Evidence, EvidenceSet, ProbeRequest
from grader.model.outcome import ExitReason

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from grader.collect.inputs import Inputs
    from grader.collect.serving import ServedCopy, Serving
    from grader.collect.store import EvidenceStore
    from grader.model.rubric import Budget
    from grader.model.submission import Submission
    from grader.sandbox.box import Sandbox

__all__ = ["Collected", "Collector"]

ATTEMPTS_AT_MOST = 6
"""Boxes for one submission: each that dies costs the probe that was in it, never the others."""


@dataclass(frozen=True)
class Collected:
    """What became of one submission's measurements.

    Attributes:
        evidence: One piece for every request that the submission needs.
        attempts: The boxes that made it.
        reused: Whether all of it was there already.
    """

    evidence: EvidenceSet
    attempts: tuple[Attempt, ...]
    reused: bool


@dataclass
class Collector:
    """Measures submissions of one assignment.

    Attributes:
        plan: Every request, cheap ones first.
        needed: Which of them a submission needs.
        budget: The rubric's limits.
        store: Where evidence is kept.
        inputs: Datasets.
        serving: What student code finds when it runs; None for nothing.
        given: Files of the course, laid beside submissions without them.
        threads: Cores of a slot.
        fresh: Measure again what is stored.
        on_probe: Told the name of each probe as it begins.
    """

    plan: tuple[ProbeRequest, ...]
    budget: Budget
    store: EvidenceStore
    inputs: Inputs
    needed: Needed = EVERYTHING
    serving: Serving | None = None
    given: Given = Given({})  # noqa: RUF009 - frozen, and never changed
    threads: int = 1
    fresh: bool = False
    on_probe: Callable[[Submission, str], None] = field(default=lambda _s, _p: None)

    def stored(self, submission: Submission) -> dict[str, Evidence]:
        """The evidence that is there already, by request digest."""
        if self.fresh:
            return {}
        found = ((r.digest, self.store.load(submission, r)) for r in self.plan)
        return {digest: evidence for digest, evidence in found if evidence is not None}

    def collect(
        self,
        submission: Submission,
        open_sandbox: Callable[[], Sandbox],
        decided: Collection[str] = (),
    ) -> Collected:
        """Measure what is missing.

        Args:
            submission: Whose code runs.
            open_sandbox: Gives the backend after its self-check; called only when a box is needed.
            decided: `task/criterion` that a person decided.

        Raises:
            HarnessError: No box can be made.
        """

        def needed() -> tuple[ProbeRequest, ...]:
            return self.needed.among(self.plan, have, decided)

        have = self.stored(submission)
        reused = all(r.digest in have for r in needed())
        attempts = list(self.store.attempts(submission)) if have else []
        left = None if self.fresh else self.store.progress(submission)
        if left is not None and left.attempt.number == len(attempts) + 1:
            if left.finished or left.ended_in in have or (reused and not left.ended_in):
                attempts.append(self._with_probes(left.attempt, have, left.told))
                self.store.save_attempts(submission, tuple(attempts))
                told = set(have)
            else:  # what it left counts to the next attempt
                told = set(left.told)
        else:
            told = set(have) if attempts else set()
        earlier = min(left.before, len(attempts)) if left is not None else len(attempts)
        ends = Ends(left.doubted if left is not None else ())
        served, lost = self._served(submission, have)
        unavailable = self._missing_data(have, lost)
        have.update(unavailable)
        told |= set(unavailable)
        self.store.remember(submission)
        while len(attempts) - earlier < ATTEMPTS_AT_MOST + len(ends.doubted):
            if all(r.digest in have for r in needed()):
                break
            with tempfile.TemporaryDirectory(prefix="grade-slot-") as folder:
                sandbox = open_sandbox()
                attempt = BoxRun(
                    self, submission, sandbox, Path(folder), have, served, lost, needed, ends
                )
                begun = Begun(len(attempts) + 1, earlier, tuple(sorted(told)))
                try:
                    record = attempt.run(begun)
                except DatasetMissingError as error:  # it went while it was being read
                    raise HarnessError(error.message, where=error.where, mend=error.mend) from error
            attempts.append(self._with_probes(record, have, told))
            told.update(have)
            self.store.save_attempts(submission, tuple(attempts))
            if record.exit_reason is ExitReason.HARNESS:
                break
        for request in needed():
            if request.digest not in have:
                evidence = have[request.digest] = _given_up(request, attempts)
                self.store.save(submission, evidence)
        self.store.save_progress(submission, None)
        ordered = {r.digest: have[r.digest] for r in needed()}
        return Collected(EvidenceSet(ordered), tuple(attempts), reused)

    def _with_probes(
        self, attempt: Attempt, have: Collection[str], told: Collection[str]
    ) -> Attempt:
        """An attempt with what is there and belongs to none before it."""
        made = (r.probe for r in self.plan if r.digest in have and r.digest not in told)
        return attempt.model_copy(update={"probes": tuple(made)})

    def _served(
        self, submission: Submission, have: dict[str, Evidence]
    ) -> tuple[dict[str, ServedCopy], str]:
        """What boxes find as datasets, and why not all of it is there; empty when it is.

        Nothing is made when no box is needed.
        """
        if self.serving is None or all(request.digest in have for request in self.plan):
            return {}, ""
        missing = self.serving.missing()
        if missing:
            return {}, "\n".join(missing.values())
        try:
            if self.serving.to_make():
                self.on_probe(submission, "preparing data")
            return self.serving.copies(), ""
        except DatasetMissingError as error:  # its bytes are not the known ones
            return {}, str(error)

    def _missing_data(self, have: dict[str, Evidence], lost: str) -> dict[str, Evidence]:
        """Harness evidence for requests that this machine lacks the data for."""
        found = {}
        for request in self.plan:
            if request.digest in have:
                continue
            if lost and (spec_of(request.probe).executes or source_of(request) == "live"):
                found[request.digest] = harness_evidence(request, lost)
            elif "dataset" in request.params:
                try:
                    self.inputs.split(str(request.params["dataset"]))
                except DatasetMissingError as error:
                    found[request.digest] = harness_evidence(request, str(error))
        return found

    def missing_datasets(self) -> dict[str, str]:
        """What is measured or served and is not all here: dataset to fetch → why, and the mend."""
        found = dict(self.serving.missing()) if self.serving else {}
        for reference in datasets_of(self.plan):
            name, _, split = reference.partition("/")
            dataset = self.inputs.datasets[name]
            if split in dataset.available(self.inputs.root):
                continue
            try:
                self.inputs.split(reference)
            except DatasetMissingError as error:
                found.setdefault(dataset.fetched_as, str(error))
        return found


def _given_up(request: ProbeRequest, attempts: Sequence[Attempt]) -> Evidence:
    """What was not measured: for the submission's own doing when that ended box after box."""
    last = attempts[-1] if attempts else None
    if last is None or last.exit_reason is ExitReason.HARNESS:
        return harness_evidence(request, last.detail if last else "no box was run")
    return ended_too_often(request, last.exit_reason, len(attempts))
