"""A file in a second place: a second name for it where that works, else a copy."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["link_or_copy", "open_to_all"]


def link_or_copy(source: Path, target: Path, *, link: bool = True) -> None:
    """Give a file a second place that everyone may read. Nothing writes to either afterwards.

    Args:
        source: The file.
        target: Its second place.
        link: Whether a second name will do; else it is copied, and is as old as the copy.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    real = source.resolve()
    if link and real.stat().st_mode & stat.S_IROTH:
        try:
            os.link(real, target)
        except OSError:
            pass  # another file system, or one without links
        else:
            return
    shutil.copyfile(real, target)
    target.chmod(0o644)


def open_to_all(folder: Path) -> None:
    """Let everyone read: a box runs as somebody else."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
        elif not path.stat().st_mode & stat.S_IROTH:
            path.chmod(0o644)
