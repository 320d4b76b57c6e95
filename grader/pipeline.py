"""intake → collect → score → gradebook: the one place that catches our failures per submission."""

from __future__ import annotations

import dataclasses
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from grader.checks import CHECKS, Check, GroundTruth
from grader.checks.own import own_of
from grader.collect.context import evidence_context
from grader.collect.given import Given
from grader.collect.inputs import Inputs, machine_secret
from grader.collect.plan import plan
from grader.collect.probes import add_own, own_context
from grader.collect.run import Collected, Collector, datasets_of
from grader.collect.serving import Serving
from grader.collect.store import EvidenceStore
from grader.collect.truth import ground_truth
from grader.datasets import DATASETS, splits, with_own
from grader.engine import LocalPool
from grader.errors import ConfigurationError, HarnessError, SandboxError
from grader.gradebook import Gradebook
from grader.intake import Intake, read
from grader.model.evidence import EvidenceSet
from grader.model.scorecard import Decision, Flag, Scorecard
from grader.rubric.data_rules import SERVED
from grader.rubric.load import LoadedRubric, load
from grader.rubric.visible import measurable_part, visible_part
from grader.sandbox import Sandbox, make_sandbox
from grader.score import score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.model.submission import Submission, Unreadable

__all__ = [
    "Graded",
    "Lacking",
    "Listener",
    "Options",
    "Run",
    "grade",
    "load_rubric",
    "load_rubrics",
    "regrade",
    "rubric_context",
    "verify_rubric",
]


@dataclass(frozen=True)
class Options:
    """What a caller may choose.

    Attributes:
        out: The folder of reports, gradebook and evidence.
        rubrics: The folder that holds `<assignment>/rubric.toml`.
        assignment: Its id, where the path does not tell.
        roster: A CSV that says who is who.
        sandbox: Backend: `bubblewrap`, or `none` for a self-check.
        jobs: Boxes at a time; 0 for one per core.
        data: Root of the datasets.
        fresh: Measure again what is stored.
        skip_missing_data: Leave out submissions whose datasets are not on this machine.
        visible_only: A self-check: one submission, judged by visible criteria alone.
        gradebook: SQLAlchemy URL; SQLite in `out` when empty.
    """

    out: Path
    rubrics: Path = Path("rubrics")
    assignment: str | None = None
    roster: Path | None = None
    sandbox: str = "bubblewrap"
    jobs: int = 0
    data: Path | None = None
    fresh: bool = False
    skip_missing_data: bool = False
    visible_only: bool = False
    gradebook: str = ""

    @property
    def gradebook_url(self) -> str:
        """Where the gradebook is."""
        return self.gradebook or f"sqlite:///{self.out / 'gradebook.db'}"


@dataclass(frozen=True)
class Graded:
    """One submission's result in this run.

    Attributes:
        scorecard: Its scorecard.
        reused: Whether all evidence was there already, so that nothing was run.
        wall_seconds: From taking it up to its scorecard.
    """

    scorecard: Scorecard
    reused: bool
    wall_seconds: float


@dataclass(frozen=True)
class Lacking:
    """An assignment whose data is not on this machine.

    Attributes:
        assignment: Its id.
        datasets: Name of each missing dataset → why, and the mend.
        fetch: Those of them of which nothing is here, and which `grade data fetch` brings.
        submissions: Whose grading it touches, by name.
        skipped: Whether they were left out.
        reduced: Whether the tasks that need it were left out.
    """

    assignment: str
    datasets: Mapping[str, str]
    fetch: tuple[str, ...]
    submissions: tuple[str, ...]
    skipped: bool
    reduced: bool = False


@dataclass
class Run:
    """What one run came to.

    Attributes:
        graded: By assignment and name.
        unreadable: What intake could not read.
        notes: What intake passed over.
        rubrics: Assignment → its rubric.
        lacking: What could not be graded, or only in part, for want of data.
        boxes: How many boxes were opened.
        wall_seconds: Of the whole run.
    """

    graded: list[Graded] = field(default_factory=list)
    unreadable: tuple[Unreadable, ...] = ()
    notes: tuple[str, ...] = ()
    rubrics: Mapping[str, LoadedRubric] = field(default_factory=dict)
    lacking: tuple[Lacking, ...] = ()
    boxes: int = 0
    wall_seconds: float = 0.0

    @property
    def scorecards(self) -> tuple[Scorecard, ...]:
        """In a stable order."""
        cards = (g.scorecard for g in self.graded)
        return tuple(sorted(cards, key=lambda c: (c.assignment, c.submission)))


class Listener(Protocol):
    """Who is told how a run goes. Called from several threads."""

    def begun(self, total: int) -> None:
        """So many submissions will be graded."""

    def started(self, submission: Submission) -> None:
        """A submission was taken up."""

    def probing(self, submission: Submission, probe: str) -> None:
        """A probe begins."""

    def finished(self, graded: Graded) -> None:
        """A scorecard is there, and saved."""


class Silent:
    """A listener that does not listen."""

    def begun(self, total: int) -> None:
        """Nothing."""

    def started(self, submission: Submission) -> None:
        """Nothing."""

    def probing(self, submission: Submission, probe: str) -> None:
        """Nothing."""

    def finished(self, graded: Graded) -> None:
        """Nothing."""


def rubric_context(checks: Mapping[str, Check[Any]] = CHECKS) -> dict[str, Any]:
    """What a rubric may speak of beyond its own file: what checks need, which data there is."""
    return {
        "needs": lambda check, params, rubric: checks[check].needs(params, rubric),
        "names": {
            "dataset": splits(),
            SERVED: tuple(
                name for name in DATASETS if DATASETS[name].served or DATASETS[name].shipped
            ),
        },
    }


def load_rubric(folder: Path) -> LoadedRubric:
    """Read a rubric folder strictly.

    Raises:
        RubricError: With all problems of the file, each with line and mend.
    """
    own = own_of(folder)
    params = {name: entry.params for name, entry in own.checks.items()}
    loaded = load(folder, params, **rubric_context(own.checks))
    add_own(loaded.rubric.assignment.id, own.probes, own.sources)
    return dataclasses.replace(loaded, checks=own.checks)


def load_rubrics(folder: Path) -> dict[str, Path]:
    """The assignments of a rubrics folder: id → its folder.

    Raises:
        ConfigurationError: There is none.
    """
    found = {p.parent.name: p.parent for p in sorted(folder.glob("*/rubric.toml"))}
    if not found:
        raise ConfigurationError(
            "no rubric is here",
            where=str(folder),
            mend="run where `rubrics/` is, name it with --rubrics, "
            "or make one with `grade rubric new ID`",
        )
    return found


def grade(path: Path, options: Options, listener: Listener | None = None) -> Run:
    """Grade a folder of submissions, one submission, or an archive of either.

    Raises:
        ConfigurationError: The call, a rubric or the sandbox is set up wrongly.
    """
    folders = load_rubrics(options.rubrics)
    with tempfile.TemporaryDirectory(prefix="grade-intake-") as workdir:
        intake = read(
            path,
            assignment=options.assignment,
            workdir=Path(workdir),
            known_assignments=frozenset(folders),
            one=options.visible_only or None,
            roster=options.roster,
        )
        return _Grading(options, folders, listener or Silent()).run(intake)


def regrade(options: Options, listener: Listener | None = None) -> Run:
    """Score again what was graded before, from stored evidence; run only probes that are missing.

    Raises:
        ConfigurationError: Nothing was graded before.
    """
    folders = load_rubrics(options.rubrics)
    store = EvidenceStore(options.out / "evidence", {})
    known = [s for s in store.submissions() if options.assignment in (None, s.assignment)]
    if not known:
        raise ConfigurationError(
            "nothing was graded here before",
            where=str(options.out),
            mend="run `grade SUBMISSIONS --out` on this folder first",
        )
    with Gradebook(options.gradebook_url) as book:
        unreadable = tuple(book.unreadable(options.assignment))
    intake = Intake(submissions=tuple(known), unreadable=unreadable)
    return _Grading(options, folders, listener or Silent()).run(intake)


def verify_rubric(
    folder: Path, options: Options, listener: Listener | None = None
) -> dict[str, Scorecard]:
    """Grade every case of `verify/` with the rubric of its folder: case → scorecard."""
    cases = sorted(p for p in (folder / "verify").glob("*/submission") if p.is_dir())
    if not cases:
        raise ConfigurationError(
            "there are no cases to verify",
            where=str(folder / "verify"),
            mend="add verify/reference/submission/ and verify/reference/expect.toml",
        )
    submissions: list[Submission] = []
    unreadable: list[Unreadable] = []
    with tempfile.TemporaryDirectory(prefix="grade-intake-") as workdir:
        for case in cases:
            place = Path(workdir) / case.parent.name
            intake = read(case, assignment=folder.name, workdir=place, one=True)
            named = {"name": case.parent.name}
            submissions += [s.model_copy(update=named) for s in intake.submissions]
            unreadable += [u.model_copy(update=named) for u in intake.unreadable]
        everything = Intake(submissions=tuple(submissions), unreadable=tuple(unreadable))
        grading = _Grading(options, {folder.name: folder}, listener or Silent())
        run = grading.run(everything)
    return {card.submission: card for card in run.scorecards}


def reduced(
    lacking: tuple[Lacking, ...], rubrics: Mapping[str, LoadedRubric]
) -> tuple[tuple[Lacking, ...], dict[str, LoadedRubric]]:
    """What is left to grade where data is missing: some tasks of a rubric, or nothing of it."""
    parts = {
        one.assignment: measurable_part(rubrics[one.assignment], set(one.datasets))
        for one in lacking
    }
    told = tuple(
        replace(
            one, skipped=parts[one.assignment] is None, reduced=parts[one.assignment] is not None
        )
        for one in lacking
    )
    return told, {name: part for name, part in parts.items() if part is not None}


class _Grading:
    """One run over what intake found."""

    def __init__(self, options: Options, folders: Mapping[str, Path], listener: Listener) -> None:
        self.options = options
        self.folders = folders
        self.listener = listener
        self.sandbox = make_sandbox(options.sandbox)
        self.pool = LocalPool(options.jobs)
        self.secret = machine_secret()
        self._check_lock = threading.Lock()
        self._checked = False
        self._boxes = 0

    def run(self, intake: Intake) -> Run:
        """Grade, save each scorecard as it comes, and report to the listener."""
        began = time.monotonic()
        wanted = sorted({s.assignment for s in intake.submissions})
        rubrics = {a: load_rubric(self._folder(a)) for a in wanted}
        if self.options.visible_only:
            rubrics = {a: visible_part(r) for a, r in rubrics.items()}
        self.options.out.mkdir(parents=True, exist_ok=True)
        collectors = {a: self._collector(r) for a, r in rubrics.items()}
        lacking = self._lacking(intake, collectors)
        if self.options.skip_missing_data:
            lacking, smaller = reduced(lacking, rubrics)
            rubrics |= smaller
            collectors |= {a: self._collector(r) for a, r in smaller.items()}
        left_out = {entry.assignment for entry in lacking if entry.skipped}
        taken = [s for s in intake.submissions if s.assignment not in left_out]
        truths = {
            a: ground_truth(rubrics[a], datasets_of(c.plan), c.inputs, c.serving)
            for a, c in collectors.items()
            if a not in left_out
        }
        result = Run(
            unreadable=intake.unreadable, notes=intake.notes, rubrics=rubrics, lacking=lacking
        )
        self.listener.begun(len(taken))

        def work(submission: Submission) -> Graded:
            assignment = submission.assignment
            return self._one(
                submission, rubrics[assignment], collectors[assignment], truths[assignment]
            )

        with Gradebook(self.options.gradebook_url) as book:
            self._book = book
            self._decisions = {
                (s.assignment, s.name): book.decisions(s.assignment, s.name) for s in taken
            }
            for entry in intake.unreadable:
                book.save_unreadable(entry, _now())
            for _, graded in self.pool.map(work, taken):
                book.save(graded.scorecard, _now())
                result.graded.append(graded)
                self.listener.finished(graded)
        result.boxes = self._boxes
        result.wall_seconds = time.monotonic() - began
        return result

    def _folder(self, assignment: str) -> Path:
        if assignment not in self.folders:
            raise ConfigurationError(
                f"there is no rubric for assignment '{assignment}'",
                where=str(self.options.rubrics),
                mend=f"use --assignment with one of: {', '.join(sorted(self.folders))}",
            )
        return self.folders[assignment]

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

    def _one(
        self,
        submission: Submission,
        loaded: LoadedRubric,
        collector: Collector,
        truth: GroundTruth,
    ) -> Graded:
        """Grade one submission. Our failure becomes its `error` outcomes, and the others go on."""
        began = time.monotonic()
        self.listener.started(submission)
        flags: tuple[Flag, ...] = ()
        try:
            collected = collector.collect(submission, self.checked_sandbox)
        except SandboxError:
            raise  # nothing can be graded safely here: say it once, not per submission
        except HarnessError as error:
            flags = (Flag(code="harness", message=str(error)),)
            collected = Collected(EvidenceSet(collector.stored(submission)), (), 0)
        decisions: tuple[Decision, ...] = self._decisions[submission.assignment, submission.name]
        scorecard = score(
            submission,
            loaded.rubric,
            loaded.params,
            collected.evidence,
            truth,
            rubric_digest=loaded.digest,
            sandbox=self.sandbox.name,
            self_check=not self.sandbox.isolated,
            attempts=collected.attempts,
            decisions=decisions,
            flags=flags,
            checks=loaded.checks,
        )
        reused = collected.reused == len(collector.plan)
        return Graded(scorecard, reused, time.monotonic() - began)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
