"""Files that are the same picture: by their paths, else by their size and what they hold."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from stat import S_ISREG
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Files"]

BLOCK = 2**14
"""Bytes that are read of a file, in its middle and at its end: cameras begin all files alike."""


class Files:
    """What files hold, each read once.

    Args:
        until: When to stop reading, by the monotonic clock; from then on paths alone are compared.
    """

    def __init__(self, until: float) -> None:
        self._until = until
        self._sizes: dict[str, int] = {}
        self._digests: dict[str, bytes] = {}

    def shared(self, first: Iterable[str], second: Iterable[str]) -> int:
        """How many files of two lists are the same, copies and links included."""
        ones, others = set(first), set(second)
        same = ones & others
        by_size = [self._by_size(paths - same) for paths in (ones, others)]
        copies = 0
        for size in by_size[0].keys() & by_size[1].keys() - {0}:
            held = [{self._digest(path, size) for path in sizes[size]} for sizes in by_size]
            copies += len(held[0] & held[1] - {b""})
        return len(same) + copies

    def _by_size(self, paths: set[str]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for path in paths:
            if path not in self._sizes:
                self._sizes[path] = _size(path) if monotonic() < self._until else 0
            found.setdefault(self._sizes[path], []).append(path)
        return found

    def _digest(self, path: str, size: int) -> bytes:
        if path not in self._digests:
            self._digests[path] = _digest(path, size) if monotonic() < self._until else b""
        return self._digests[path]


def _size(path: str) -> int:
    """Of a regular file; 0 for anything else."""
    try:
        facts = os.stat(path)  # noqa: PTH116 - a path may hold what Path refuses
    except (OSError, ValueError):
        return 0
    return facts.st_size if S_ISREG(facts.st_mode) else 0


def _digest(path: str, size: int) -> bytes:
    """Empty where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            file.seek(max(0, size // 2 - BLOCK))
            digest = blake2b(file.read(BLOCK), digest_size=16)
            file.seek(max(0, size - BLOCK))
            digest.update(file.read(BLOCK))
    except OSError:
        return b""
    return digest.digest()
