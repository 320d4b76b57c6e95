"""Walk an opened submission: its regular files with their digests, and what was left out."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import IntakeError
from grader.intake.limits import is_litter
from grader.intake.unpacking import safe_parts
from grader.model.submission import SubmittedFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.intake.limits import Limits
    from grader.intake.notes import Notes

__all__ = ["scan"]

CHUNK_BYTES = 1 << 20
OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a FIFO put there in between must not hold us
    | getattr(os, "O_CLOEXEC", 0)
)


def scan(root: Path, limits: Limits, notes: Notes) -> tuple[SubmittedFile, ...]:
    """Regular files below a folder, sorted by path. No link is followed.

    Raises:
        IntakeError: Too many files or bytes, or nothing at all.
    """
    found: list[SubmittedFile] = []
    total = 0
    for path, relative in _walk(root, root, notes):
        _, reason = safe_parts(relative.replace("\\", "_"), limits)
        if reason:
            notes.leave_out(relative, reason)
            continue
        file = _digested(path, relative, limits, notes)
        if file is None:
            continue
        found.append(file)
        total += file.size_bytes
        if total > limits.total_bytes:
            message = f"the submission is larger than {limits.total_bytes // 2**20} MiB"
            raise IntakeError(message, mend="leave datasets and logs out")
        if len(found) > limits.files:
            message = f"the submission holds more than {limits.files} files"
            raise IntakeError(message, mend="leave environments and datasets out")
    if not found:
        message = "there are no files in it"
        raise IntakeError(message, mend="hand in at least a notebook or a script")
    return tuple(sorted(found, key=lambda file: file.path))


def _walk(folder: Path, root: Path, notes: Notes) -> Iterator[tuple[Path, str]]:
    """Depth first, without recursion: a folder nested a thousand deep is only a note."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                listed = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            notes.leave_out(_relative(here, root), f"cannot be read ({error.strerror})")
            continue
        for entry in listed:
            relative = _relative(Path(entry.path), root)
            if entry.is_symlink():
                notes.leave_out(relative, "a link")
            elif entry.is_dir(follow_symlinks=False):
                if is_litter(entry.name, folder=True) or _is_environment(entry.path):
                    notes.leave_out(relative, "left by an operating system or an editor")
                else:
                    waiting.append(Path(entry.path))
            elif is_litter(entry.name, folder=False):
                notes.leave_out(relative, "left by an operating system or an editor")
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path), relative
            else:
                notes.leave_out(relative, "not a regular file")


def _is_environment(folder: str) -> bool:
    return Path(folder, "pyvenv.cfg").is_file()


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _digested(path: Path, relative: str, limits: Limits, notes: Notes) -> SubmittedFile | None:
    try:
        descriptor = os.open(path, OPEN_FLAGS)
    except OSError as error:
        link = error.errno == errno.ELOOP
        notes.leave_out(relative, "a link" if link else f"cannot be read ({error.strerror})")
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            notes.leave_out(relative, "not a regular file")
            return None
        if status.st_size > limits.file_bytes:
            notes.leave_out(relative, f"larger than {limits.file_bytes // 2**20} MiB")
            return None
        whole, size = hashlib.sha256(), 0
        while chunk := os.read(descriptor, CHUNK_BYTES):
            whole.update(chunk)
            size += len(chunk)
    except OSError as error:
        notes.leave_out(relative, f"cannot be read ({error.strerror})")
        return None
    finally:
        os.close(descriptor)
    return SubmittedFile(path=relative, size_bytes=size, sha256=whole.hexdigest())
