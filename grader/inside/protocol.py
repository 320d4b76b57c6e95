"""Frames between the box's worker and the grader, and between a step and the worker.

A frame is a fixed header and two parts:

    kind        1 byte
    index       uint32, little-endian: position of the request in the job
    json_size   uint32
    body_size   uint64: raw little-endian numbers, arrays one after the other
    json, body

The host has its own reader (`grader/collect/channel.py`): nothing here is trusted there.
"""

from __future__ import annotations

import json
import math
import os
import struct
from typing import Any

HEADER = struct.Struct("<cIIQ")
READY = b"R"  # worker → host: torch is imported; json holds versions
BEGIN = b"B"  # worker → host: this request is now being measured
EVIDENCE = b"E"  # step → worker → host: this request is done
ENDED = b"X"  # worker → host: the step died before this request was done
DONE = b"D"  # worker → host: nothing left to do
JOB = b"J"  # host → worker, once: paths and input arrays
STEP = b"S"  # host → worker: requests to measure in one fork; the pipe's end means no more

JSON_LIMIT = 8 * 1024**2
DEPTH = 50
LARGEST = 2**63


def write_frame(fd: int, kind: bytes, index: int, payload: Any, body: bytes = b"") -> None:
    """Write one frame."""
    write_encoded(fd, kind, index, encoded(payload), body)


def write_encoded(fd: int, kind: bytes, index: int, text: bytes, body: bytes = b"") -> None:
    """Write one frame whose JSON is made."""
    write_all(fd, HEADER.pack(kind, index, len(text), len(body)) + text)
    write_all(fd, body)


def encoded(payload: Any) -> bytes:
    """JSON, whatever student code left in it: what cannot be read as a number is null."""
    try:
        text = _dumps(payload)
    except (TypeError, ValueError, RecursionError):
        text = _dumps(plain(payload))
    return text.encode("utf-8", "replace")


def _dumps(payload: Any) -> str:
    return json.dumps(
        payload, allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=_scalar
    )


def plain(value: Any, depth: int = 0) -> Any:
    """The same in types of JSON itself, however a subclass presents itself."""
    kind = type(value)
    if issubclass(kind, str):
        return str.__str__(value)
    if issubclass(kind, dict | list | tuple):
        return _plain_parts(value, depth + 1) if depth < DEPTH else None
    if value is None or kind is bool:
        return value
    if issubclass(kind, int):
        whole = int.__index__(value)
        return whole if abs(whole) < LARGEST else None
    if issubclass(kind, float):
        real = float.__float__(value)
        return real if math.isfinite(real) else str(real)
    return plain(_scalar(value))


def _plain_parts(value: Any, depth: int) -> Any:
    kind = type(value)
    if not issubclass(kind, dict):
        base: Any = list if issubclass(kind, list) else tuple
        return [plain(item, depth) for item in base.__iter__(value)]
    items = [(key, item) for key, item in dict.items(value) if issubclass(type(key), str)]
    return {str.__str__(key): plain(item, depth) for key, item in items}


def _scalar(value: Any) -> bool | float | None:
    """A number of numpy or torch; None for what is none."""
    try:
        found = value.item()
    except Exception:
        return None
    return found if type(found) in {bool, int, float} else None


def write_all(fd: int, data: bytes) -> None:
    """Write every byte."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view[: 1 << 20]) :]


def read_exactly(fd: int, size: int) -> bytes | None:
    """Read `size` bytes, or None when the pipe ended before."""
    parts = bytearray()
    while len(parts) < size:
        part = os.read(fd, min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def read_frame(fd: int, body_limit: int) -> tuple[bytes, int, bytes, bytes] | None:
    """Read one frame as (kind, index, json, body); None at the end of the pipe.

    Raises:
        ValueError: A part is larger than its limit.
    """
    head = read_exactly(fd, HEADER.size)
    if head is None:
        return None
    kind, index, json_size, body_size = HEADER.unpack(head)
    if json_size > JSON_LIMIT or body_size > body_limit:
        raise ValueError(f"a frame of {json_size} + {body_size} bytes is over the limit")
    text = read_exactly(fd, json_size)
    body = read_exactly(fd, body_size)
    if text is None or body is None:
        return None
    return kind, index, text, body
