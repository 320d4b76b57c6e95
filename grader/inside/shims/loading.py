"""Saved nets load as they did where they were saved: whole pickles, tensors of another device."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .cuda import is_cuda

if TYPE_CHECKING:
    from .uses import Uses

__all__ = ["install"]


def install(uses: Uses) -> None:
    """Patch `torch.load`. Unpickling is as safe here as any other student code: in the box only."""
    import pickle

    import torch

    original = torch.load

    @functools.wraps(original)
    def load(f: Any, map_location: Any = None, *args: Any, **kwargs: Any) -> Any:
        map_location = _to_here(map_location, uses)
        start = f.tell() if hasattr(f, "tell") else None
        try:
            return original(f, map_location, *args, **kwargs)
        except pickle.UnpicklingError:
            if kwargs.get("weights_only") is not None or args:
                raise
            uses.note(
                "compat.torch_load",
                "this file holds more than tensors; torch ≥ 2.6 loads it only with"
                " torch.load(..., weights_only=False)",
            )
            if start is not None:
                f.seek(start)
            return original(f, map_location, *args, weights_only=False, **kwargs)

    torch.load = load


def _to_here(map_location: Any, uses: Uses) -> Any:
    import torch

    if torch.cuda.is_available():
        return map_location
    if map_location is None:
        return "cpu"
    if callable(map_location):

        def placed(storage: Any, location: str) -> Any:
            if is_cuda(location):
                return storage
            return map_location(storage, location)

        return placed
    if isinstance(map_location, dict):
        mapping = {key: "cpu" if is_cuda(to) else to for key, to in map_location.items()}
        restore: Any = torch.serialization.default_restore_location
        return lambda storage, location: restore(
            storage, mapping.get(location, "cpu" if is_cuda(location) else location)
        )
    if is_cuda(map_location):
        uses.note("shim.cuda", "map_location names a GPU; there is none here, so it is the CPU")
        return "cpu"
    return map_location
