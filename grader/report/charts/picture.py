"""Captured figures: raw pixels become a PNG here, on the host, and nothing else is believed."""

from __future__ import annotations

import base64
import struct
import zlib

__all__ = ["LARGEST", "data_uri", "png"]

LARGEST = 1600
"""Pixels on the longer side; a larger picture is made smaller."""
MOST_PIXELS = 64_000_000
CHANNELS = 3


def png(height: int, width: int, pixels: bytes) -> bytes | None:
    """A PNG of RGB pixels, or None when they are not a picture of that size."""
    sound = height > 0 and width > 0 and height * width <= MOST_PIXELS
    if not sound or len(pixels) != height * width * CHANNELS:
        return None
    if max(height, width) > LARGEST:
        height, width, pixels = _smaller(height, width, pixels)
    stride = width * CHANNELS
    rows = b"".join(
        b"\x00" + pixels[start : start + stride] for start in range(0, height * stride, stride)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, 6))
        + _chunk(b"IEND", b"")
    )


def data_uri(height: int, width: int, pixels: bytes) -> str | None:
    """The PNG as a `data:` address."""
    image = png(height, width, pixels)
    if image is None:
        return None
    return "data:image/png;base64," + base64.b64encode(image).decode("ascii")


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def _smaller(height: int, width: int, pixels: bytes) -> tuple[int, int, bytes]:
    from PIL import Image  # only for the rare large figure

    image = Image.frombytes("RGB", (width, height), pixels)
    image.thumbnail((LARGEST, LARGEST))
    return image.height, image.width, image.tobytes()
