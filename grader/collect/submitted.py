"""A submission's files, copied to where a box reads them."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

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
                shutil.copyfileobj(read, write, 1 << 20)
                if write.tell() != file.size_bytes:
                    raise HarnessError(
                        "the file changed while it was being graded",
                        where=file.path,
                        mend="run again when nothing writes to the submissions",
                    )
        except OSError as error:
            raise HarnessError(
                f"cannot be read: {error.strerror}",
                where=file.path,
                mend="check that the submission is still there and readable",
            ) from error
        place.chmod(0o644)
    for folder in (target, *(p for p in target.rglob("*") if p.is_dir())):
        folder.chmod(0o755)
