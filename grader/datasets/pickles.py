"""CIFAR's pickles, read without unpickling anything but what they need, and written.

`pickle.load` runs whatever a file names. Here every name but those of a uint8 array is refused, and
the array's parts are kept as plain values until they were looked at.
"""

from __future__ import annotations

import io
import pickle
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["read_pickle", "uint8_of", "write_pickle"]

ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
MOST_BYTES = 1 << 30
SHORT = 256


class _Dtype:
    """What stands for `numpy.dtype`: one byte, unsigned."""

    def __init__(self, code: str, *_flags: object) -> None:
        if code not in {"u1", "|u1"}:
            raise pickle.UnpicklingError(f"an array of {code!r} where bytes are expected")

    def __setstate__(self, state: object) -> None:
        del state  # byte order and the like, of single bytes


class _Array:
    """What stands for `numpy.ndarray`: its shape and bytes, as the file has them."""

    shape: tuple[int, ...] = ()
    raw: bytes = b""

    def __setstate__(self, state: Any) -> None:
        _version, shape, dtype, fortran, raw = state
        data = raw.encode("latin1") if isinstance(raw, str) else raw
        if not isinstance(dtype, _Dtype) or fortran or not isinstance(data, bytes):
            raise pickle.UnpicklingError("an array that is not of plain bytes")
        self.shape, self.raw = tuple(int(size) for size in shape), data


def _reconstruct(kind: object, *_rest: object) -> _Array:
    if kind is not _Array:
        raise pickle.UnpicklingError("something else than an array is made")
    return _Array()


def _encode(text: str, encoding: str) -> bytes:
    """How Python 3 writes bytes into an old pickle."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes in the encoding {encoding!r}")
    return text.encode(encoding)


ADMITTED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
    **{(module, "_reconstruct"): _reconstruct for module in ARRAY_MODULES},
}


class _Restricted(pickle.Unpickler):
    """Resolves the names above and no others."""

    def find_class(self, module: str, name: str) -> Any:
        found = ADMITTED.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which no CIFAR needs")
        return found


def read_pickle(data: bytes) -> dict[str, Any]:
    """Read a dictionary whose values are lists, texts and uint8 arrays. No code runs.

    Raises:
        ValueError: It is something else.
    """
    if len(data) > MOST_BYTES:
        raise ValueError("it is too large")
    try:
        found = _Restricted(io.BytesIO(data), encoding="latin1").load()
    except Exception as error:
        raise ValueError(f"it is not a file of CIFAR: {error}") from error
    if not isinstance(found, dict):
        raise ValueError("it does not hold a dictionary")
    return {key.decode() if isinstance(key, bytes) else str(key): v for key, v in found.items()}


def uint8_of(value: object) -> NDArray[np.uint8]:
    """An array that `read_pickle` gave.

    Raises:
        ValueError: It is none, or its bytes do not fit its shape.
    """
    import numpy as np

    if not isinstance(value, _Array):
        raise ValueError("there is no array of pixels")
    return np.frombuffer(value.raw, np.uint8).reshape(value.shape)


def write_pickle(entries: Mapping[str, Any]) -> bytes:
    """Write as Python 2 wrote the official files, so that every way to read those reads these.

    Texts are Python 2's: `encoding="latin1"` gives `data`, `encoding="bytes"` gives `b"data"`.
    """
    parts = [b"\x80\x02", b"}"]
    for key, value in entries.items():
        parts += [_text(key.encode()), *_value(value), b"s"]
    return b"".join([*parts, b"."])


def _value(value: Any) -> list[bytes]:
    if isinstance(value, str):
        return [_text(value.encode("latin1"))]
    if isinstance(value, int):
        return [b"J" + struct.pack("<i", value)]
    if isinstance(value, list):
        return _list(value)
    return _array(value)


def _list(values: Sequence[Any]) -> list[bytes]:
    inner = [part for value in values for part in _value(value)]
    return [b"]", b"(", *inner, b"e"]


def _text(raw: bytes) -> bytes:
    if len(raw) < SHORT:
        return b"U" + bytes([len(raw)]) + raw
    return b"T" + struct.pack("<i", len(raw)) + raw


def _array(array: NDArray[np.uint8]) -> list[bytes]:
    """The steps by which numpy's arrays are pickled, with Python 2's texts."""
    numbers = [b"J" + struct.pack("<i", size) for size in array.shape]
    made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    dtype = (
        b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNN"
        + (b"J" + b"\xff" * 4) * 2
        + b"K\x00tb"
    )
    shape = [b"(", *numbers, b"t"]
    return [made, b"(K\x01", *shape, dtype, b"\x89", _text(array.tobytes()), b"tb"]
