"""What a caller of the pipeline says, hears, and gets back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.model.scorecard import Scorecard
    from grader.model.submission import Submission, Unreadable
    from grader.rubric.load import LoadedRubric

__all__ = ["Graded", "Lacking", "Listener", "Options", "Run", "Silent"]


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
        skip_missing_data: Leave out tasks and submissions whose datasets are not on this machine.
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
        reading: Submissions whose code reads it: what runs their code was left out, too.
        read_skipped: Whether that left nothing of them.
    """

    assignment: str
    datasets: Mapping[str, str]
    fetch: tuple[str, ...]
    submissions: tuple[str, ...]
    skipped: bool
    reduced: bool = False
    reading: tuple[str, ...] = ()
    read_skipped: bool = False


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
