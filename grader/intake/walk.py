"""Walk a folder that a student made: no link is followed, and no depth is too deep."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from grader.intake.limits import is_litter

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["entries_below", "files_below"]


def entries_below(root: Path) -> Iterator[os.DirEntry[str]]:
    """Everything below a folder, each folder before what is in it. Nothing recursive.

    `os.walk` and `shutil.copytree` call themselves for each level, and a thousand are too many.
    """
    waiting: list[str] = [str(root)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as listed:
            for entry in sorted(listed, key=lambda one: os.fsencode(one.name)):
                yield entry
                litter = is_litter(entry.name, folder=True)
                if not litter and entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def files_below(root: Path) -> Iterator[Path]:
    """Regular files that are work."""
    for entry in entries_below(root):
        with contextlib.suppress(OSError):
            if entry.is_file(follow_symlinks=False) and not is_litter(entry.name, folder=False):
                yield Path(entry.path)
