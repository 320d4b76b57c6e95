"""Run one submission's probes in boxes until everything is measured, and keep what comes out."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.collect import channel as wire
from grader.collect.admit import (
    admit,
    ended_too_often,
    fault_of_end,
    harness_evidence,
    interrupted,
)
from grader.collect.deadline import Deadline
from grader.collect.ends import Ends
from grader.collect.given import Given
from grader.collect.needed import EVERYTHING, Needed
from grader.collect.plan import source_of, steps
from grader.collect.pretrained import pretrained_weights
from grader.collect.probes import OWN, array_rules, spec_of
from grader.collect.store import EvidenceStore, Progress
from grader.collect.submitted import lay_submission
from grader.errors import DatasetMissingError, HarnessError
from grader.model.evidence import Attempt, Evidence, EvidenceSet, ProbeRequest
from grader.model.outcome import ExitReason
from grader.sandbox.box import Box, BoxExit, Limits, Sandbox, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from grader.collect.inputs import Inputs
    from grader.collect.serving import ServedCopy, Serving
    from grader.model.rubric import Budget
    from grader.model.submission import Submission

__all__ = ["Collected", "Collector", "datasets_of"]

ATTEMPTS_AT_MOST = 6
"""Boxes for one submission: each that dies costs the probe that was in it, never the others."""
STARTUP_SECONDS = 300.0
"""Importing torch took up to 50 s on a loaded machine; this is not the student's time."""


def datasets_of(requests: Sequence[ProbeRequest]) -> tuple[str, ...]:
    """The dataset splits that requests speak about."""
    return tuple(sorted({str(r.params["dataset"]) for r in requests if "dataset" in r.params}))


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
                attempt = _Attempt(
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


@dataclass(frozen=True)
class Begun:
    """Where in the measuring of a submission an attempt stands.

    Attributes:
        number: Of the attempt.
        before: Attempts of earlier runs.
        told: Digests of what belongs to attempts before it.
    """

    number: int
    before: int
    told: tuple[str, ...]


@dataclass
class _Attempt:
    """One box for one submission."""

    collector: Collector
    submission: Submission
    sandbox: Sandbox
    folder: Path
    have: dict[str, Evidence]
    served: dict[str, ServedCopy]
    lost: str
    """Why nothing can be executed here; empty when everything can."""
    needed: Callable[[], tuple[ProbeRequest, ...]]
    """What of the plan is needed, as far as is known."""
    ends: Ends
    """Ends of boxes that may be the machine's fault."""

    def run(self, begun: Begun) -> Attempt:
        """Open a box and measure until everything is done or the box is gone."""
        self.begun, self.startup = begun, 0.0
        self.environment: dict[str, str] = {}
        todo = [r for r in self.needed() if r.digest not in self.have]
        started = time.monotonic()
        self.started_at = datetime.now(UTC).isoformat(timespec="seconds")
        detail = ""
        reason = ExitReason.OK
        self.folder.chmod(0o711)
        box = self._open()
        channel = wire.Channel(box)
        try:
            ready = channel.receive(Deadline.after(STARTUP_SECONDS), 0)
            self.environment = wire.parse_versions(ready)
            self.startup = time.monotonic() - started
            self._progress()
            channel.send(wire.JOB, self._job(box, todo))
            self._measure(channel, todo)
            channel.finish()
            channel.receive(Deadline.after(self.collector.budget.probe_seconds), 0)
        except wire.Interrupted as stop:
            reason, detail = stop.reason, stop.detail
            if not self.environment:
                reason = ExitReason.HARNESS
                detail = f"the box did not start: {detail}"
        finally:
            channel.finish()
            ended = box.close()
        if reason is ExitReason.HARNESS:
            detail = f"{detail}\n{_tail(ended)}".strip()
        return self._record(reason, detail, time.monotonic() - started, ended.peak_memory_bytes)

    def _record(
        self, reason: ExitReason, detail: str, seconds: float, peak_memory_bytes: int | None
    ) -> Attempt:
        return Attempt(
            number=self.begun.number,
            sandbox=self.sandbox.name,
            limits=self.sandbox.limit_mechanisms(),
            exit_reason=reason,
            detail=detail[:2000],
            started_at=self.started_at,
            wall_seconds=round(seconds, 3),
            startup_seconds=round(self.startup, 3),
            peak_memory_bytes=peak_memory_bytes,
            environment=self.environment,
        )

    def _progress(
        self,
        reason: ExitReason = ExitReason.OK,
        detail: str = "",
        ended_in: str = "",
        *,
        finished: bool = False,
    ) -> None:
        """Keep how far this attempt is, should the grader be killed in it."""
        self.collector.store.save_progress(
            self.submission,
            Progress(
                before=self.begun.before,
                told=self.begun.told,
                attempt=self._record(reason, detail, self.startup, None),
                ended_in=ended_in,
                finished=finished,
                doubted=tuple(self.ends.doubted),
            ),
        )

    def _open(self) -> Box:
        data = {name: copy.folder for name, copy in self.served.items()}
        pretrained = pretrained_weights()
        if pretrained is not None:
            data["torch"] = pretrained
        slot = Slot(root=self.folder, overlays=self._overlays(), data=data)
        lay_submission(self.submission, slot.submission)
        self.collector.given.lay(slot.submission, (f.path for f in self.submission.files))
        slot.inputs.mkdir()
        slot.inputs.chmod(0o755)
        budget = self.collector.budget
        limits = Limits(
            memory_bytes=budget.memory_bytes,
            processes=budget.processes,
            disk_bytes=budget.disk_bytes,
            output_bytes=budget.output_bytes,
            threads=self.collector.threads,
        )
        self.slot = slot
        return self.sandbox.open(slot, limits)

    def _overlays(self) -> dict[str, Path]:
        """What hides test labels that libraries ship: in every box, whatever it is asked."""
        found: dict[str, Path] = {}
        if self.sandbox.isolated:
            measured = {d.partition("/")[0] for d in datasets_of(self.collector.plan)}
            served = self.collector.serving.names if self.collector.serving else ()
            for name in sorted(measured | set(served)):
                dataset = self.collector.inputs.datasets[name]
                found.update(dataset.overlays(self.folder / "overlays"))
        return found

    def _job(self, box: Box, todo: list[ProbeRequest]) -> dict[str, Any]:
        inputs, slot = self.collector.inputs, self.slot
        where = {n: slot.data_path(n, isolated=self.sandbox.isolated) for n in slot.data}
        return {
            "submission": box.submission_path,
            "scratch": box.scratch_path,
            "inputs": box.inputs_path,
            "isolated": self.sandbox.isolated,
            "body_limit": max(self._body_limit(r) for r in todo),
            "datasets": {
                d: inputs.write(d, self.submission.digest, self.slot.inputs)
                for d in datasets_of(todo)
            },
            "served": {name: copy.described(where[name]) for name, copy in self.served.items()},
            "torch_home": where.get("torch", ""),
            "own_probes": {r.probe: OWN[r.probe].source for r in todo if r.probe in OWN},
        }

    def _rules(self, request: ProbeRequest) -> dict[str, Any]:
        rows = {d: self.collector.inputs.rows(d) for d in datasets_of([request])}
        return array_rules(request, rows)

    def _body_limit(self, request: ProbeRequest) -> int:
        return sum(rule.most_bytes for rule in self._rules(request).values())

    def _measure(self, channel: wire.Channel, todo: list[ProbeRequest]) -> None:
        """Send step after step. A request with source `any` that is unbound is tried again live.

        What needs live objects of an execution that an earlier box measured runs it once more:
        the stored evidence stays.
        """
        unbound: list[ProbeRequest] = []
        again = self._executed_before(todo)
        live = [place for place, request in enumerate(todo) if source_of(request) == "live"]
        if again and live:
            todo[live[0] : live[0]], again = again, []
        queue = steps(todo)
        executing = bool(again) or any(spec_of(step[0].probe).executes for step in queue)
        while queue or (again and unbound):
            step = queue.pop(0) if queue else again
            if spec_of(step[0].probe).executes:
                step, unbound, again = step + unbound, [], []
            step = self._still_needed(step)
            if not step:
                continue
            channel.send(
                wire.STEP,
                [
                    {"index": i, "probe": r.probe, "params": self._live(r, step, i)}
                    for i, r in enumerate(step)
                ],
            )
            for index, request in enumerate(step):
                evidence = self._await(channel, request, index)
                retry = len(step) == 1 and executing and source_of(request) == "any"
                if evidence.state == "unbound" and retry:
                    unbound.append(request)
                elif evidence.state == "unbound" and self.lost and source_of(request) == "any":
                    self._keep(request, harness_evidence(request, self.lost))
                else:
                    self._keep(request, evidence)

    def _executed_before(self, todo: list[ProbeRequest]) -> list[ProbeRequest]:
        """The plan's execution, when it is not to do and went well in an earlier box."""
        for request in self.collector.plan:
            if spec_of(request.probe).executes and not request.params.get("forbid"):
                before = self.have.get(request.digest)
                done = before is not None and before.state == "measured"
                return [request] if done and request not in todo else []
        return []

    def _still_needed(self, step: list[ProbeRequest]) -> list[ProbeRequest]:
        """A step without what turned out to be of tasks not taken part in."""
        wanted = {request.digest for request in self.needed()}
        rest = [r for r in step if r.digest in wanted and r.digest not in self.have]
        runs = spec_of(step[0].probe).executes
        return step if runs and rest and rest[0] is not step[0] else rest

    @staticmethod
    def _live(request: ProbeRequest, step: list[ProbeRequest], position: int) -> dict[str, Any]:
        if position > 0 and len(step) > 1:
            return {**request.params, "source": "live"}
        return dict(request.params)

    def _await(self, channel: wire.Channel, request: ProbeRequest, index: int) -> Evidence:
        collector = self.collector
        collector.on_probe(self.submission, request.probe)
        limit = spec_of(request.probe).wall_seconds(collector.budget)
        orders = {
            d: collector.inputs.order(d, self.submission.digest) for d in datasets_of([request])
        }
        begun = time.monotonic()
        try:
            frame = channel.receive(
                Deadline.after(STARTUP_SECONDS), 0
            )  # the worker may still be importing
            begun = time.monotonic()
            deadline = Deadline(limit, begun, patient=not spec_of(request.probe).executes)
            while frame.kind == wire.BEGIN:
                frame = channel.receive(deadline, self._body_limit(request))
        except wire.Interrupted as stop:
            self._doubt(request, stop.reason, stop.detail)
            self._progress(stop.reason, stop.detail, request.digest)
            took = time.monotonic() - begun
            named = {
                ExitReason.TIMEOUT: f"{limit:g} s",
                ExitReason.MEMORY: f"{collector.budget.memory_bytes / 1024**3:.3g} GiB",
                ExitReason.OUTPUT_LIMIT: f"{collector.budget.output_bytes / 1024**2:.3g} MiB",
            }.get(stop.reason, "")
            self._keep(request, interrupted(request, stop.reason, stop.detail, took, named))
            raise
        took = time.monotonic() - begun
        if frame.index != index or frame.kind not in {wire.EVIDENCE, wire.ENDED}:
            return harness_evidence(request, "the box answered out of turn", took)
        if frame.kind == wire.ENDED:
            evidence = fault_of_end(request, frame.text, took)
            if evidence.exit_reason is ExitReason.KILLED:
                self._doubt(request, ExitReason.KILLED, "a process was killed in its work")
            return evidence
        return admit(request, frame.text, frame.body, self._rules(request), orders, took)

    def _doubt(self, request: ProbeRequest, reason: ExitReason, detail: str) -> None:
        """Do not believe that student code killed itself until it happens again.

        Raises:
            Interrupted: It is to be measured again in another box.
        """
        if reason is ExitReason.KILLED and not self.ends.believed(request.digest):
            detail = f"{detail}; measured again, should that have come from outside"
            self._progress(reason, detail, request.digest, finished=True)
            raise wire.Interrupted(reason, detail)

    def _keep(self, request: ProbeRequest, evidence: Evidence) -> None:
        if request.digest in self.have:
            return  # executed once more, for its live objects alone
        self.have[request.digest] = evidence
        self.collector.store.save(self.submission, evidence)


def _given_up(request: ProbeRequest, attempts: Sequence[Attempt]) -> Evidence:
    """What was not measured: for the submission's own doing when that ended box after box."""
    last = attempts[-1] if attempts else None
    if last is None or last.exit_reason is ExitReason.HARNESS:
        return harness_evidence(request, last.detail if last else "no box was run")
    return ended_too_often(request, last.exit_reason, len(attempts))


def _tail(ended: BoxExit) -> str:
    return ended.output[-1500:].decode("utf-8", "replace")
