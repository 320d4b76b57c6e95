"""Puts what somebody handed in in several pieces into one folder, under the names they gave."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from grader.errors import IntakeError
from grader.intake.copying import copy_below
from grader.intake.unpacking import safe_parts

if TYPE_CHECKING:
    from pathlib import Path

    from grader.intake.exports import HandedIn
    from grader.intake.limits import Limits
    from grader.intake.notes import Notes

__all__ = ["gather"]


def gather(handed_in: HandedIn, place: Path, limits: Limits, notes: Notes) -> None:
    """Copy files and merge folders into a new folder. Archives are `nested`'s.

    Raises:
        IntakeError: A piece cannot be read.
    """
    place.mkdir(parents=True)
    for path in handed_in.paths:
        name = handed_in.renamed.get(path, path.name)
        if path.is_symlink():
            notes.leave_out(name, "a link")
        elif path.is_dir():
            _merge(path, place, limits, notes)
        else:
            _file(path, name, place, limits, notes)


def _file(path: Path, name: str, place: Path, limits: Limits, notes: Notes) -> None:
    parts, reason = safe_parts(name.replace("\\", "_").replace("/", "_"), limits)
    if reason:
        notes.leave_out(name, reason)
        return
    target = place / parts[-1]
    if path.stat().st_size > limits.file_bytes:
        notes.leave_out(name, f"larger than {limits.file_bytes // 2**20} MiB")
        return
    try:
        shutil.copyfile(path, _free(target), follow_symlinks=False)
    except OSError as error:
        message = f"'{name}' cannot be read: {error.strerror}"
        raise IntakeError(message, mend="mend its permissions") from error


def _merge(folder: Path, place: Path, limits: Limits, notes: Notes) -> None:
    for path in sorted(folder.iterdir()):
        target = place / path.name
        if target.exists():
            notes.leave_out(path.name, "it was handed in twice; the first was taken")
        elif path.is_dir() and not path.is_symlink():
            target.mkdir()
            copy_below(path, target, limits, notes)
        elif path.is_file() and not path.is_symlink():
            _file(path, path.name, place, limits, notes)
        else:
            notes.leave_out(path.name, "a link" if path.is_symlink() else "not a regular file")


def _free(path: Path) -> Path:
    number, wanted = 1, path
    while path.exists():
        number += 1
        path = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
    return path
