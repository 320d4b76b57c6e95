"""A submission's files, copied to where a box reads them."""

from __future__ import annotations

import errno
import hashlib
import os
from typing import TYPE_CHECKING, BinaryIO

from grader.errors import HarnessError

if TYPE_CHECKING:
    from pathlib import Path

    from grader.model.submission import Submission

__all__ = ["lay_submission"]


def lay_submission(submission: Submission, target: Path) -> None:
    """Copy the submission into the slot, readable by whoever the box runs as.

    Raises:
        HarnessError: A file cannot be read, or is no longer what intake saw.
    """
    target.mkdir(parents=True)
    for file in submission.files:
        place = target / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        source = submission.root / file.path
        try:
            descriptor = os.open(source, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(descriptor, "rb") as read, place.open("wb") as write:
                if _copy(read, write) != file.sha256:
                    raise HarnessError(
                        "the file changed while it was being graded",
                        where=file.path,
                        mend="run again when nothing writes to the submissions",
                    )
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
            raise HarnessError(
                f"cannot be copied to its box: {error.strerror}",
                where=file.path,
                mend="make room in the folder for temporary files, or name another in TMPDIR"
                if full
                else "check that the submission is still there and readable",
            ) from error
        place.chmod(0o644)
    for folder in (target, *(p for p in target.rglob("*") if p.is_dir())):
        folder.chmod(0o755)


def _copy(source: BinaryIO, target: BinaryIO) -> str:
    """Copy a file and give the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    while part := source.read(1 << 20):
        digest.update(part)
        target.write(part)
    return digest.hexdigest()
