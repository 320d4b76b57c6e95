"""Limits without control groups: RLIMIT_DATA of each process, and a watch over their sum.

Resident memory counts shared pages once per process, and forked workers share a lot. So the cheap
sum raises the question, and the proportional one (which counts a shared page once) answers it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.sandbox.box import Limits
    from grader.sandbox.limits.base import Enforcer, Mechanism

__all__ = ["Watchdog", "descendants", "memory_of"]

INTERVAL_SECONDS = 0.05
DATA_SLACK_BYTES = 1024**3
"""RLIMIT_DATA counts what is reserved, not what is used: it stops one huge allocation cleanly."""

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Watchdog:
    """Works wherever `/proc` does."""

    memory = "watchdog and RLIMIT_DATA"
    processes = "RLIMIT_NPROC"
    needs = "needs /proc"

    @classmethod
    def probe(cls) -> Mechanism | None:
        """Always."""
        return cls()

    def enforce(self, limits: Limits) -> Enforcer:
        """Prepare to watch one box."""
        return Watch(limits.memory_bytes)


class Watch:
    """Watches one box from a thread."""

    prefix: tuple[str, ...] = ()

    def __init__(self, memory_bytes: int) -> None:
        self.data_bytes: int | None = memory_bytes + DATA_SLACK_BYTES
        self._limit = memory_bytes
        self._exceeded = False
        self._peak = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def started(self, pid: int, kill: Callable[[], None]) -> None:
        """Start the thread."""
        self._thread = threading.Thread(
            target=self._watch, args=(pid, kill), name="box-memory", daemon=True
        )
        self._thread.start()

    def _watch(self, pid: int, kill: Callable[[], None]) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            pids = descendants(pid)
            used = sum(resident_bytes(one) for one in pids)
            if used > self._limit:
                used = sum(memory_of(one) for one in pids)
            self._peak = max(self._peak, used)
            if used > self._limit:
                self._exceeded = True
                kill()
                return

    def memory_exceeded(self) -> bool:
        """Whether the box was killed for its memory."""
        return self._exceeded

    def peak_memory_bytes(self) -> int | None:
        """The largest sum seen."""
        return self._peak or None

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()


def descendants(pid: int) -> list[int]:
    """List a process and everything below it."""
    found = [pid]
    for parent in found:  # grows while we walk it
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found.extend(int(word) for word in (task / "children").read_bytes().split())
    return found if len(found) > 1 or _lists_children() else _by_parents(pid)


@cache
def _lists_children() -> bool:
    """Whether this kernel names a process's children: some are built without."""
    return Path("/proc/thread-self/children").exists()


def _by_parents(pid: int) -> list[int]:
    """The same from every process's parent: slower, and right on every kernel."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError):
                words = (entry / "stat").read_bytes().rpartition(b")")[2].split()
                children.setdefault(int(words[1]), []).append(int(entry.name))
    found = [pid]
    for parent in found:  # grows while we walk it
        found.extend(children.get(parent, ()))
    return found


def resident_bytes(pid: int) -> int:
    """Return a process's resident memory, shared pages included; 0 if it is gone."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * PAGE_BYTES
    return 0


def memory_of(pid: int) -> int:
    """Return a process's proportional share of memory, or its resident memory if that is closed."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        return resident_bytes(pid)
    return 0
