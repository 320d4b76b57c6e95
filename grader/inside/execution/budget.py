"""Ends training loops when their budget is spent, and no others. Imports no torch.

A training step has a key: the optimizer that stepped, or the place of a `backward()` that no
optimizer follows. A loop trains a key when that key stepped in two of its iterations. When the key
is spent, by steps or because the cell's time is over, the loops that train it end after the
iteration in progress, the batch loop first; so evaluation, logging and plots of the epoch still
run. A loop over models makes a new optimizer in each iteration, trains none twice, and goes on.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import ItemsView, KeysView, ValuesView
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

__all__ = ["Budget", "Loop", "OutputLimit", "Stop", "WallClock"]

REPEATS = 2
"""Iterations in which a key must step before the loop counts as training it."""
SETTINGS = 12
"""A loop over so many things at most, all there from the start, compares settings."""


SHORT_KINDS: tuple[type, ...] = (list, tuple, dict, KeysView, ValuesView, ItemsView)


class Stop(BaseException):
    """Raised in student code to end the whole run: `except Exception` lets it by."""


class WallClock(Stop):
    """The run's wall-clock time is over."""


class OutputLimit(Stop):
    """The run printed more than anyone reads."""


class Loop:
    """A loop of student code that is running now.

    Attributes:
        place: Which loop of the source it is.
        passive: It stands in a generator and feeds another loop.
        compares: It goes over a few settings, such as learning rates: what comes later needs all.
        endless: It was a `while`: it has no end of its own that time could bring nearer.
        iteration: Iterations begun.
        ended: Told to end after the iteration in progress.
        seen: Key → iterations in which it stepped, and the last of them.
    """

    __slots__ = ("began", "compares", "ended", "endless", "iteration", "passive", "place", "seen")

    def __init__(self, place: str, *, passive: bool, endless: bool) -> None:
        self.place = place
        self.passive = passive
        self.endless = endless
        self.compares = False
        self.iteration = 0
        self.ended = False
        self.began = monotonic()
        self.seen: dict[Hashable, tuple[int, int]] = {}


class Budget:
    """What one run may spend on training.

    Args:
        optimizer_steps: For each key.
        cell_seconds: For one cell, before its training loops are told to end.
    """

    def __init__(self, optimizer_steps: int, cell_seconds: float) -> None:
        self.optimizer_steps = optimizer_steps
        self.cell_seconds = cell_seconds
        self.armed = False
        self.late = False
        self.stopping: type[Stop] | None = None
        self.cuts: dict[str, int] = {}
        """Place of a loop → how often it was told to end."""
        self.by_clock = False
        """Whether time, not the number of steps, ended a loop that trains."""
        self.keys_by_clock: set[Hashable] = set()
        """What those loops trained, where that is known."""
        self.batches_cut: set[int] = set()
        """Loaders whose pass was capped."""
        self._active: list[Loop] = []
        self._steps: Counter[Hashable] = Counter()
        self._known: set[tuple[str, Hashable]] = set()
        self._thread = get_ident()

    @property
    def anything_cut(self) -> bool:
        """Whether the student's code has seen less than it asked for."""
        return bool(self.cuts or self.batches_cut)

    def loop(self, iterable: Iterable[Any], place: str, passive: bool) -> Iterator[Any]:  # noqa: FBT001
        """Iterate until the loop is told to end. Student code calls this in every `for`."""
        loop = Loop(place, passive=passive, endless=False)
        loop.compares = _is_short(iterable)
        return self._walk(iterable, loop)

    def ticks(self, place: str, passive: bool) -> Iterator[Any]:  # noqa: FBT001
        """Tick until the loop is told to end. Student code calls this in every `while`."""
        return self._walk(itertools.repeat(()), Loop(place, passive=passive, endless=True))

    def _walk(self, iterable: Iterable[Any], loop: Loop) -> Iterator[Any]:
        if not self.armed or get_ident() != self._thread:
            for item in iterable:  # `yield from` would close a generator that a `break` leaves
                yield item
            return
        self._active.append(loop)
        loop.ended = self.stopping is not None
        try:
            for item in iterable:
                loop.iteration += 1
                yield item
                if loop.ended:
                    if self.stopping is not None:
                        raise self.stopping
                    self.cuts[loop.place] = self.cuts.get(loop.place, 0) + 1
                    return
        finally:
            if loop in self._active:
                self._active.remove(loop)

    def step(self, key: Hashable, *, reach: int | None = None) -> None:
        """A training step happened.

        Args:
            key: What stepped.
            reach: How many of the innermost loops that train the key may be ended; None for all.
                A key that is only a place in the source says nothing about loops over models.
        """
        self._steps[key] += 1
        enough = self._steps[key] >= self.optimizer_steps
        spent = self.late or enough
        training = 0
        for loop in reversed(self._active):
            times, last = loop.seen.get(key, (0, 0))
            if last != loop.iteration:
                times += 1
                loop.seen[key] = (times, loop.iteration)
            if loop.passive:
                continue
            known = (loop.place, key)
            if times >= REPEATS:
                self._known.add(known)
            if known not in self._known:
                continue
            training += 1
            again = times >= REPEATS or training == 1  # a batch loop known to train needs no second
            if spent and again and (reach is None or training <= reach):
                loop.ended = True
                if not enough:
                    self.by_clock = True
                    self.keys_by_clock.add(key)

    def forget(self, key: Hashable) -> None:
        """The key's steps so far do not count."""
        self._steps[key] = 0

    def new_cell(self) -> None:
        """The next cell has its own time."""
        self.late = False
        self._active.clear()

    def overtime(self) -> None:
        """The cell's time is over: also called once a second from then on.

        Loops that train end at their next step. A `for` in which nothing known trains may be
        training by hand in numpy: it ends when it took a good part of the cell's time by itself,
        and was in its second iteration at least, so that a curve over epochs is one.
        """
        self.late = True
        patience = self.cell_seconds / 2
        now = monotonic()
        for loop in reversed(self._active):
            if loop.passive or loop.endless or loop.seen or loop.ended or loop.compares:
                continue
            if loop.iteration < REPEATS:
                continue
            if now - loop.began >= patience:
                loop.ended = self.by_clock = True
                return

    def stop(self, why: type[Stop]) -> None:
        """End every loop by raising."""
        self.stopping = why
        for loop in self._active:
            loop.ended = True


def _is_short(iterable: Iterable[Any]) -> bool:
    if not isinstance(iterable, SHORT_KINDS):
        return False
    known: Any = iterable
    return len(known) <= SETTINGS
