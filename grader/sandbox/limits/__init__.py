"""What enforces memory and process limits here: probed, not guessed.

Control groups where this machine lets us make them, version 2 before version 1; else a limit on
each process's data and a watchdog that sums over the box.
"""

from __future__ import annotations

from functools import cache

from grader.sandbox.limits.base import Enforcer, Mechanism
from grader.sandbox.limits.cgroup_v1 import CgroupV1
from grader.sandbox.limits.cgroup_v2 import CgroupV2
from grader.sandbox.limits.watchdog import Watchdog

__all__ = ["MECHANISMS", "Enforcer", "Mechanism", "choose_mechanism"]

MECHANISMS: tuple[type[Mechanism], ...] = (CgroupV2, CgroupV1, Watchdog)
"""In order of preference."""


@cache
def choose_mechanism() -> Mechanism:
    """Return the first mechanism that works on this machine, after clearing what it left behind."""
    for kind in MECHANISMS:
        mechanism = kind.probe()
        if mechanism is not None:
            return mechanism
    raise AssertionError("the watchdog works everywhere")
