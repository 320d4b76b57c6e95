"""Interrupts student code in the same process when its time is over.

This is a courtesy to the student: what ran until then is still reported. Code that ignores it is
killed from outside.

Time is counted as this process was served: on a busy machine a second of the wall clock in which
it hardly ran counts less, down to half. So another's load does not end a student's training.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from signal import ITIMER_REAL, SIGALRM, setitimer, signal
from time import monotonic, process_time
from typing import TYPE_CHECKING

from .budget import Budget, WallClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["Alarm"]

SOON_SECONDS = 1.0
AGAIN_SECONDS = 0.2
"""Student code may swallow the exception, or it may arise in a finalizer that drops it."""
PATIENCE = 2
"""At most so many seconds of the wall clock count as one; the grader outside waits as long."""


class Watch:
    """Seconds spent since it was started."""

    def __init__(self) -> None:
        self._wall = monotonic()
        self._cpu = process_time()

    @property
    def spent(self) -> float:
        """Seconds of the processor, but no more than passed, and no less than half of them."""
        wall = monotonic() - self._wall
        return max(min(process_time() - self._cpu, wall), wall / PATIENCE)


class Alarm:
    """Rings when a cell's time is over, then when the run's time is over.

    Args:
        budget: Told about both.
        wall_seconds: For the whole run, from its first cell on.
    """

    def __init__(self, budget: Budget, wall_seconds: float) -> None:
        self._budget = budget
        self._wall_seconds = wall_seconds
        self._run: Watch | None = None
        self._cell = Watch()
        self._student_depth = 0

    @property
    def over(self) -> bool:
        """Whether the run's time is over."""
        return self._left <= 0

    @property
    def _left(self) -> float:
        return math.inf if self._run is None else self._wall_seconds - self._run.spent

    @contextmanager
    def student_code(self) -> Iterator[None]:
        """A cell's time begins; only in here may the alarm raise."""
        self._budget.new_cell()
        self._run = self._run or Watch()
        self._cell = Watch()
        self._budget.armed = True
        signal(SIGALRM, self._ring)
        self._set()
        self._student_depth += 1
        try:
            yield
        finally:
            self._student_depth -= 1
            setitimer(ITIMER_REAL, 0)
            self._budget.armed = False

    def _set(self) -> None:
        run_left, cell_left = self._left, self._budget.cell_seconds - self._cell.spent
        if run_left <= 0:
            wait = AGAIN_SECONDS
        elif cell_left <= 0:
            wait = min(SOON_SECONDS, run_left)
        else:
            wait = min(run_left, cell_left)
        setitimer(ITIMER_REAL, max(wait, 0.001))

    def _ring(self, _signal: int, _frame: FrameType | None) -> None:
        if not self._student_depth:
            return
        self._set()
        if self.over:
            self._budget.stop(WallClock)
            raise WallClock
        if self._cell.spent >= self._budget.cell_seconds:
            self._budget.overtime()
