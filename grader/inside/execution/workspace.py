"""A writable copy of the submission, as students run their code: beside its files.

scratch/
  work/       the submission: small files copied, large ones linked
  elsewhere/  what is written to paths of the author's own machine
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["Workspace"]

COPY_BYTES = 16 * 1024**2
"""A larger file is linked; a write to it replaces the link."""
COPIED_BYTES = 128 * 1024**2
"""Copied in all; the scratch space is small."""
FILES = 20_000


class Workspace:
    """Copies a submission.

    Args:
        root: The submission.
        scratch: Where the copy is made.
    """

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = root
        self.folder = Path(os.path.abspath(scratch)) / "work"  # noqa: PTH100 - links stay as named
        self._copy()

    def _copy(self) -> None:
        copied = files = 0
        self.folder.mkdir(parents=True, exist_ok=True)
        for folder, folders, names in os.walk(self.root):
            relative = os.path.relpath(folder, self.root)
            here = self.folder / relative
            folders[:] = sorted(
                f for f in folders if f not in {"__pycache__", "__MACOSX"} and not f.startswith(".")
            )
            for name in folders:
                (here / name).mkdir(exist_ok=True)
            for name in sorted(names):
                source, target = Path(folder) / name, here / name
                files += 1
                if files > FILES or not source.is_file() or target.exists():
                    continue
                size = source.stat().st_size
                if size <= COPY_BYTES and copied + size <= COPIED_BYTES:
                    shutil.copyfile(source, target)
                    copied += size
                else:
                    target.symlink_to(source)

    def copy_of(self, relative: str) -> Path:
        """Where a submitted file lies in the copy."""
        return self.folder / relative

    def shown_as(self, path: str) -> str:
        """What code in a file of the copy is compiled under: the submitted file's own path.

        So tracebacks and `inspect` lead to what was handed in. What the run wrote keeps its name.
        """
        try:
            relative = Path(path).relative_to(self.folder)
        except ValueError:
            return path
        original = self.root / relative
        return str(original) if original.is_file() else path
