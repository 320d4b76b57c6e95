"""Keeps the journal of a run. Told by the meter; never raises into student code, never draws.

    DataLoader.__iter__ ──► began ─► batch … ─► ended        a pass
    Module.__call__     ──► called                           who asks, in which mode
    Optimizer.step      ──► stepped                          the pass it belongs to was training

A step belongs to the pass whose batch the net was last asked about with gradients, told by where
the batch's numbers lie in memory; when they were made anew, to the pass that yielded last.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ...mistakes.roles import role_of_name
from .batches import LOOKED_AT, differs, inputs_and_labels, pointers_of, sample_of
from .byhand import snapshot, was_updated
from .loaders import Known, Pass
from .names import role_of_names, scopes_of
from .nets import Asked, Nets
from .nets import sample_of as weights_of
from .optimizers import Optimizers
from .origins import find_origins, published
from .overlaps import overlaps
from .quiet import quiet
from .sliced import Sliced
from .starts import Starts

if TYPE_CHECKING:
    from ...shims.served import Served
    from ...shims.uses import Uses
    from ..budget import Budget

__all__ = ["Journal"]

LOADERS = 200
EVALUATIONS = 200
OPEN_PASSES = 16
BY_HAND_PASSES = 6
"""Passes of a loader, without an update by hand, after which it is no longer looked for."""


class Journal:
    """What a run was seen to do.

    Args:
        budget: Only while it is armed is anything noted.
        uses: Finds the student's line.
        served: The data at hand, to tell where bare arrays are from.
    """

    def __init__(self, budget: Budget, uses: Uses, served: Served) -> None:
        self._served = served
        self._budget = budget
        self._uses = uses
        self.optimizers = Optimizers(uses)
        self.starts = Starts(uses, lambda: self._budget.armed, self.optimizers.net_of)
        self.loaders: list[Known] = []
        self._sliced = Sliced(uses, self.loaders, LOADERS)
        self._cut: Known | None = None
        """The tensor sliced by hand that a net was last asked about with gradients."""
        self._by_loader: WeakKeyDictionary[Any, Known] = WeakKeyDictionary()
        self._places: WeakKeyDictionary[Any, dict[str, Any] | None] = WeakKeyDictionary()
        self._merged: dict[Any, Known] = {}
        self._open: list[Pass] = []
        """Passes that go on, the one that yielded last at the end."""
        self._passes = 0
        self._by_hand = False
        self._nets = Nets()
        self._depth = 0
        self._given: tuple[Known, Any] | None = None
        """The loader and some numbers of the batch that a net was just given."""
        self._current: Pass | None = None
        self._current_net = 0
        self._loose: dict[Any, Asked] = {}
        """Net and line → asked outside of any pass, with gradients, and not stepped since."""
        self.evaluations: dict[Any, dict[str, Any]] = {}

    def install(self) -> None:
        """Patch torch."""
        from torch import nn
        from torch.utils.data import DataLoader

        self.optimizers.install()
        self.starts.install()
        original_init = DataLoader.__init__

        @functools.wraps(original_init)
        def made(loader: Any, *args: Any, **kwargs: Any) -> None:
            original_init(loader, *args, **kwargs)
            if self._budget.armed:
                self._places[loader] = self._uses.place()

        DataLoader.__init__ = made  # type: ignore[method-assign,assignment]
        original_call = nn.Module.__call__

        def call(module: Any, *args: Any, **kwargs: Any) -> Any:
            if self._given is not None and args and _has_own_weights(module):
                self._first_layer(args[0])
            if self._depth or not self._budget.armed:
                return original_call(module, *args, **kwargs)
            self._called(module, args)
            self._depth = 1
            try:
                return original_call(module, *args, **kwargs)
            finally:
                self._depth = 0
                self._given = None

        nn.Module.__call__ = call  # type: ignore[method-assign]

    # Passes

    @quiet
    def began(self, loader: Any) -> Pass | None:
        """A pass over a loader begins."""
        known = self._known(loader)
        if known is None:
            return None
        self._passes += 1
        known.passes += 1
        if known.passes == 1 or not known.names:
            self._name(known, loader)
        walk = Pass(known, self._passes)
        for other in [p for p in self._open if p.known is known][:-1]:
            self.ended(other)  # left by a `break` long ago
        self._open.append(walk)
        if len(self._open) > OPEN_PASSES:
            self.ended(self._open[0])
        likely = known.passes <= BY_HAND_PASSES or known.trained
        if likely and not self.optimizers.stepped:
            walk.before = snapshot(self._uses)
        return walk

    def _name(self, known: Known, loader: Any) -> None:
        """Of the loader; of its data, where it was made on the spot: `DataLoader(val_set)`."""
        scopes = scopes_of(loader, self._uses)
        if not any(role_of_name(name) for names in scopes for name in names):
            scopes += scopes_of(loader.dataset, self._uses)
        known.names |= set().union(*scopes)
        known.role = known.role or role_of_names(scopes)

    def _known(self, loader: Any) -> Known | None:
        known = self._by_loader.get(loader)
        if known is not None:
            return known
        place = self._places.get(loader)
        length = _examples(loader)
        at = tuple(sorted((place or {}).items(), key=str))
        key = (at, id(loader.dataset), length, id(getattr(loader.sampler, "indices", None)))
        known = self._merged.get(key)
        if known is None:
            if len(self.loaders) >= LOADERS:
                return None
            known = Known(place, loader.dataset, length)
            self.loaders.append(known)
            self._merged[key] = known
            self._describe(known, loader)
        self._by_loader[loader] = known
        return known

    @quiet
    def _describe(self, known: Known, loader: Any) -> None:
        armed, self._budget.armed = self._budget.armed, False
        try:
            known.describe(loader)
        finally:
            self._budget.armed = armed

    @quiet
    def batch(self, walk: Pass, loader: Any, batch: Any, seconds: float) -> None:
        """A batch was yielded."""
        known = walk.known
        if self._open and self._open[-1] is not walk:
            if walk in self._open:
                self._open.remove(walk)
            self._open.append(walk)
        walk.pointers = tuple(pointers_of(batch))
        counting = not known.has_labels and not known.counted_whole
        walk.counted += known.batches.add(batch, count=counting)
        known.counted_whole |= known.is_whole(walk.counted)
        walk.sample = None
        if known.batches.seen <= LOOKED_AT:
            walk.sample = sample_of(inputs_and_labels(batch)[0])
        if known.random_inputs is None and known.batches.seen == 1:
            size = max(known.batch_size or 1, 1)
            armed, self._budget.armed = self._budget.armed, False
            try:
                known.is_random(loader.dataset, seconds / size)
            finally:
                self._budget.armed = armed

    @quiet
    def ended(self, walk: Pass) -> None:
        """A pass ended, or was left."""
        if not walk.open:
            return
        walk.open = False
        if walk in self._open:
            self._open.remove(walk)
        known = walk.known
        if not walk.steps:
            self._look_for_updates(walk)
        walk.before = None
        if walk.steps:
            known.trained += 1
            if known.first_trained is None:
                known.first_trained = walk.number
        elif walk.calls and not walk.backwards:
            known.asked += 1
            for asked in walk.calls.values():
                known.evaluated.append((walk.number, asked.facts.serial))
                self._evaluated(asked, known)
        for asked in walk.calls.values():
            asked.module = None

    def _look_for_updates(self, walk: Pass) -> None:
        """Whether parameters changed, though no optimizer stepped."""
        before = walk.before
        if before is not None and was_updated(before, snapshot(self._uses), _sizes(walk.known)):
            self._by_hand = True
            walk.steps = 1
        for asked in walk.calls.values():
            if walk.backwards and weights_of(asked.module) != asked.before:
                walk.steps = 1
                walk.known.trained_nets.add(asked.facts.serial)

    # Events

    @quiet
    def stepped(self, optimizer: Any) -> None:
        """An optimizer stepped."""
        self.optimizers.step(optimizer)
        self._loose.clear()
        walk = self._current if self._current is not None and self._current.open else None
        if walk is None:
            walk = self._open[-1] if self._open else None
        if walk is not None:
            walk.steps += 1
            walk.known.trained_nets.add(self._current_net)
        elif self._cut is not None:
            self._learned_from(self._cut)

    def _learned_from(self, known: Known) -> None:
        """A step followed a slice of a tensor."""
        known.trained += 1
        known.trained_nets.add(self._current_net)
        if known.first_trained is None:
            self._passes += 1
            known.first_trained = self._passes

    @quiet
    def went_backward(self) -> None:
        """`backward()` was called."""
        walk = self._current if self._current is not None and self._current.open else None
        if walk is not None:
            walk.backwards += 1

    @quiet
    def _called(self, module: Any, args: tuple[Any, ...]) -> None:
        """The student's code asks a net."""
        import torch

        facts = self._nets.facts(module)
        if facts is None:
            return
        gradients = torch.is_grad_enabled()
        walk, sure = self._pass_of(args)
        if walk is not None and walk.sample is not None and args:
            walk.known.altered = walk.known.altered or differs(walk.sample, args[0])
            if not walk.known.altered and not _has_own_weights(module):
                self._given = walk.known, walk.sample
            walk.sample = None
        if gradients:
            self._current, self._current_net = walk, facts.serial
        if walk is None or (not sure and walk.steps and not gradients):
            cut = self._sliced.known(args[0]) if args and walk is None else None
            if gradients:
                self._cut = cut
            elif cut is not None:
                self._passes += 1
                cut.asked += 1
                cut.evaluated.append((self._passes, facts.serial))
            self._asked_loosely(module, facts, cut, gradients=gradients)
            return
        asked = walk.calls.get(facts.serial)
        if asked is None:
            asked = walk.calls[facts.serial] = Asked(facts, self._uses.place(), module)
        asked.times += 1
        asked.with_gradients |= gradients

    @quiet
    def _first_layer(self, inputs: Any) -> None:
        """A net's first layer with weights is asked: `forward` may have changed the batch."""
        if self._given is not None:
            known, sample = self._given
            self._given = None
            known.altered = known.altered or differs(sample, inputs)

    def _asked_loosely(
        self, module: Any, facts: Any, known: Known | None, *, gradients: bool
    ) -> None:
        frame = self._uses.student_frame()
        line = (frame.f_code.co_filename, frame.f_lineno) if frame else ("", 0)
        key = (facts.serial, line)
        if gradients:
            for other in [k for k in self._loose if k == key]:
                self._evaluated(self._loose.pop(other), None)
            self._loose[key] = Asked(facts, self._uses.place(frame), module)
            self._loose[key].with_gradients = True
            self._loose[key].module = None
            return
        index = self.loaders.index(known) if known is not None else None
        if (facts.name, line, index) in self.evaluations:
            self.evaluations[facts.name, line, index]["passes"] += 1
            return
        self._evaluated(Asked(facts, self._uses.place(frame), module), known, line)

    def _evaluated(self, asked: Asked, known: Known | None, line: Any = None) -> None:
        place = asked.place or {}
        where = line or (place.get("file"), place.get("cell"), place.get("line"))
        loader = self.loaders.index(known) if known is not None else None
        key: tuple[Any, ...] = (asked.facts.name, where, loader)
        if line is None:
            key = (*key, asked.training_mode, asked.with_gradients)
        found = self.evaluations.get(key)
        if found is not None:
            found["passes"] += 1
            return
        if len(self.evaluations) >= EVALUATIONS:
            return
        self.evaluations[key] = {
            "net": asked.facts.name[:300],
            "place": asked.place,
            "loader": loader,
            "training_mode": asked.training_mode,
            "sensitive": list(asked.facts.types),
            "with_gradients": asked.with_gradients,
            "passes": 1,
        }

    def _pass_of(self, args: tuple[Any, ...]) -> tuple[Pass | None, bool]:
        """The pass that the inputs come from, and whether that is sure."""
        import torch

        if not self._open:
            return None, False
        if len(self._open) == 1 and torch.is_grad_enabled():
            return self._open[0], False
        pointers = set(pointers_of(args))
        for walk in reversed(self._open):
            if pointers.intersection(walk.pointers):
                return walk, True
        return self._open[-1], False

    # The record

    def use_of(self, known: Known) -> str:
        """What a loader was walked over for."""
        if known.trained:
            return "train"
        return "evaluate" if known.asked or self._by_hand else "other"

    def close(self) -> None:
        """The run is over: what was left open ended."""
        for walk in list(self._open):
            self.ended(walk)

    @quiet
    def _find_origins(self) -> None:
        find_origins(self.loaders, published(self._served))

    def payload(self) -> dict[str, Any]:
        """The journal's part of the record."""
        self.close()
        self._find_origins()
        return {
            "optimizers": self.optimizers.payload(),
            "starts": self.starts.seen,
            "loaders": [k.payload(i, self.use_of(k)) for i, k in enumerate(self.loaders)],
            "overlaps": overlaps([known.parts for known in self.loaders]),
            "evaluations": list(self.evaluations.values()),
        }


def _has_own_weights(module: Any) -> bool:
    """Whether it holds parameters itself, not in its parts alone, and does more than normalise."""
    own = getattr(module, "_parameters", None) or {}
    normalises = "Norm" in type(module).__name__
    return not normalises and any(parameter is not None for parameter in own.values())


def _examples(loader: Any) -> int:
    """Examples in a pass, nominally."""
    for thing in (loader.sampler, loader.dataset):
        try:
            return len(thing)
        except Exception:  # noqa: S112 - an endless sampler, a dataset without length
            continue
    return 0


def _sizes(known: Known) -> set[int]:
    """First dimensions of batches: the last one is smaller."""
    size = known.batch_size or 1
    return {size, known.length % size} - {0}
