"""Nets that are asked: what they are, and in which mode they were."""

from __future__ import annotations

from typing import Any
from weakref import ref

__all__ = ["Asked", "Facts", "Nets", "sample_of"]

SENSITIVE = ("Dropout", "BatchNorm", "InstanceNorm")
"""Types of layers that behave otherwise in training; instance norm only with running numbers."""


class Facts:
    """What is known of one net.

    Attributes:
        serial: Its number in the run.
        name: Its class.
        sensitive: Its layers that behave otherwise in training.
    """

    def __init__(self, serial: int, module: Any) -> None:
        self.serial = serial
        self.name = type(module).__name__
        self.sensitive = [m for m in module.modules() if is_sensitive(m)]
        self.types = tuple(sorted({type(m).__name__ for m in self.sensitive}))[:20]

    @property
    def in_training(self) -> bool:
        """Whether one of those layers is in training mode."""
        return any(layer.training for layer in self.sensitive)


def is_sensitive(module: Any) -> bool:
    """Whether its answers depend on the mode."""
    name = type(module).__name__
    if name.startswith("InstanceNorm"):
        return bool(getattr(module, "track_running_stats", False))
    if "Dropout" in name:
        return getattr(module, "p", 1) != 0
    return any(kind in name for kind in SENSITIVE)


class Nets:
    """Numbers nets as they come."""

    def __init__(self) -> None:
        self._facts: dict[int, tuple[Any, Facts | None]] = {}
        """By identity, with a weak reference: identities are used again."""
        self._made = 0

    def facts(self, module: Any) -> Facts | None:
        """What is known of it; None when it has no parameters: a loss, an activation."""
        known = self._facts.get(id(module))
        if known is not None and known[0]() is module:
            return known[1]
        found = None
        if next(module.parameters(), None) is not None:
            self._made += 1
            found = Facts(self._made, module)
        self._facts[id(module)] = (ref(module), found)
        return found


class Asked:
    """How a net was asked in one pass."""

    def __init__(self, facts: Facts, place: dict[str, Any] | None, module: Any) -> None:
        self.facts = facts
        self.place = place
        self.training_mode = facts.in_training
        self.with_gradients = False
        self.times = 0
        self.before = sample_of(module)
        self.module = module


def sample_of(module: Any) -> tuple[float, ...]:
    """A few numbers of its first parameter: they change when it is trained."""
    first = next(module.parameters(), None)
    if first is None or first.numel() == 0:
        return ()
    return tuple(first.detach().reshape(-1)[:4].tolist())
