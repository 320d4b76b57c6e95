"""Interrupts student code in the same process when its time is over.

This is a courtesy to the student: what ran until then is still reported. Code that ignores it is
killed from outside.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from signal import ITIMER_REAL, SIGALRM, setitimer, signal
from time import monotonic
from typing import TYPE_CHECKING

from .budget import Budget, WallClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["Alarm"]

SOON_SECONDS = 1.0
AGAIN_SECONDS = 0.2
"""Student code may swallow the exception, or it may arise in a finalizer that drops it."""


class Alarm:
    """Rings when a cell's time is over, then when the run's time is over.

    Args:
        budget: Told about both.
        wall_seconds: For the whole run, from its first cell on.
    """

    def __init__(self, budget: Budget, wall_seconds: float) -> None:
        self._budget = budget
        self._wall_seconds = wall_seconds
        self._wall_end = math.inf
        self._cell_end = math.inf
        self._student_depth = 0

    @property
    def over(self) -> bool:
        """Whether the run's time is over."""
        return monotonic() >= self._wall_end

    @contextmanager
    def student_code(self) -> Iterator[None]:
        """A cell's time begins; only in here may the alarm raise."""
        self._budget.new_cell()
        if self._wall_end == math.inf:
            self._wall_end = monotonic() + self._wall_seconds
        self._cell_end = monotonic() + self._budget.cell_seconds
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
        now = monotonic()
        if now >= self._wall_end:
            wait = AGAIN_SECONDS
        elif now >= self._cell_end:
            wait = min(SOON_SECONDS, self._wall_end - now)
        else:
            wait = min(self._cell_end, self._wall_end) - now
        setitimer(ITIMER_REAL, max(wait, 0.001))

    def _ring(self, _signal: int, _frame: FrameType | None) -> None:
        if not self._student_depth:
            return
        self._set()
        if monotonic() >= self._wall_end:
            self._budget.stop(WallClock)
            raise WallClock
        self._budget.overtime()
