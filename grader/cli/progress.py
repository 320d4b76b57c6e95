"""What a run shows while it goes: a live view on a terminal, one line a submission when piped."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

    from grader.model.submission import Submission
    from grader.pipeline import Graded

__all__ = ["ProgressView"]


class ProgressView:
    """Shows how a run goes. A context manager and a pipeline listener.

    Args:
        console: Where to; a terminal gets bars, anything else stays quiet.
    """

    def __init__(self, console: Console) -> None:
        self._live = console.is_terminal
        self._lock = threading.Lock()
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._total = self._progress.add_task("grading", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def begun(self, total: int) -> None:
        """So many submissions will be graded."""
        self._progress.update(self._total, total=total)

    def started(self, submission: Submission) -> None:
        """A submission was taken up."""
        with self._lock:
            name = escape(submission.name[:40])
            task = self._progress.add_task(f"  {name}", total=None)
            self._tasks[submission.assignment, submission.name] = task

    def probing(self, submission: Submission, probe: str) -> None:
        """A probe begins."""
        task = self._tasks.get((submission.assignment, submission.name))
        if task is not None:
            name = escape(submission.name[:40])
            self._progress.update(task, description=f"  {name} [dim]{probe}[/dim]")

    def finished(self, graded: Graded) -> None:
        """A scorecard is there."""
        card = graded.scorecard
        with self._lock:
            task = self._tasks.pop((card.assignment, card.submission), None)
        if task is not None:
            self._progress.remove_task(task)
        self._progress.advance(self._total)
