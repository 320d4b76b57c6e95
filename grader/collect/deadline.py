"""Until when the host waits for a box. On an overloaded machine it waits longer."""

from __future__ import annotations

import os
from dataclasses import dataclass
from time import monotonic

__all__ = ["PATIENCE", "Deadline"]

PATIENCE = 2.0
"""At most so many times the seconds are waited: another's load is not this submission's fault."""


@dataclass(frozen=True)
class Deadline:
    """So many seconds from now.

    Attributes:
        seconds: Of the wall clock, on a machine that has a core for everyone who asks for one.
        begun: `time.monotonic` when the wait began.
        patient: Whether a machine with more to do than cores stretches them.
    """

    seconds: float
    begun: float
    patient: bool = False

    @classmethod
    def after(cls, seconds: float, *, patient: bool = False) -> Deadline:
        """From now on."""
        return cls(seconds, monotonic(), patient)

    def left_seconds(self) -> float:
        """What is left; not positive once it is over."""
        now = monotonic()
        left = self.begun + self.seconds - now
        if left <= 0 and self.patient:
            left = self.begun + self.seconds * _crowd() - now
        return left


def _crowd() -> float:
    """Who asks for a core, as a multiple of the cores: 1 to PATIENCE, averaged over a minute."""
    waiting, _, _ = os.getloadavg()
    return min(PATIENCE, max(1.0, waiting / (os.cpu_count() or 1)))
