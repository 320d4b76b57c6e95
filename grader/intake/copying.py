"""Copies a student's folder to where we may change it: what the scan would take, and no more."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import IntakeError
from grader.intake.unpacking import own_disk, safe_parts
from grader.intake.walk import entries_below

if TYPE_CHECKING:
    import os

    from grader.intake.limits import Limits
    from grader.intake.notes import Notes

__all__ = ["copy_below"]


def copy_below(root: Path, place: Path, limits: Limits, notes: Notes) -> None:
    """Copy what lies below a folder into another. Links stay links: the scan leaves them out.

    Raises:
        IntakeError: It is larger than a submission may be.
        HarnessError: This machine has no room for it.
    """
    left = limits.total_bytes
    for entry in entries_below(root):
        name = Path(entry.path).relative_to(root)
        _, reason = safe_parts(name.as_posix().replace("\\", "_"), limits)
        if reason:  # the scan would leave it out, and we could not remove so deep a folder
            notes.leave_out(name.as_posix(), reason)
            continue
        try:
            left -= _copied(entry, place / name, left, limits, notes)
        except OSError as error:
            own_disk(error, place)
            notes.leave_out(name.as_posix(), f"cannot be read ({error.strerror})")


def _copied(entry: os.DirEntry[str], target: Path, left: int, limits: Limits, notes: Notes) -> int:
    """Copy one entry; the bytes that it took."""
    status = entry.stat(follow_symlinks=False)
    if entry.is_symlink():
        target.symlink_to(Path(entry.path).readlink())
    elif entry.is_dir(follow_symlinks=False):
        target.mkdir()
    elif not stat.S_ISREG(status.st_mode):
        notes.leave_out(target.name, "not a regular file")
    elif status.st_size > limits.file_bytes:
        notes.leave_out(target.name, f"larger than {limits.file_bytes // 2**20} MiB")
    elif status.st_size > left:
        message = f"the submission is larger than {limits.total_bytes // 2**20} MiB"
        raise IntakeError(message, mend="leave datasets and logs out")
    else:
        shutil.copyfile(entry.path, target, follow_symlinks=False)
        return status.st_size
    return 0
