"""What is alive after an execution, seen as definitions."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any

from ..definitions.datasets import DatasetCall
from ..definitions.lifted import Candidate, Definitions, nets_in
from .hand_made import dressed, is_hand_made

if TYPE_CHECKING:
    from ..source.sources import Sources

__all__ = ["alive_definitions"]


def alive_definitions(live: dict[str, Any], sources: Sources) -> Definitions:
    """Collect classes and nets of a live namespace, with the places where their names are bound."""
    found = Definitions(live)
    for chunk in sources.chunks:
        for node in ast.walk(chunk.tree) if chunk.tree else ():
            line = getattr(node, "lineno", None)
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found.places[node.name] = chunk.place(line)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.places[node.id] = chunk.place(line)
    for name, value in list(live.items()):
        if name.startswith("_"):
            continue
        if isinstance(value, type) and getattr(value, "__module__", "") != "builtins":
            if name in found.places:
                found.versions.setdefault(name, []).append(value)
        else:
            _nets(found, name, value)
            _data(found, name, value)
    return found


def _data(found: Definitions, name: str, value: Any) -> None:
    """A dataset that is alive, or a loader's, as the call that made it."""
    data = sys.modules["torch"].utils.data
    value = value.dataset if isinstance(value, data.DataLoader) else value
    while isinstance(value, data.Subset):
        value = value.dataset
    transform = getattr(value, "transform", None)
    if not isinstance(value, data.Dataset) or not callable(transform):
        return
    kind = type(value)
    library = kind.__module__.startswith("torchvision.datasets.")
    arguments = {"transform": transform}
    arguments |= {
        key: item
        for key in ("train", "split", "mode", "root")
        if isinstance(item := getattr(value, key, None), bool | str)
    }
    shown = f"torchvision.datasets.{kind.__name__}" if library else kind.__name__
    place = found.places.get(name)
    text = f"{name}.transform"
    found.datasets.calls.append(DatasetCall(shown, arguments, (name,), place, text))


def _nets(found: Definitions, name: str, value: Any) -> None:
    place = found.places.get(name)
    if is_hand_made(value):
        found.candidates.append(Candidate(name, name, dressed(value), place))
    for text, key, net in nets_in(name, value):
        found.candidates.append(Candidate(name, text, net, place, (key,) if key else ()))
