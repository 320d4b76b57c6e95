"""Format `zip`: unpacked by us, entry by entry (see `unpacking`)."""

from __future__ import annotations

import functools
import lzma
import stat
import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from grader.errors import IntakeError
from grader.intake.unpacking import BROKEN, CHUNK_BYTES, Entry, Unpacking, own_faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grader.intake.limits import Limits
    from grader.intake.notes import Notes

__all__ = ["ZipFormat"]

UTF8_FLAG = 0x800
ENCRYPTED_FLAG = 0x1
UNICODE_PATH = 0x7075
HEADER = struct.Struct("<HH")
UNICODE_HEADER = struct.Struct("<BL")
LINE_BYTES = 512
"""Of the directory, for a file: far more than a name and what systems write beside it."""
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
            most = max(limits.files * LINE_BYTES, CHUNK_BYTES)
            with (
                own_faults(workdir),
                path.open("rb") as file,
                zipfile.ZipFile(Bounded(file, most)) as archive,
            ):
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
    name = entry.orig_filename  # `filename` ends at a zero byte
    if entry.flag_bits & UTF8_FLAG:
        return name
    try:
        said = _unicode_path(entry.extra, name.encode("cp437"))
        if said:
            return said
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """The name in UTF-8 that some tools write beside one in an old code page, if it is of this."""
    while len(extra) >= HEADER.size:
        kind, size = HEADER.unpack_from(extra)
        field, extra = extra[HEADER.size : HEADER.size + size], extra[HEADER.size + size :]
        if kind == UNICODE_PATH and len(field) > UNICODE_HEADER.size:
            version, checksum = UNICODE_HEADER.unpack_from(field)
            if version == 1 and checksum == zlib.crc32(raw):
                return field[UNICODE_HEADER.size :].decode("utf-8")
    return ""


class Bounded:
    """An archive's bytes, of which no more are held at once than its limits explain.

    `zipfile` reads the whole directory and makes an object of every line before anybody counts.
    """

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def seekable(self) -> bool:
        """A zip's directory is at its end."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read.

        Raises:
            IntakeError: So much at once is no directory of a submission.
        """
        if size > self._most:
            raise IntakeError(
                "the archive's list of files is longer than any submission's",
                mend="leave environments and datasets out",
            )
        return self._file.read(size)


def _starts_as_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False
