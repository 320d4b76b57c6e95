r"""Where a path of the author's own machine leads here. Decides; patches nothing.

    reads    the path itself; else what was written under it; else a submitted file of that name;
             else a file or folder of the datasets at hand
    writes   the path itself when it lies in the scratch space; else a mirror of it in there

A foreign path is an absolute one outside the scratch space, or one of another system (`C:\\…`).
"""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from .served import is_folder, shared_end

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .served import Served

__all__ = ["Places"]

DRIVE = re.compile(r"^[A-Za-z]:[\\/]|^\\\\")
MIRROR = "elsewhere"
SEARCH_LIMIT = 5000
WRITABLE = ("/tmp", "/dev", "/proc/self", "/var/tmp")  # noqa: S108 - the box's own, and sized

_stat, _walk, _getcwd, _abspath = os.stat, os.walk, os.getcwd, os.path.abspath
_scandir = os.scandir


class Places:
    """Maps paths.

    Args:
        scratch: The writable folder.
        roots: Folders whose files stand in for a path's base name, the likeliest first.
    """

    def __init__(self, scratch: str, roots: Iterable[str]) -> None:
        self.scratch = scratch
        self.mirror_root = f"{scratch}/{MIRROR}"
        self.roots = list(roots)
        self.working_copy = ""
        """A copy of the first root that the run may write to; preferred where it has the file."""
        self._by_name: dict[str, dict[str, str]] = {}
        self.served: Served | None = None
        """The datasets at hand."""

    def mirror(self, path: str) -> str:
        """Where a write to a foreign path goes."""
        if DRIVE.match(path):
            parts: tuple[str, ...] = PureWindowsPath(path).parts
        else:
            parts = PurePosixPath(_abspath(path)).parts
        kept = [re.sub(r"[:\\/]+", "", part) for part in parts]
        return "/".join([self.mirror_root, *(part for part in kept if part not in {"", "..", "."})])

    def is_foreign(self, path: str) -> bool:
        """Whether a write to it must not go where it says."""
        if DRIVE.match(path):
            return True
        whole = _abspath(path)
        own = (self.scratch, *WRITABLE)
        return not any(whole == folder or whole.startswith(folder + "/") for folder in own)

    def to_write(self, path: str) -> str:
        """Where a file of that path is to be written."""
        if self.is_foreign(path):
            return self.mirror(path)
        return path.replace("\\", "/") if "\\" in path and "/" not in path else path

    def to_read(self, path: str, *, folders: bool = True) -> str | None:
        """What stands in for a path that does not exist.

        Args:
            path: As the code has it.
            folders: Whether a submitted folder does wherever it lies; else only one that lies
                there seen from the top of the submission, or for a foreign path.
        """
        for candidate in (self.mirror(path), path.replace("\\", "/")):
            if candidate != path and exists(candidate):
                return candidate
        found = self.submitted(path)
        if found is not None and not folders and not self.is_foreign(path) and is_folder(found):
            from_top = (
                f"{top}/{os.path.normpath(path)}" for top in (self.working_copy, *self.roots)
            )
            found = found if found in from_top else None
        return found or (self.served.find(path) if self.served else None)

    def data(self, path: str, *, splits: bool = False) -> str | None:
        """What stands in for a folder or file of data; None when it is there.

        Args:
            path: As the code has it.
            splits: Whether a folder called `train` is enough to be found.
        """
        if exists(path):
            return None
        found = self.to_read(path)
        if found is None and self.served is not None and splits:
            found = self.served.find(path, splits=True)
        if found is not None and self.served is not None:
            copy = self.served.holding(found)
            if copy is not None:
                self.served.note(copy, f"'{path[:200]}'")
        return found

    def submitted(self, path: str) -> str | None:
        """The submitted file or folder that the path most likely means.

        Of several with its base name, the one that shares most of the path's end.
        """
        parts = [part for part in re.split(r"[\\/]+", path) if part not in {"", ".", ".."}]
        if not parts:
            return None
        best: tuple[int, int, str] | None = None
        for root in self.roots:
            for relative in self._named(root, parts[-1]):
                there = relative.split("/")
                rank = (-shared_end(there, parts), len(there), f"{root}/{relative}")
                best = rank if best is None or rank < best else best
            if best is not None:
                copy = best[2].replace(root, self.working_copy, 1) if self.working_copy else ""
                return copy if copy and exists(copy) else best[2]
        return None

    def _named(self, root: str, name: str) -> list[str]:
        """Relative paths below a root with that base name, found once per root."""
        if root not in self._by_name:
            self._by_name[root] = {}
            found = self._by_name[root]
            for folder, folders, files in _walk(root):
                folders.sort()
                for entry in [*sorted(files), *folders]:
                    relative = os.path.relpath(f"{folder}/{entry}", root)
                    found[relative] = entry.lower()
                if len(found) > SEARCH_LIMIT:
                    break
        wanted = name.lower()
        return [relative for relative, entry in self._by_name[root].items() if entry == wanted]


def exists(path: str) -> bool:
    """As `os.path.exists`, by the real file system."""
    try:
        _stat(path)
    except (OSError, ValueError):
        return False
    return True
