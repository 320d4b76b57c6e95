"""Checksums of dataset files."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

from grader.datasets.base import DatasetProperty
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["Stamp", "file_digest", "known_bytes", "refuse_other_bytes", "stamp_of", "sums_of"]

SUMS = "SHA256SUMS"
LENGTHS = {32: "md5", 64: "sha256"}
"""Hexadecimal digits → the algorithm. MD5 is what the datasets' authors published."""
CACHED = 4096

Stamp = tuple[tuple[str, int, int], ...]
"""(path, bytes, time of change in ns) of files: another stamp, another look at them."""


def stamp_of(files: Iterable[Path]) -> Stamp:
    """What tells that files changed, without reading them.

    Raises:
        DatasetMissingError: One is gone.
    """
    found = []
    for file in files:
        try:
            seen = file.stat()
        except OSError as error:
            message = f"a file of the dataset cannot be read: {error.strerror}"
            mend = "bring the dataset here again: grade data fetch"
            raise DatasetMissingError(message, where=str(file), mend=mend) from error
        found.append((str(file), seen.st_size, seen.st_mtime_ns))
    return tuple(found)


def file_digest(file: Path, algorithm: str) -> str:
    """Hexadecimal digest of a file, remembered while it does not change."""
    (stamp,) = stamp_of([file])
    return _digest(file, algorithm, stamp)


@functools.lru_cache(maxsize=CACHED)
def _digest(file: Path, algorithm: str, _stamp: tuple[str, int, int]) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(
            data, lambda: hashlib.new(algorithm, usedforsecurity=False)
        ).hexdigest()


def sums_of(root: Path) -> Mapping[str, str]:
    """Relative path → SHA-256, as the file `SHA256SUMS` of a data pack has them; else empty."""
    file = root / SUMS
    if not file.is_file():
        return {}
    return _sums(file, stamp_of([file])[0])


@functools.lru_cache(maxsize=4)
def _sums(file: Path, _stamp: tuple[str, int, int]) -> Mapping[str, str]:
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        if len(digest) == hashlib.sha256().digest_size * 2 and name:
            found[name] = digest
    return found


def _holds(file: Path, expected: str) -> bool:
    return file_digest(file, LENGTHS[len(expected)]) == expected


def refuse_other_bytes(known: Mapping[Path, str], name: str) -> None:
    """Read nothing from files that are not the known ones: a changed label changes grades.

    Raises:
        DatasetMissingError: A file holds other bytes.
    """
    for file, expected in known.items():
        if not _holds(file, expected):
            message = f"does not hold the known bytes of '{name}'"
            mend = f"move it away and bring it here again: grade data fetch {name}"
            raise DatasetMissingError(message, where=str(file), mend=mend)


def known_bytes(known: Mapping[Path, str], name: str, label: str) -> DatasetProperty:
    """Compare files with their checksums, for `grade data verify`."""
    missing = [file for file in known if not file.is_file()]
    wrong = [f for f, expected in known.items() if f not in missing and not _holds(f, expected)]
    holds = not missing and not wrong
    if holds:
        detail = f"{len(known):,} {'file' if len(known) == 1 else 'files'} as published"
    else:
        first = (wrong or missing)[0]
        detail = f"{len(wrong)} of {len(known):,} files differ, {len(missing)} are missing: {first}"
    mend = "" if holds else f"move them away, then: grade data fetch {name}"
    return DatasetProperty(name=label, holds=holds, detail=detail, mend=mend)
