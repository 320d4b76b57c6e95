"""Format `zip`: unpacked by us, entry by entry, since an archive is what a student wrote.

Only regular files and folders come out, only below the target folder, never more than the limits
say: bytes are counted as they come, since the sizes an archive states are the student's claim.
Names that leave the archive, links, devices and second files of one name are left out with a note.
"""

from __future__ import annotations

import errno
import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from grader.errors import HarnessError, IntakeError
from grader.intake.limits import is_litter

if TYPE_CHECKING:
    from pathlib import Path

    from grader.intake.limits import Limits
    from grader.intake.notes import Notes

__all__ = ["ZipFormat", "safe_parts"]

CHUNK_BYTES = 1 << 20
UTF8_FLAG = 0x800
ENCRYPTED_FLAG = 0x1
COMPONENT_BYTES = 255
DRIVE = re.compile(r"^[A-Za-z]:")
LEAVES = "its path leaves the archive"
ODD = (EOFError, ValueError, struct.error)
"""What `zipfile` lets through when an archive's own numbers lie."""
OUR_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE})
BROKEN = "zip the folder again and check that the archive opens on another machine"


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
        """Unpack into a new folder of `workdir` and return it.

        Raises:
            IntakeError: It is broken, encrypted, empty, or larger than the limits.
        """
        target = workdir
        target.mkdir(parents=True)
        try:
            with zipfile.ZipFile(path) as archive:
                _Unpacking(archive, target, limits, notes, path.stat().st_size).run()
        except PermissionError as error:
            raise IntakeError("the archive may not be read", mend="mend its permissions") from error
        except NotImplementedError as error:
            message = f"the archive uses a compression that we do not read ({error})"
            raise IntakeError(message, mend="zip it again with the ordinary method") from error
        except OSError as error:
            if error.errno in OUR_ERRNOS:
                raise HarnessError(
                    f"the archive cannot be unpacked here: {error.strerror}",
                    where=str(workdir),
                    mend="make room, or set TMPDIR to a larger disk",
                ) from error
            raise IntakeError(f"the archive is broken: {error}", mend=BROKEN) from error
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, *ODD) as error:
            message = f"the archive is broken: {error}"
            raise IntakeError(message, mend=BROKEN) from error
        return target


class _Unpacking:
    """One archive on its way out."""

    def __init__(
        self,
        archive: zipfile.ZipFile,
        target: Path,
        limits: Limits,
        notes: Notes,
        archive_bytes: int,
    ) -> None:
        self.archive = archive
        self.target = target
        self.limits = limits
        self.notes = notes
        self.allowed = min(
            limits.total_bytes,
            max(limits.ratio_floor_bytes, limits.archive_ratio * archive_bytes),
        )
        self.written = 0

    def run(self) -> None:
        entries = self.archive.infolist()
        if not entries:
            raise IntakeError("the archive is empty", mend="hand in the files themselves")
        if any(entry.flag_bits & ENCRYPTED_FLAG for entry in entries):
            raise IntakeError("the archive is encrypted", mend="zip it without a password")
        if len(entries) > self.limits.files:
            raise IntakeError(
                f"the archive holds more than {self.limits.files} files",
                mend="leave environments and datasets out",
            )
        for entry in entries:
            self._entry(entry)

    def _entry(self, entry: zipfile.ZipInfo) -> None:
        name = _decoded(entry)
        parts, reason = safe_parts(name, self.limits)
        folder = name.endswith(("/", "\\"))
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if reason:
            self.notes.leave_out(name, reason)
        elif _any_litter(parts, folder=folder):
            self.notes.leave_out("/".join(parts), "left by an operating system or an editor")
        elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            what = "a link" if kind == stat.S_IFLNK else "not a regular file"
            self.notes.leave_out("/".join(parts), what)
        elif folder:
            self._folder(self.target.joinpath(*parts), name)
        else:
            self._file(entry, self.target.joinpath(*parts), name)

    def _folder(self, place: Path, name: str) -> bool:
        try:
            place.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            self.notes.leave_out(name, "a file of the same name is in the archive")
            return False
        return True

    def _file(self, entry: zipfile.ZipInfo, place: Path, name: str) -> None:
        if not self._folder(place.parent, name):
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(place, flags, 0o644)
        except (FileExistsError, IsADirectoryError):
            self.notes.leave_out(name, "the archive holds this name twice; the first was taken")
            return
        with os.fdopen(descriptor, "wb") as out, self.archive.open(entry) as source:
            while chunk := source.read(CHUNK_BYTES):
                self.written += len(chunk)
                if self.written > self.allowed:
                    raise IntakeError(
                        f"the archive unpacks to more than {self.allowed // 2**20} MiB",
                        mend="leave datasets and logs out",
                    )
                out.write(chunk)


def safe_parts(name: str, limits: Limits) -> tuple[tuple[str, ...], str]:
    """The components of an entry's name, and the reason to leave it out (empty when there is none).

    Backslashes separate folders, as Windows tools write them.
    """
    slashed = name.replace("\\", "/")
    if slashed.startswith("/") or DRIVE.match(slashed):
        return (), "its path is absolute"
    parts = tuple(part for part in slashed.split("/") if part not in ("", "."))
    if ".." in parts:
        return (), LEAVES
    if not parts:
        return (), "it has no name"
    if any(not _encodable(part) for part in parts):
        return (), "its name is not text"
    relative = "/".join(parts)
    too_long = any(len(part.encode()) > COMPONENT_BYTES for part in parts)
    if too_long or len(relative) > limits.path_characters or len(parts) > limits.depth:
        return (), "its path is too long"
    return parts, ""


def _encodable(part: str) -> bool:
    try:
        part.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in part


def _decoded(entry: zipfile.ZipInfo) -> str:
    """The name as its writer meant it: macOS writes UTF-8 and does not say so."""
    name = entry.filename
    if entry.flag_bits & UTF8_FLAG:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _any_litter(parts: tuple[str, ...], *, folder: bool) -> bool:
    *above, last = parts
    return any(is_litter(part, folder=True) for part in above) or is_litter(last, folder=folder)


def _starts_as_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False
