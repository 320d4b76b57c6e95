"""Watches training from inside torch: steps, losses, batches."""

from __future__ import annotations

import functools
import math
from contextlib import suppress
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..definitions.lifted import nets_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..shims.uses import Uses
    from .budget import Budget
    from .journal.journal import Journal

__all__ = ["Meter", "Thinned", "number"]

SERIES = 50
VALUES = 5000
VALUES_IN_ALL = 60_000
NETS = 20
PARAMETERS = 10_000
WAITING = 64
"""Losses that wait for an optimizer's step; manual loops have none."""


def number(value: Any) -> float | str:
    """A number as records hold it: nine significant digits, non-finite ones by name.

    What cannot be read as one is none.
    """
    try:
        value = float(value)
    except Exception:
        return "nan"
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return float(f"{value:.9g}")


class Thinned:
    """A long series, thinned evenly while it grows.

    Args:
        limit: Values kept at most.
    """

    def __init__(self, limit: int = VALUES) -> None:
        self._limit = limit
        self._every = 1
        self._count = 0
        self.values: list[float] = []

    def add(self, value: float) -> None:
        """Append."""
        if self._count % self._every == 0:
            if len(self.values) == self._limit:
                self.values = self.values[::2]
                self._every *= 2
            if self._count % self._every == 0:
                self.values.append(value)
        self._count += 1


class Meter:
    """Counts optimizer steps, records losses, caps passes over loaders. Only while armed.

    Args:
        budget: Told about every training step.
        uses: Finds the student's line.
        batches_per_loader: For each pass.
        journal: Told about every pass, step and `backward()`.
    """

    def __init__(
        self,
        budget: Budget,
        uses: Uses,
        batches_per_loader: int,
        journal: Journal | None = None,
    ) -> None:
        self.budget = budget
        self.journal = journal
        self.optimizer_steps = 0
        self.losses: dict[tuple[str, int, int], tuple[dict[str, Any] | None, Thinned]] = {}
        """Place of a `backward()`, and which optimizer stepped after it → its losses."""
        self._unstepped: list[tuple[str, int, dict[str, Any] | None, float]] = []
        self._uses = uses
        self._limit = batches_per_loader
        self._keys: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._keys_made = 0
        self._held: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        """Optimizer → how many parameters it held when they were last noted."""
        self._steppers: Any = None
        """Parameter → keys of the optimizers that stepped on it."""
        self._by_hand: set[tuple[str, int]] = set()

    def install(self) -> None:
        """Patch torch."""
        import torch
        from torch.optim import optimizer
        from torch.utils.data import DataLoader
        from torch.utils.weak import WeakIdKeyDictionary

        self._steppers = WeakIdKeyDictionary()
        optimizers: Any = optimizer
        optimizers.register_optimizer_step_post_hook(self._stepped)
        original_backward: Any = torch.Tensor.backward

        @functools.wraps(original_backward)
        def backward(tensor: Any, *args: Any, **kwargs: Any) -> Any:
            result = original_backward(tensor, *args, **kwargs)
            if self.budget.armed:
                self._went_backward(tensor)
                if self.journal is not None:
                    self.journal.went_backward()
            return result

        torch.Tensor.backward = backward  # type: ignore[method-assign,assignment]
        original_iter = DataLoader.__iter__

        @functools.wraps(original_iter)
        def walk(loader: Any) -> Any:
            batches = original_iter(loader)
            return Capped(batches, loader, self) if self.budget.armed else batches

        DataLoader.__iter__ = walk  # type: ignore[method-assign]

    def _stepped(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        if not self.budget.armed:
            return
        self.optimizer_steps += 1
        if self.journal is not None:
            self.journal.stepped(optimizer)
        key = self._keys.get(optimizer)
        if key is None:
            self._keys_made += 1
            key = self._keys[optimizer] = self._keys_made
        held = sum(len(group["params"]) for group in optimizer.param_groups)
        if self._held.get(optimizer) != held:  # its first step, or a group was added
            self._held[optimizer] = held
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    self._steppers.setdefault(parameter, set()).add(key)
        self._settle(key)
        for place in self._by_hand:
            self.budget.forget(place)
        self._by_hand.clear()
        self.budget.step(key)

    def _went_backward(self, tensor: Any) -> None:
        frame = self._uses.student_frame()
        key = (frame.f_code.co_filename, frame.f_lineno) if frame else ("", 0)
        self._by_hand.add(key)
        if tensor.numel() == 1 and not tensor.is_complex():
            place = self._uses.place(frame) if frame else None
            self._unstepped.append((*key, place, float(tensor.detach())))
            if len(self._unstepped) >= WAITING:
                self._settle(0)
        self.budget.step(key, reach=2)

    def _settle(self, optimizer: int) -> None:
        """Give the waiting losses to the optimizer that stepped; 0 is none.

        Two nets that one line trains in turn, each with an optimizer, are two series.
        """
        for file, line, place, value in self._unstepped:
            key = (file, line, optimizer)
            if key not in self.losses and len(self.losses) < SERIES:
                self.losses[key] = (place, Thinned())
            if key in self.losses:
                self.losses[key][1].add(value)
        self._unstepped.clear()

    @property
    def batches(self) -> int:
        """Allowed in one pass."""
        return self._limit

    def series(self, live: dict[str, Any]) -> list[dict[str, Any]]:
        """The losses, as the record holds them.

        Args:
            live: The student's names after the run.
        """
        self._settle(0)
        each = VALUES_IN_ALL // max(len(self.losses), 1)
        nets = self._nets(live)
        found = []
        for (file, line, optimizer), (place, thinned) in self.losses.items():
            values = thinned.values
            values = values[:: max(1, math.ceil(len(values) / min(each, VALUES)))]
            key: Any = optimizer or (file, line)
            found.append(
                {
                    "place": place,
                    "values": [number(value) for value in values],
                    "by_clock": key in self.budget.keys_by_clock,
                    "nets": nets.get(optimizer, [])[:NETS],
                }
            )
        return found

    def _nets(self, live: dict[str, Any]) -> dict[int, list[str]]:
        """Optimizer → nets alive on whose parameters it stepped, as bindings call them."""
        found: dict[int, list[str]] = {}
        for name, value in live.items():
            for text, _, module in nets_in(name, value):
                for key in {key for p in _parameters(module) for key in self._steppers.get(p, ())}:
                    found.setdefault(key, []).append(text[:300])
        return found


def _parameters(module: Any) -> list[Any]:
    """A net's parameters: torch's view, and what its own `parameters` gives, if that works."""
    from torch import Tensor, nn

    found: list[Any] = []
    for ask in (nn.Module.parameters, lambda net: net.parameters()):
        with suppress(Exception):  # odd nets are the student's affair; others' evidence is not lost
            found += [p for p in islice(ask(module), PARAMETERS) if isinstance(p, Tensor)]
    return found


class Capped:
    """One pass over a loader, ended early. The loader's nominal length stays.

    Args:
        batches: The real pass.
        loader: Whose pass it is.
        meter: Holds the limit.
    """

    def __init__(self, batches: Any, loader: Any, meter: Meter) -> None:
        self._batches = batches
        self._loader = loader
        self._meter = meter
        self._given = 0
        self._journal = meter.journal
        self._seen = self._journal.began(loader) if self._journal is not None else None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._given >= self._meter.batches and self._meter.budget.armed:
            if self._has_more():
                self._meter.budget.batches_cut.add(id(self._loader))
            self._end()
            raise StopIteration
        began = monotonic()
        try:
            batch = next(self._batches)
        except StopIteration:
            self._end()
            raise
        self._given += 1
        self._tell(batch, monotonic() - began)
        return batch

    def _tell(self, batch: Any, seconds: float) -> None:
        if self._journal is not None and self._seen is not None and self._meter.budget.armed:
            self._journal.batch(self._seen, self._loader, batch, seconds)

    def __del__(self) -> None:
        """A loop that was left by `break`, or `next(iter(loader))`, lets go of its pass."""
        if hasattr(self, "_seen"):
            self._end()

    def _end(self) -> None:
        if self._journal is not None and self._seen is not None:
            self._journal.ended(self._seen)
            self._seen = None

    def _has_more(self) -> bool:
        try:
            return len(self._loader) > self._given
        except TypeError:
            return True

    def next(self) -> Any:
        """As old torch had it."""
        if self._given >= self._meter.batches:
            return next(self)
        self._given += 1
        batch = self._batches.next()
        self._tell(batch, 0.0)
        return batch

    def __len__(self) -> int:
        return len(self._batches)

    def __getattr__(self, name: str) -> Any:
        if name == "_batches":  # a copy that holds nothing yet
            raise AttributeError(name)
        return getattr(self._batches, name)
