"""One run: collect → score → gradebook. The one place that catches our failures per submission."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from grader.collect.context import evidence_context
from grader.collect.given import Given
from grader.collect.inputs import Inputs, machine_secret
from grader.collect.needed import Needed
from grader.collect.plan import datasets_of, plan
from grader.collect.probes import own_context
from grader.collect.run import Collected, Collector
from grader.collect.serving import Serving
from grader.collect.store import EvidenceStore
from grader.collect.truth import ground_truth
from grader.datasets import DATASETS, with_own
from grader.engine import LocalPool
from grader.errors import HarnessError, SandboxError
from grader.gradebook import Gradebook
from grader.model.evidence import EvidenceSet
from grader.model.scorecard import Decision, Flag
from grader.pipeline.classmates import classmates
from grader.pipeline.fingerprints import Fingerprint, fingerprint
from grader.pipeline.folder import claimed
from grader.pipeline.records import Graded, Lacking, Listener, Options, Run
from grader.pipeline.rubrics import load_rubric, rubric_folder
from grader.pipeline.skipping import Remembered, Skipped, skip
from grader.pipeline.spoilt import forget_spoilt
from grader.pipeline.unread import unread_notebooks
from grader.rubric.visible import visible_part
from grader.sandbox import Sandbox, make_sandbox
from grader.score import score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from grader.checks import GroundTruth
    from grader.intake import Intake
    from grader.model.scorecard import Scorecard
    from grader.model.submission import Submission
    from grader.rubric.load import LoadedRubric

__all__ = ["Grading", "longest_first"]


@dataclass(frozen=True)
class _Way:
    """By what submissions of an assignment are graded."""

    loaded: LoadedRubric
    collector: Collector
    truth: GroundTruth


class Grading:
    """One run over what intake found.

    Args:
        options: What the caller chose.
        folders: Assignment → its rubric's folder.
        listener: Who is told.
        compare: Whether teams are compared with each other; a rubric's cases share their weights.
    """

    def __init__(
        self,
        options: Options,
        folders: Mapping[str, Path],
        listener: Listener,
        *,
        compare: bool = True,
    ) -> None:
        self.options = options
        self.folders = folders
        self.listener = listener
        self.sandbox = make_sandbox(options.sandbox)
        self.pool = LocalPool(options.jobs)
        self.secret = machine_secret()
        self._check_lock = threading.Lock()
        self._checked = False
        self._boxes = 0
        self._compare = compare
        self._prints: list[Fingerprint] = []

    def run(self, intake: Intake) -> Run:
        """Grade, save each scorecard as it comes, and report to the listener.

        Raises:
            ConfigurationError: The output folder cannot be written, or another run writes to it.
        """
        with claimed(self.options.out):
            return self._run(intake)

    def _run(self, intake: Intake) -> Run:
        began = time.monotonic()
        wanted = sorted({s.assignment for s in intake.submissions})
        rubrics = {a: load_rubric(self._folder(a)) for a in wanted}
        if self.options.visible_only:
            rubrics = {a: visible_part(r) for a, r in rubrics.items()}
        collectors = {a: self._collector(r) for a, r in rubrics.items()}
        lacking = self._lacking(intake, collectors)
        skipped = self._skipped(intake, lacking, rubrics, collectors)
        taken = longest_first([s for s in intake.submissions if not skipped.leaves_out(s)], rubrics)
        flags = {(s.assignment, s.name): skipped.flags(s, rubrics[s.assignment]) for s in taken}
        rubrics |= skipped.whole
        collectors |= {a: self._collector(r) for a, r in skipped.whole.items()}
        truths = {
            a: ground_truth(rubrics[a], datasets_of(c.plan), c.inputs, c.serving)
            for a, c in collectors.items()
            if a in {s.assignment for s in taken}
        }
        whole = {a: _Way(rubrics[a], collectors[a], truth) for a, truth in truths.items()}
        unrun = {
            a: _Way(part, self._collector(part), truths[a])
            for a, part in skipped.unrun.items()
            if a in truths
        }
        lacking = skipped.lacking or lacking
        result = Run(
            unreadable=intake.unreadable, notes=intake.notes, rubrics=rubrics, lacking=lacking
        )
        self.listener.begun(len(taken))

        def work(submission: Submission) -> Graded:
            ways = unrun if skipped.reads(submission) else whole
            key = submission.assignment, submission.name
            return self._one(submission, ways[submission.assignment], flags[key])

        with Gradebook(self.options.gradebook_url) as book:
            book.check_writable()
            self._decisions = {
                (s.assignment, s.name): book.decisions(s.assignment, s.name) for s in taken
            }
            for entry in intake.unreadable:
                book.save_unreadable(entry, _now())
            for _, graded in self.pool.map(work, taken):
                book.save(graded.scorecard, _now())
                result.graded.append(graded)
                self.listener.finished(graded)
            result.graded[:] = [self._beside_others(graded, book) for graded in result.graded]
        result.boxes = self._boxes
        result.wall_seconds = time.monotonic() - began
        return result

    def _skipped(
        self,
        intake: Intake,
        lacking: tuple[Lacking, ...],
        rubrics: Mapping[str, LoadedRubric],
        collectors: Mapping[str, Collector],
    ) -> Skipped:
        """What is left out for want of data; kept for the next `grade regrade`."""
        skipped, known = Skipped(), Remembered.of(self.options.out)
        if self.options.skip_missing_data:
            datasets = {a: c.inputs.datasets for a, c in collectors.items()}
            skipped = skip(lacking, rubrics, intake.submissions, datasets, known)
        here = {(s.assignment, s.name) for s in intake.submissions}
        reading = known.reading - here | skipped.reading
        Remembered(self.options.skip_missing_data, reading).keep(self.options.out)
        return skipped

    def _folder(self, assignment: str) -> Path:
        return rubric_folder(assignment, self.folders, self.options.rubrics)

    def _collector(self, loaded: LoadedRubric) -> Collector:
        requests = plan(loaded.rubric, loaded.params, loaded.checks)
        own = with_own(DATASETS, loaded.rubric.datasets, loaded.folder, self.options.data)
        inputs = Inputs(self.options.data, self.secret, own)
        serving = Serving(inputs, loaded.rubric.data.serve)
        given = Given.of(loaded.folder, loaded.rubric.data.given)
        context = evidence_context(
            self.sandbox.name, loaded.rubric.budget, datasets_of(requests), inputs, serving
        )
        return Collector(
            plan=requests,
            budget=loaded.rubric.budget,
            store=EvidenceStore(
                self.options.out / "evidence",
                context | given.context() | own_context(requests),
            ),
            inputs=inputs,
            needed=Needed.of(loaded.rubric, loaded.params, loaded.checks),
            serving=serving,
            given=given,
            threads=self.pool.threads_per_box,
            fresh=self.options.fresh,
            on_probe=self.listener.probing,
        )

    def _lacking(self, intake: Intake, collectors: Mapping[str, Collector]) -> tuple[Lacking, ...]:
        """The assignments whose data is not all here, in the order of their names."""
        found = []
        for assignment, collector in collectors.items():
            missing = collector.missing_datasets()
            if missing:
                names = tuple(s.name for s in intake.submissions if s.assignment == assignment)
                root = self.options.data
                fetch = [n for n in missing if n in DATASETS and not DATASETS[n].locate(root)]
                found.append(Lacking(assignment, missing, tuple(fetch), names, skipped=False))
        return tuple(found)

    def checked_sandbox(self) -> Sandbox:
        """The backend, after its self-check passed once in this run.

        Raises:
            SandboxError: Something got through, or the box cannot be made.
        """
        with self._check_lock:
            if self.sandbox.isolated and not self._checked:
                broken = [p for p in self.sandbox.self_check() if not p.holds]
                if broken:
                    what = "; ".join(f"{p.name}: {p.detail}" for p in broken)
                    mend = next((p.mend for p in broken if p.mend), "")
                    raise SandboxError(
                        f"no sandbox, no grading: {what}", mend=mend or "see `grade doctor`"
                    )
                self._checked = True
            self._boxes += 1
        return self.sandbox

    def _one(self, submission: Submission, way: _Way, flags: tuple[Flag, ...]) -> Graded:
        """Grade one submission. Our failure becomes its `error` outcomes, and the others go on."""
        began = time.monotonic()
        loaded, collector, truth = way.loaded, way.collector, way.truth
        self.listener.started(submission)
        decisions: tuple[Decision, ...] = self._decisions[submission.assignment, submission.name]
        decided = [decision.criterion for decision in decisions]
        try:
            collected = collector.collect(submission, self.checked_sandbox, decided)
        except SandboxError:
            raise  # nothing can be graded safely here: say it once, not per submission
        except (HarnessError, OSError, MemoryError) as error:
            flags = (*flags, Flag(code="harness", message=_told(error)))
            collected = Collected(EvidenceSet(), (), reused=False)
            with contextlib.suppress(OSError, MemoryError):
                stored = EvidenceSet(collector.stored(submission))
                collected = Collected(stored, (), reused=False)

        flags = (*flags, *unread_notebooks(collected.evidence))

        def scored(evidence: EvidenceSet, flags: tuple[Flag, ...]) -> Scorecard:
            return score(
                submission,
                loaded.rubric,
                loaded.params,
                evidence,
                truth,
                rubric_digest=loaded.digest,
                sandbox=self.sandbox.name,
                self_check=not self.sandbox.isolated,
                attempts=collected.attempts,
                decisions=decisions,
                flags=flags,
                checks=loaded.checks,
            )

        try:
            scorecard = scored(collected.evidence, flags)
        except MemoryError as error:
            flags = (*flags, Flag(code="harness", message=_told(error)))
            scorecard = scored(EvidenceSet(), flags)
        forget_spoilt(submission, loaded, collector.store, scorecard)
        if self._compare:
            self._prints.append(fingerprint(submission, loaded.rubric, collected.evidence, truth))
        return Graded(scorecard, collected.reused, time.monotonic() - began)

    def _beside_others(self, graded: Graded, book: Gradebook) -> Graded:
        """Add what only the comparison with the run's other submissions shows, and save it."""
        card = graded.scorecard
        flags = self._likenesses.get((card.assignment, card.submission), ())
        if not flags:
            return graded
        card = card.model_copy(update={"flags": (*card.flags, *flags)})
        book.save(card, _now())
        return replace(graded, scorecard=card)

    @functools.cached_property
    def _likenesses(self) -> Mapping[tuple[str, str], tuple[Flag, ...]]:
        """What the run's submissions share with each other: asked for when all are graded."""
        return classmates(self._prints)


def longest_first(
    submissions: Sequence[Submission], rubrics: Mapping[str, LoadedRubric]
) -> list[Submission]:
    """Short runs come last, so that no box runs long alone at the end.

    Args:
        submissions: In the order of intake, which stays within an assignment's.
        rubrics: Their budgets tell how long runs may take.
    """
    return sorted(submissions, key=lambda s: -rubrics[s.assignment].rubric.budget.wall_seconds)


def _told(error: Exception) -> str:
    """Our failure in words, with the mend."""
    if isinstance(error, MemoryError):
        return str(
            HarnessError(
                "this machine's memory was used up on the grader's side",
                mend="end other programs or use --jobs 1, and run the same command again",
            )
        )
    if isinstance(error, OSError):
        return str(
            HarnessError(
                f"the machine failed: {error.strerror or error}",
                where=str(error.filename or ""),
                mend="see `df -h` and `ulimit -a`, and run the same command again",
            )
        )
    return str(error)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
