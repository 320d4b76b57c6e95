"""One box for one submission: its job, its steps, and what each came to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from grader.collect import channel as wire
from grader.collect.admit import (
    admit,
    fault_of_end,
    harness_evidence,
    interrupted,
)
from grader.collect.deadline import Deadline
from grader.collect.plan import datasets_of, source_of, steps
from grader.collect.pretrained import pretrained_weights
from grader.collect.probes import OWN, array_rules, spec_of
from grader.collect.store import Progress
from grader.collect.submitted import lay_submission
from grader.model.evidence import Attempt, Evidence, ProbeRequest
from grader.model.outcome import ExitReason
from grader.sandbox.box import Box, BoxExit, Limits, Sandbox, Slot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from grader.collect.ends import Ends
    from grader.collect.run import Collector
    from grader.collect.serving import ServedCopy
    from grader.model.submission import Submission

__all__ = ["Begun", "BoxRun"]

STARTUP_SECONDS = 300.0
"""Importing torch took up to 50 s on a loaded machine; this is not the student's time."""


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
class BoxRun:
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
            if reason is ExitReason.TIMEOUT:
                box.kill()  # or closing it would wait once more
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


def _tail(ended: BoxExit) -> str:
    return ended.output[-1500:].decode("utf-8", "replace")
