"""Format `zip`: unpacked by us, entry by entry (see `unpacking`)."""

from __future__ import annotations

import functools
import lzma
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from grader.errors import IntakeError
from grader.intake.unpacking import BROKEN, Entry, Unpacking, own_faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grader.intake.limits import Limits
    from grader.intake.notes import Notes

__all__ = ["ZipFormat"]

UTF8_FLAG = 0x800
ENCRYPTED_FLAG = 0x1
ODD = (EOFError, ValueError, struct.error)
"""What `zipfile` lets through when an archive's own numbers lie."""


class ZipFormat:
    """A zip archive of one submission or of many."""

    name = "zip"

    def accepts(self, path: Path) -> bool:
        """By its suffix, or by its first bytes where a download lost the suffix."""
        if not path.is_file():
            return False
        return path.suffix.lower() == ".zip" or (not path.suffix and _starts_as_zip(path))

    def stem(self, path: Path) -> str:
        """The name of what is inside."""
        return path.stem if path.suffix.lower() == ".zip" else path.name

    def open(self, path: Path, workdir: Path, limits: Limits, notes: Notes) -> Path:
        """Unpack into the new folder `workdir` and return it.

        Raises:
            IntakeError: It is broken, encrypted, empty, or larger than the limits.
            HarnessError: This machine has no room for it.
        """
        workdir.mkdir(parents=True)
        unpacking = Unpacking(workdir, limits, notes, path.stat().st_size)
        try:
            with own_faults(workdir), zipfile.ZipFile(path) as archive:
                unpacking.run(_entries(archive))
        except NotImplementedError as error:
            message = f"the archive uses a compression that we do not read ({error})"
            raise IntakeError(message, mend="zip it again with the ordinary method") from error
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, *ODD) as error:
            message = f"the archive is broken: {error}"
            raise IntakeError(message, mend=BROKEN) from error
        return workdir


def _entries(archive: zipfile.ZipFile) -> Iterator[Entry]:
    listed = archive.infolist()
    if any(entry.flag_bits & ENCRYPTED_FLAG for entry in listed):
        raise IntakeError("the archive is encrypted", mend="zip it without a password")
    for entry in listed:
        name = _decoded(entry)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        opening = functools.partial(archive.open, entry)
        if kind == stat.S_IFLNK:
            yield Entry(name, "link", opening)
        elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            yield Entry(name, "other", opening)
        else:
            folder = name.endswith(("/", "\\"))
            yield Entry(name, "folder" if folder else "file", opening)


def _decoded(entry: zipfile.ZipInfo) -> str:
    """The name as its writer meant it: macOS writes UTF-8 and does not say so."""
    name = entry.filename
    if entry.flag_bits & UTF8_FLAG:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _starts_as_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False
