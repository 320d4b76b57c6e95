"""Parameters that are updated without an optimizer: seen by whether their numbers changed.

A net with its own `W1`, `b1` and `backward` has no optimizer and no `nn.Module`. What may be its
parameters are the arrays held by objects of the student's own classes, by the student's scopes,
and by modules; batches and what is made of them are told apart by their first dimension.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ...shims.uses import Uses

__all__ = ["snapshot", "was_updated"]

ARRAYS = 64
PROBED = 32
"""Numbers that are read of each array."""
FRAMES = 6

Snapshot = dict[tuple[int, str], tuple[tuple[int, ...], tuple[float, ...]]]


def snapshot(uses: Uses) -> Snapshot:
    """A few numbers of every array that may be a parameter."""
    found: Snapshot = {}
    for owner, name, value in _candidates(uses):
        if len(found) >= ARRAYS:
            break
        read = _read(value)
        if read is not None:
            found[owner, name] = read
    return found


def was_updated(before: Snapshot, after: Snapshot, batch_sizes: set[int]) -> bool:
    """Whether an array kept its shape and not its numbers, and is no batch."""
    for key, (shape, numbers) in before.items():
        now = after.get(key)
        if now is None or now[0] != shape or shape[0] in batch_sizes:
            continue
        if now[1] != numbers:
            return True
    return False


def _candidates(uses: Uses) -> list[tuple[int, str, Any]]:
    from torch.nn import Module

    found: list[tuple[int, str, Any]] = []
    seen: set[int] = set()
    frame = uses.student_frame()
    count = 0
    while frame is not None and count < FRAMES:
        if uses.is_student(frame.f_code.co_filename):
            count += 1
            for space in (frame.f_locals, frame.f_globals):
                if id(space) in seen:
                    continue
                seen.add(id(space))
                for name, value in list(space.items()):
                    if name.startswith("_") or isinstance(value, type | Module):
                        continue
                    if _is_weights(value):
                        found.append((0, name, value))
                    elif uses_own_class(value, uses) and id(value) not in seen:
                        seen.add(id(value))
                        found += _held(value)
        frame = frame.f_back
    return found


def uses_own_class(value: Any, uses: Uses) -> bool:
    """Whether an object is of a class of the student's."""
    kind = type(value)
    module = getattr(kind, "__module__", "")
    if module == "__main__":
        return hasattr(value, "__dict__")
    import sys

    file = getattr(sys.modules.get(module), "__file__", None)
    return (
        bool(file)
        and hasattr(value, "__dict__")
        and "site-packages" not in str(file)
        and (uses.is_student(str(file)))
    )


def _held(owner: Any) -> list[tuple[int, str, Any]]:
    found = []
    for name, value in list(vars(owner).items()):
        if _is_weights(value):
            found.append((id(owner), name, value))
        elif isinstance(value, list | tuple):
            found += [
                (id(owner), f"{name}[{i}]", v) for i, v in enumerate(value[:8]) if _is_weights(v)
            ]
        elif isinstance(value, dict):
            found += [
                (id(owner), f"{name}[{k}]", v) for k, v in list(value.items())[:8] if _is_weights(v)
            ]
    return found


def _is_weights(value: Any) -> bool:
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or len(shape) != 2 or 0 in shape:  # noqa: PLR2004 - a matrix
        return False
    return "float" in str(getattr(value, "dtype", ""))


def _read(value: Any) -> tuple[tuple[int, ...], tuple[float, ...]] | None:
    try:
        array = value.detach().numpy() if hasattr(value, "detach") else np.asarray(value)
        flat = array.reshape(-1)
        step = max(1, flat.size // PROBED)
        return tuple(array.shape), tuple(flat[::step][:PROBED].tolist())
    except Exception:
        return None
