"""Unpickles files of tensors without any of the student's classes: others stay inert."""

from __future__ import annotations

import codecs
import io
import pickle
import types
import zipfile
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Inert", "Restricted", "read_with"]

MAPPED_BYTES = 64 * 1024**2
"""A larger file is mapped where its format allows it, not read into memory."""


class Inert:
    """Stands for an object of a class that is not rebuilt."""

    inert_module = ""
    inert_name = ""
    dump_patches = False  # torch's legacy reader asks

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Take any arguments."""
        return super().__new__(cls)

    def __init__(self, *args: Any, **_kwargs: Any) -> None:
        self.inert_args = args
        self.inert_items: list[Any] = []
        self.inert_map: dict[Any, Any] = {}
        self.inert_state: Any = None

    def __setstate__(self, state: Any) -> None:
        """Keep what the pickle says the object holds."""
        self.inert_state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        """As a pickled dict subclass."""
        self.__dict__.setdefault("inert_map", {})[key] = value

    def append(self, value: Any) -> None:
        """As a pickled list subclass."""
        self.__dict__.setdefault("inert_items", []).append(value)

    def extend(self, values: Any) -> None:
        """As a pickled list subclass."""
        self.__dict__.setdefault("inert_items", []).extend(values)

    def __call__(self, *_args: Any, **_kwargs: Any) -> Self:
        """As a pickled function, which is not run."""
        return self

    def __hash__(self) -> int:
        return id(self)


def _inert(module: str, name: str) -> type[Inert]:
    return type("Inert", (Inert,), {"inert_module": module, "inert_name": name})


def _load_bytes(data: bytes) -> Any:
    """What a plain pickle of a tensor calls to get its numbers."""
    return torch.load(
        io.BytesIO(data), map_location="cpu", weights_only=False, pickle_module=_restricted()
    )


KNOWN: dict[tuple[str, str], Any] = {
    ("torch.storage", "_load_from_bytes"): _load_bytes,
    ("torch.nn.parameter", "Parameter"): torch.nn.Parameter,
    ("collections", "OrderedDict"): OrderedDict,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): codecs.encode,
}
for _module_name in ("builtins", "__builtin__"):
    KNOWN |= {(_module_name, kind.__name__): kind for kind in (set, frozenset, complex)}


def _known(module: str, name: str) -> Any:
    """A class or function that a pickle of tensors may use; None for every other."""
    if (module, name) in KNOWN:
        return KNOWN[module, name]
    if module == "torch._utils" and name.startswith("_rebuild_"):
        return getattr(torch._utils, name, None)  # noqa: SLF001 - what torch's pickles name
    if module in {"torch", "torch.storage"}:
        value = getattr(torch.storage if module == "torch.storage" else torch, name, None)
        plain = name.endswith("Storage") or name in {"Size", "device", "Tensor"}
        return value if plain or isinstance(value, torch.dtype) else None
    if module in {"numpy.core.multiarray", "numpy._core.multiarray"}:
        return {
            "_reconstruct": np.zeros(0).__reduce__()[0],
            "scalar": np.float64(0).__reduce__()[0],
        }.get(name)
    return None


class Restricted(pickle.Unpickler):
    """Rebuilds tensors and plain containers; everything else stays inert."""

    def find_class(self, module: str, name: str) -> Any:
        """Look a name of the pickle up."""
        known = _known(module, name)
        return _inert(module, name) if known is None else known


def as_pickle_module(unpickler: type[pickle.Unpickler]) -> Any:
    """A module of the form that `torch.load(pickle_module=…)` takes."""
    module: Any = types.ModuleType("pickle_of_the_box")
    module.Unpickler = unpickler
    module.load = lambda file, **options: unpickler(file, **options).load()
    module.loads = lambda data, **options: unpickler(io.BytesIO(data), **options).load()
    module.UnpicklingError = pickle.UnpicklingError
    return module


def _restricted() -> Any:
    return as_pickle_module(Restricted)


def read_with(path: Path, unpickler: type[pickle.Unpickler]) -> Any:
    """Unpickle a file of torch's zip or legacy format, or a plain pickle.

    Raises:
        Exception: Whatever the file makes the unpickler raise.
    """
    module = as_pickle_module(unpickler)
    if path.stat().st_size > MAPPED_BYTES and zipfile.is_zipfile(path):
        return torch.load(
            str(path), map_location="cpu", weights_only=False, pickle_module=module, mmap=True
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=False, pickle_module=module)
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        plain = "Invalid magic number" in str(error) or isinstance(
            error, (pickle.UnpicklingError, EOFError)
        )
        if not plain:
            raise
        with path.open("rb") as file:
            return unpickler(file).load()
