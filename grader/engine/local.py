"""Boxes on this machine, a fixed number at a time."""

from __future__ import annotations

import os
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["LocalPool"]

T = TypeVar("T")
R = TypeVar("R")


BOX_BYTES = 2 * 1024**3
"""What a box is likely to need at once: torch and a small net stay under it."""


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def default_jobs() -> int:
    """One box per core, as far as memory reaches."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(cores(), memory // BOX_BYTES))


class LocalPool:
    """Runs work on several items at once, each box from opening to closing in one thread.

    Args:
        jobs: Boxes at a time; 0 for as many as this machine carries.
    """

    def __init__(self, jobs: int = 0) -> None:
        self.jobs = jobs if jobs > 0 else default_jobs()

    @property
    def threads_per_box(self) -> int:
        """Cores of each box: torch with more threads than cores was measured 10 times slower."""
        return max(1, cores() // self.jobs)

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R]]:
        """Give each item and its result, as they finish.

        A failure inside `work` is raised here. When the consumer stops early (Ctrl-C included),
        items that have not begun are dropped; those in work are awaited.
        """
        waiting = iter(items)
        running: dict[Future[R], T] = {}
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="box") as pool:
            try:
                while True:
                    while len(running) < self.jobs:
                        try:
                            item = next(waiting)
                        except StopIteration:
                            break
                        running[pool.submit(work, item)] = item
                    if not running:
                        return
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield running.pop(future), future.result()
            finally:
                for future in running:
                    future.cancel()
