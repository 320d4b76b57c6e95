"""Which dotted names are meant by a rubric's names: a library gives one thing several. No torch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Wanted"]

METHOD_OWNERS = frozenset({"Tensor", "Module", "Optimizer", "ndarray"})
"""`Tensor.backward` is a method: whose, the syntax often cannot tell."""

SAME = (
    (re.compile(r"^torch(?:\.\w+)*\.torch(?=\.|$)"), "torch"),  # torch.nn.functional.torch
    (re.compile(r"^torchvision(?:\.\w+)+\.nn(?=\.|$)"), "torch.nn"),
    (re.compile(r"^torch\.nn\.modules(?:\.\w+)?\.F(?=\.|$)"), "torch.nn.functional"),
    (re.compile(r"^torch\.nn\.modules\.[a-z]\w*(?=\.[A-Z])"), "torch.nn"),
    (re.compile(r"^torch\.nn\.modules(?=\.|$)"), "torch.nn"),
    (re.compile(r"^torch\.nn\.parameter(?=\.[A-Z])"), "torch.nn"),
    (re.compile(r"^torch\.optim\.[a-z]\w*(?=\.[A-Z])"), "torch.optim"),
    (re.compile(r"^torch\.functional(?=\.|$)"), "torch"),
    (re.compile(r"^torch\._C\._nn\.cross_entropy_loss\b"), "torch.nn.functional.cross_entropy"),
    (re.compile(r"^torch\._C\._nn(?=\.)"), "torch.nn.functional"),
    (
        re.compile(r"^torch\.ops\.aten\.cross_entropy_loss\b"),
        "torch.nn.functional.cross_entropy",
    ),
    (re.compile(r"^torch\.ops\.aten(?=\.)"), "torch.nn.functional"),
)


class Wanted:
    """The names of one scan.

    Args:
        names: As the rubric spells them.
        allowed: Names below them that are not meant: `torch.nn.Module` below `torch.nn`.
    """

    def __init__(self, names: Iterable[str], allowed: Iterable[str] = ()) -> None:
        self.names = tuple(names)
        self.allowed = tuple(allowed)
        self.methods = {
            name.rpartition(".")[2]: name
            for name in self.names
            if name.rpartition(".")[0].rpartition(".")[2] in METHOD_OWNERS
        }

    def matches(self, dotted: str) -> Iterator[str]:
        """The names that a dotted name is or lies in."""
        if self.allows(dotted):
            return
        for whole in spellings(dotted):
            yield from (name for name in self.names if _lies_in(whole, name))

    def allows(self, dotted: str) -> bool:
        """Whether a dotted name is one that is not meant."""
        every = spellings(dotted) if self.allowed else ()
        return any(_lies_in(whole, name) for whole in every for name in self.allowed)

    def below(self, dotted: str) -> str:
        """A name that lies in this module, empty when none does."""
        return next((name for name in self.names if name.startswith(f"{dotted}.")), "")


def _lies_in(dotted: str, name: str) -> bool:
    return dotted == name or dotted.startswith(f"{name}.")


def spellings(dotted: str) -> set[str]:
    """A dotted name, and the names that its library gives the same thing."""
    found = {dotted}
    for _ in range(2):
        for pattern, short in SAME:
            found |= {pattern.sub(short, name) for name in found}
    return found
