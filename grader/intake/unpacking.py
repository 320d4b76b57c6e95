"""What archive formats share: entries come out as regular files below one folder, or not at all.

An archive is what a student wrote. Bytes are counted as they come, since the sizes an archive
states are the student's claim. Names that leave the archive, links, devices and second files of one
name are left out with a note.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal

from grader.errors import HarnessError, IntakeError
from grader.intake.limits import is_litter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from grader.intake.limits import Limits
    from grader.intake.notes import Notes

__all__ = ["BROKEN", "CHUNK_BYTES", "Entry", "Unpacking", "own_disk", "own_faults", "safe_parts"]

CHUNK_BYTES = 1 << 20
COMPONENT_BYTES = 255
DRIVE = re.compile(r"^[A-Za-z]:")
LEAVES = "its path leaves the archive"
OUR_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE})
BROKEN = "pack the folder again and check that the archive opens on another machine"


@dataclass(frozen=True)
class Entry:
    """One entry of an archive.

    Attributes:
        name: As the archive has it.
        kind: What it is.
        open: Gives its bytes.
    """

    name: str
    kind: Literal["file", "folder", "link", "other"]
    open: Callable[[], IO[bytes]]


class Unpacking:
    """One archive on its way out.

    Args:
        target: An existing, empty folder.
        limits: What may come out.
        notes: Told what was left out.
        archive_bytes: Of the packed archive.
    """

    def __init__(self, target: Path, limits: Limits, notes: Notes, archive_bytes: int) -> None:
        self.target = target
        self.limits = limits
        self.notes = notes
        self.allowed = limits.allowed(archive_bytes)
        self.written = 0

    def run(self, entries: Iterable[Entry]) -> None:
        """Unpack.

        Raises:
            IntakeError: It is empty or larger than the limits.
        """
        count = 0
        for entry in entries:
            count += 1
            if count > self.limits.files:
                raise IntakeError(
                    f"the archive holds more than {self.limits.files} files",
                    mend="leave environments and datasets out",
                )
            self._entry(entry)
        if not count:
            raise IntakeError("the archive is empty", mend="hand in the files themselves")

    def _entry(self, entry: Entry) -> None:
        parts, reason = safe_parts(entry.name, self.limits)
        folder = entry.kind == "folder"
        if reason:
            self.notes.leave_out(entry.name, reason)
        elif _any_litter(parts, folder=folder):
            self.notes.leave_out("/".join(parts), "left by an operating system or an editor")
        elif entry.kind in {"link", "other"}:
            what = "a link" if entry.kind == "link" else "not a regular file"
            self.notes.leave_out("/".join(parts), what)
        elif folder:
            self._folder(self.target.joinpath(*parts), entry.name)
        else:
            self._file(entry, self.target.joinpath(*parts))

    def _folder(self, place: Path, name: str) -> bool:
        try:
            place.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            self.notes.leave_out(name, "a file of the same name is in the archive")
            return False
        return True

    def _file(self, entry: Entry, place: Path) -> None:
        if not self._folder(place.parent, entry.name):
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(place, flags, 0o644)
        except (FileExistsError, IsADirectoryError):
            said = "the archive holds this name twice; the first was taken"
            self.notes.leave_out(entry.name, said)
            return
        with os.fdopen(descriptor, "wb") as out, entry.open() as source:
            while chunk := source.read(CHUNK_BYTES):
                self.written += len(chunk)
                if self.written > self.allowed:
                    raise IntakeError(
                        f"the archive unpacks to more than {self.allowed // 2**20} MiB",
                        mend="leave datasets and logs out",
                    )
                out.write(chunk)


@contextmanager
def own_faults(workdir: Path) -> Iterator[None]:
    """Tell a full disk of ours from a broken archive of theirs.

    Raises:
        HarnessError: This machine cannot unpack it.
        IntakeError: The archive cannot be read.
    """
    try:
        yield
    except PermissionError as error:
        raise IntakeError("the archive may not be read", mend="mend its permissions") from error
    except OSError as error:
        own_disk(error, workdir)
        raise IntakeError(f"the archive is broken: {error}", mend=BROKEN) from error


def own_disk(error: OSError, workdir: Path) -> None:
    """Pass on what is this machine's fault.

    Raises:
        HarnessError: It is.
    """
    if error.errno in OUR_ERRNOS:
        raise HarnessError(
            f"the archive cannot be unpacked here: {error.strerror}",
            where=str(workdir),
            mend="make room, or set TMPDIR to a larger disk",
        ) from error


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


def _any_litter(parts: tuple[str, ...], *, folder: bool) -> bool:
    *above, last = parts
    return any(is_litter(part, folder=True) for part in above) or is_litter(last, folder=folder)
