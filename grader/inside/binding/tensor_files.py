"""Reads the tensors of a weight file without any of the student's classes.

Tensors and plain containers are rebuilt; every other class becomes an inert holder that remembers
its state. So what a file holds is seen before the student's code can touch it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..reply import StudentFault
from .unpickling import Inert, Restricted, read_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Saved", "SavedEntry", "read_saved"]

TENSOR_LIMIT = 2000
KNOWN_KEYS = (
    "model_state_dict",
    "model_state",
    "state_dict",
    "model",
    "net",
    "network",
    "weights",
    "params",
    "best_model",
    "module",
)
NESTING_LIMIT = 30
OPTIMIZER_STATE = "optimizer.state"


@dataclass(frozen=True)
class SavedEntry:
    """A tensor of a weight file."""

    name: str
    tensor: torch.Tensor
    role: str = "unknown"

    def facts(self) -> dict[str, Any]:
        """As the record SavedTensor."""
        tensor = self.tensor
        finite = True
        if tensor.is_floating_point() or tensor.is_complex():
            finite = bool(torch.isfinite(tensor).all())
        plain = tensor.detach().cpu().contiguous().reshape(-1)
        numbers = plain.view(torch.uint8) if plain.numel() else plain.to(torch.uint8)
        return {
            "name": self.name[:300],
            "sha256": hashlib.sha256(numbers.numpy().data).hexdigest(),
            "shape": list(tensor.shape),
            "dtype": str(tensor.dtype).removeprefix("torch."),
            "finite": finite,
            "role": self.role,
        }


@dataclass(frozen=True)
class Saved:
    """What a weight file holds.

    Attributes:
        path: Relative to the submission.
        kind: `state_dict`, `checkpoint`, `module` or `tensors`.
        entries: Its tensors.
        class_name: Of a whole pickled net.
        class_module: Where that class was defined.
        key: Of a checkpoint: the entry that holds the net.
        keys: At the top of the file; `optimizer.state` where an optimizer's state is in it.
        others: Of a checkpoint with several nets: all of them, by their keys.
    """

    path: str
    kind: str
    entries: tuple[SavedEntry, ...] = field(repr=False)
    class_name: str = ""
    class_module: str = ""
    key: str = ""
    keys: tuple[str, ...] = ()
    others: dict[str, Saved] = field(default_factory=dict, repr=False)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Name → tensor."""
        return {entry.name: entry.tensor for entry in self.entries}


def read_saved(path: Path, name: str) -> Saved:
    """Read what a weight file holds.

    Args:
        path: The file.
        name: Its path relative to the submission, for messages.

    Raises:
        StudentFault: It holds no weights that can be read, and why.
    """
    complain_about_contents(path, name)
    try:
        whole = read_with(path, Restricted)
    except StudentFault:
        raise
    except Exception as error:
        raise StudentFault(
            "unreadable_weights",
            f"the weight file '{name}' cannot be read: {type(error).__name__}: {str(error)[:300]}",
            place={"file": name, "cell": None, "line": None},
            hint="Save it again with torch.save and check that the upload is complete.",
        ) from None
    keys = _top_keys(whole)
    saved = replace(_saved(name, whole), keys=keys)
    if saved.others:
        parts = {key: replace(part, keys=keys) for key, part in saved.others.items()}
        saved = replace(saved, others=parts)
    if not saved.entries:
        raise StudentFault(
            "no_tensors",
            f"the file '{name}' can be read but holds no tensors (it holds {_kind_of(whole)})",
            place={"file": name, "cell": None, "line": None},
            hint="Save the net's weights: torch.save(model.state_dict(), path).",
        )
    return saved


def complain_about_contents(path: Path, name: str) -> None:
    """Recognise files that are no weights at all.

    Raises:
        StudentFault: What the file is instead.
    """
    with path.open("rb") as file:
        head = file.read(512)
    found = hint = ""
    if not head:
        found, hint = "is empty (0 bytes)", "Upload it again."
    elif head.startswith(b"version https://git-lfs"):
        found = "is a Git LFS pointer, not the file itself"
        hint = "Run `git lfs pull` before handing in, or hand in the file itself."
    elif head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        found, hint = "is an HTML page, not a weight file", "The download saved an error page."
    elif head.startswith(b"\x89HDF\r\n"):
        found = "is an HDF5 file, as TensorFlow/Keras writes"
        hint = "The assignment asks for PyTorch: save with torch.save."
    if found:
        place = {"file": name, "cell": None, "line": None}
        raise StudentFault("unreadable_weights", f"'{name}' {found}", place=place, hint=hint)


def _saved(name: str, whole: Any) -> Saved:
    holder = _holder(whole)
    if holder is not None:
        return _module(name, holder)
    whole = _inner(whole)
    if isinstance(whole, dict):
        keys = _checkpoint_keys(whole)
        if keys:
            nets = {str(key): _part(name, whole[key], str(key)) for key in keys}
            first = next(iter(nets.values()))
            return replace(first, others=nets if len(nets) > 1 else {})
        entries = tuple(_flat(whole, ""))
        dotted = any("." in entry.name for entry in entries)
        named = hasattr(whole, "_metadata") or dotted
        return Saved(name, "state_dict" if named else "tensors", entries)
    return Saved(name, "tensors", tuple(_flat(whole, "")))


def _inner(whole: Any) -> Any:
    """The checkpoint in a list or a dictionary around it: `[net, optimizer]`, `{"state": {…}}`.

    Only where one of its parts holds a net, and as a state dict.
    """
    found = whole
    if isinstance(whole, list | tuple):
        found = dict(enumerate(whole[:TENSOR_LIMIT]))
        if len(_checkpoint_keys(found)) != 1:
            return whole
    elif isinstance(whole, dict) and not (_checkpoint_keys(whole) or _is_optimizer(whole)):
        inner = [one for one in whole.values() if isinstance(one, dict) and _checkpoint_keys(one)]
        if len(inner) != 1 or any(isinstance(one, torch.Tensor) for one in whole.values()):
            return whole
        found = inner[0]
    return whole if _pickled(found) else found


def _pickled(found: Any) -> bool:
    return isinstance(found, dict) and any(_holder(one) is not None for one in found.values())


def _is_optimizer(value: Any) -> bool:
    return isinstance(value, dict) and {"state", "param_groups"} <= set(map(str, value))


def _top_keys(whole: Any) -> tuple[str, ...]:
    """Names at the top of a file, and `optimizer.state` where it holds an optimizer's."""
    top = list(whole)[: TENSOR_LIMIT - 1] if isinstance(whole, dict) else []
    keys = [str(key)[:300] for key in top]
    return (*keys, OPTIMIZER_STATE) if _holds_optimizer(whole) else tuple(keys)


def _holds_optimizer(whole: Any) -> bool:
    """Whether an optimizer, or the state of one, is somewhere in it."""
    todo = [whole]
    for value in todo:
        inner = value.inert_state if isinstance(value, Inert) else value
        if _is_optimizer(inner):
            return True
        if isinstance(inner, dict):
            inner = list(inner.values())
        if isinstance(inner, list | tuple) and len(todo) < TENSOR_LIMIT:
            nested = (one for one in inner if isinstance(one, dict | list | tuple | Inert))
            todo += list(nested)[:TENSOR_LIMIT]
    return False


def _part(name: str, value: Any, key: str) -> Saved:
    """One net of a checkpoint."""
    holder = _holder(value)
    if holder is not None:
        return replace(_module(name, holder), key=key)
    return Saved(name, "checkpoint", tuple(_flat(value, "")), key=key)


def _holder(value: Any) -> Inert | None:
    """The value if it stands for a pickled net."""
    state = getattr(value, "inert_state", None) if isinstance(value, Inert) else None
    return value if isinstance(state, dict) and "_modules" in state else None


def _module(name: str, holder: Inert) -> Saved:
    entries = tuple(_held(holder, ""))[:TENSOR_LIMIT]
    return Saved(name, "module", entries, holder.inert_name, holder.inert_module)


def _held(holder: Inert, prefix: str, depth: int = 0) -> Iterator[SavedEntry]:
    state = holder.inert_state
    if depth > NESTING_LIMIT or not isinstance(state, dict):
        return
    for group, role in (("_parameters", "parameter"), ("_buffers", "buffer")):
        for key, value in _items(state.get(group)):
            if isinstance(value, torch.Tensor):
                yield SavedEntry(f"{prefix}{key}", value.detach(), role)
    for key, child in _items(state.get("_modules")):
        if isinstance(child, Inert):
            yield from _held(child, f"{prefix}{key}.", depth + 1)


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _checkpoint_keys(whole: dict[Any, Any]) -> list[Any]:
    """The keys of entries that hold nets, the likeliest first; none when tensors lie at the top."""
    if any(isinstance(value, torch.Tensor) for value in whole.values()):
        return []
    nets = [k for k, v in whole.items() if "optim" not in str(k).lower() and _holds_net(v)]
    return [k for k in KNOWN_KEYS if k in nets] or nets


def _holds_net(value: Any) -> bool:
    if _holder(value) is not None:
        return True
    return isinstance(value, dict) and any(isinstance(v, torch.Tensor) for v in value.values())


def _flat(value: Any, prefix: str, depth: int = 0) -> Iterator[SavedEntry]:
    """Tensors in nested containers, at most a reasonable number."""
    if depth > NESTING_LIMIT:
        return
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        value = torch.from_numpy(np.ascontiguousarray(value))
    if isinstance(value, torch.Tensor):
        yield SavedEntry(prefix or "tensor", value.detach())
        return
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list | tuple):
        pairs = list(enumerate(value))
    elif isinstance(value, Inert) and isinstance(value.inert_state, dict):
        pairs = list(value.inert_state.items())
    for key, item in pairs[:TENSOR_LIMIT]:
        yield from _flat(item, f"{prefix}.{key}" if prefix else str(key), depth + 1)


def _kind_of(value: Any) -> str:
    if isinstance(value, Inert):
        return f"an object of {value.inert_module}.{value.inert_name}"
    return f"a {type(value).__name__}"
