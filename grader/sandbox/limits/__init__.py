"""What enforces memory and process limits here: probed, not guessed.

Control groups where this machine lets us make them, version 2 before version 1; else a limit on
each process's data and a watchdog that sums over the box.
"""

from __future__ import annotations

from functools import cache

from grader.sandbox.box import Property
from grader.sandbox.limits.base import Enforcer, Mechanism
from grader.sandbox.limits.cgroup_v1 import CgroupV1
from grader.sandbox.limits.cgroup_v2 import CgroupV2
from grader.sandbox.limits.watchdog import Watchdog

__all__ = ["MECHANISMS", "Enforcer", "Mechanism", "choose_mechanism", "standings"]

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


def standings() -> tuple[Property, ...]:
    """Say of each mechanism whether it is the one in use here, and what the better ones lack."""
    active = type(choose_mechanism())
    place = MECHANISMS.index(active)
    found = []
    for number, kind in enumerate(MECHANISMS):
        detail = "in use" if number == place else "works everywhere; not needed here"
        if number < place:
            detail = "does not work here"
        elif place < number < len(MECHANISMS) - 1:
            detail = "not tried: a better one works"
        mend = kind.needs if number < place else ""
        found.append(Property(name=kind.memory, holds=number == place, detail=detail, mend=mend))
    return tuple(found)
