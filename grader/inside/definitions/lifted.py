"""What was lifted from a submission: a namespace, where each name stands, and what failed."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from .datasets import Datasets

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Candidate",
    "Definitions",
    "Problem",
    "is_module",
    "is_module_class",
    "nets_in",
    "shapes_of",
]

Place = dict[str, Any]

ITEMS_EACH = 20
"""Of a dict, list or tuple, how many items are looked at."""


def is_module(value: Any) -> bool:
    """Whether a value really is a net; `__class__` may lie, the type does not."""
    torch = sys.modules.get("torch")
    return torch is not None and issubclass(type(value), torch.nn.Module)


def nets_in(name: str, value: Any) -> Iterator[tuple[str, str, Any]]:
    """Nets that a name holds, itself or in a plain dict, list or tuple.

    Yields:
        How bindings call it, its key in a dict or "", and the net.
    """
    if is_module(value):
        yield name, "", value
    elif type(value) is dict:
        for key, item in list(islice(value.items(), ITEMS_EACH)):
            if is_module(item):
                try:
                    shown = str(key)[:80]
                except Exception:  # noqa: S112 - a key that cannot be shown cannot be asked for
                    continue
                yield f"{name}[{shown!r}]", shown, item
    elif type(value) in {list, tuple}:
        for index, item in enumerate(value[:ITEMS_EACH]):
            if is_module(item):
                yield f"{name}[{index}]", "", item


def is_module_class(value: Any) -> bool:
    """Whether a value is a class of nets."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, type) and issubclass(value, torch.nn.Module)


def shapes_of(module: Any) -> list[tuple[int, ...]]:
    """Shapes of a net's parameters, in order."""
    parameters = sys.modules["torch"].nn.Module.parameters(module)
    return [tuple(parameter.shape) for parameter in parameters]


@dataclass(frozen=True)
class Candidate:
    """A net that the student's code builds somewhere, built here with fresh weights.

    Attributes:
        name: The variable it is assigned to, or the function or class that makes it.
        text: The expression.
        module: The net.
        place: Where the expression stands.
        hints: Strings that its surroundings tell it apart by, as in `if name == "classifier_mlp"`.
    """

    name: str
    text: str
    module: Any
    place: Place | None
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A definition that could not be lifted."""

    name: str
    kind: str
    message: str
    place: Place | None
    package: str = ""
    """The package that is not installed, when that is why."""


@dataclass
class Definitions:
    """Everything lifted.

    Attributes:
        namespace: The real `__main__`, or what is alive after execution.
        places: Name → where it is defined (the last time).
        versions: Class name → every class of that name, first to last.
        candidates: Nets that the code builds, in source order.
        problems: What could not be lifted.
        missing: Package that is not installed → where it is imported.
        calls: Function or class → arguments it is called with, where these are cheap to evaluate.
    """

    namespace: dict[str, Any]
    places: dict[str, Place] = field(default_factory=dict)
    versions: dict[str, list[type]] = field(default_factory=dict)
    candidates: list[Candidate] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: dict[str, Place] = field(default_factory=dict)
    calls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    namespaces: list[dict[str, Any]] = field(default_factory=list)
    """Of the submission's other modules."""
    datasets: Datasets = field(default_factory=Datasets)
    """The datasets that the code makes, and the transforms it gives them."""

    def classes(self) -> dict[str, type]:
        """The student's own classes, last definitions, in source order."""
        found = {name: kinds[-1] for name, kinds in self.versions.items()}
        return {n: c for n, c in found.items() if isinstance(c, type)}

    def module_classes(self) -> dict[str, type]:
        """The student's own classes of nets."""
        return {n: c for n, c in self.classes().items() if is_module_class(c)}

    def problem_with(self, name: str) -> Problem | None:
        """Why a name could not be lifted."""
        return next((p for p in reversed(self.problems) if p.name == name), None)
