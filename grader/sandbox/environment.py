"""What of this machine a box needs: the Python environment, the tools, the form of isolation."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from grader.model.base import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Form", "PythonEnvironment", "choose_form", "gpu_devices", "may_enter", "tool"]


class Form(StrEnum):
    """Who the box runs as."""

    USER = "user namespace of an ordinary user"
    DROPPED_BEFORE = "uid dropped before, then a user namespace"
    DROPPED_INSIDE = "uid dropped inside, no user namespace"
    """For root whose Python lies below a folder that no other uid may enter."""


class PythonEnvironment(Record):
    """A Python and the folders it lives in."""

    executable: str
    folders: tuple[Path, ...]
    """Bound read-only at the same paths. Never a folder's parent."""
    hidden: tuple[Path, ...] = ()
    """What of the grader lies inside those folders, and is covered."""

    @classmethod
    def detect(cls) -> PythonEnvironment:
        """Describe the Python that runs the grader."""
        named = [Path(sys.prefix), Path(sys.base_prefix)]
        real = [folder.resolve() for folder in named]
        executable = Path(sys.executable)
        folders = _outermost([*named, *real])
        target = executable.resolve()
        if not any(target.is_relative_to(folder) for folder in (*folders, Path("/usr"))):
            folders = _outermost([*folders, target.parent.parent])
        return cls(
            executable=str(executable), folders=folders, hidden=_secrets((*folders, Path("/usr")))
        )


def _outermost(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Drop what lies inside another, and what `/usr` holds already."""
    system = Path("/usr")
    kept: list[Path] = []
    for folder in sorted(set(folders), key=lambda one: (len(one.parts), one)):
        if not any(folder.is_relative_to(other) for other in (*kept, system)):
            kept.append(folder)
    return tuple(kept)


def _secrets(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Find what must not be seen, where it lies inside a bound folder.

    A wheel puts `grader` and `reference` into the environment; a checkout may lie inside it.
    """
    found: list[Path] = []
    for name in ("grader", "reference"):
        spec = find_spec(name)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            package = Path(place)
            found.append(package)
            beside = (".git", "rubrics", "submissions", "tests", "reports", "reference")
            found.extend(package.parent / other for other in beside if name == "grader")
    present = {path for path in found if path.is_dir()}
    return tuple(sorted(path for path in present if any(_within(path, f) for f in folders)))


def _within(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) or path.resolve().is_relative_to(folder.resolve())


def may_enter(path: Path) -> bool:
    """Whether any uid at all may reach and list a folder: every parent lets others through."""
    try:
        for folder in (path, *path.parents):
            needed = stat.S_IXOTH | (stat.S_IROTH if folder == path else 0)
            if folder.stat().st_mode & needed != needed:
                return False
    except OSError:
        return False
    return True


def choose_form(needed: Iterable[Path]) -> Form:
    """Choose the form of isolation.

    Args:
        needed: Folders that the box binds.
    """
    if os.geteuid() != 0:
        return Form.USER
    if all(may_enter(path) for path in needed):
        return Form.DROPPED_BEFORE
    return Form.DROPPED_INSIDE


def tool(name: str) -> str | None:
    """Find a system tool where the box has it too."""
    found = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
    return os.path.realpath(found) if found else None


def gpu_devices() -> tuple[str, ...]:
    """List the NVIDIA device files and folders, empty without a GPU."""
    folder = Path("/dev")
    if not any(folder.glob("nvidia[0-9]*")):
        return ()
    return tuple(sorted(str(path) for path in folder.glob("nvidia*")))
