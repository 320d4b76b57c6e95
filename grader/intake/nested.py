"""Archives within a submission: a zip in a zip, a tar.gz beside a report.

| what lies there                               | what becomes of it                         |
| --------------------------------------------- | ------------------------------------------ |
| one archive and nothing else                  | it is the submission, up to four deep      |
| archives, no notebook or script               | each is unpacked into a folder of its name |
| notebooks or scripts, an archive without any  | it is unpacked beside, and stays too       |
| notebooks or scripts, an archive with some    | it stays packed, which is told             |
| nothing readable but 7z, rar and their kind   | refused                                    |

What comes out of all of them counts together, against what the outermost may unpack to.
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from grader.errors import IntakeError
from grader.intake.copying import copy_below
from grader.intake.formats import format_of
from grader.intake.limits import is_litter
from grader.intake.notes import shown
from grader.intake.single import SOURCE_SUFFIXES
from grader.intake.walk import entries_below, files_below

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from grader.intake.limits import Limits
    from grader.intake.notes import Notes

__all__ = [
    "ARCHIVES",
    "DEEPEST",
    "OTHER_ARCHIVES",
    "WRAPPERS",
    "Nested",
    "lone_folder",
    "refusal",
    "weight",
]

ARCHIVES = frozenset({"zip", "tar"})
OTHER_ARCHIVES = frozenset({".rar", ".7z", ".gz", ".xz", ".bz2", ".zst"})
DEEPEST = 4
WRAPPERS = 4
"""How many folders, each alone in the one around it, an archive may wrap its files in."""
MEND = "unpack it, or pack it as zip"


class Nested:
    """The archives of one submission on their way out.

    Args:
        limits: For everything that comes out of them, and what lies beside.
        notes: Told what was unpacked and what was not.
        new_place: Gives a path where a folder may be made.
    """

    def __init__(self, limits: Limits, notes: Notes, new_place: Callable[[Path], Path]) -> None:
        self._limits = limits
        self._notes = notes
        self._new_place = new_place

    def contents(self, root: Path, *, ours: bool) -> Path:
        """The folder with a submission's files.

        Args:
            root: What was opened.
            ours: Whether it lies where we may change it.

        Raises:
            IntakeError: An archive that is all there is cannot be read.
        """
        for _ in range(DEEPEST):
            inner = _lone_archive(root)
            if inner is None:
                break
            self._notes.say(f"its only file, '{shown(inner.name)}', was unpacked")
            self._limits = self._limits.for_archives(inner.stat().st_size)
            root, ours = lone_folder(self._opened(inner, self._new_place(inner))), True
        if _archives(root) and not ours:
            root = self._copied(root)
        done: set[Path] = set()
        for _ in range(DEEPEST):
            archives = [path for path in _archives(root) if path not in done]
            if not archives:
                break
            self._limits = self._limits.for_archives(sum(p.stat().st_size for p in archives))
            beside = _has_sources(root)
            for archive in archives:
                self._unpack(archive, root, beside=beside)
            done |= set(archives)
        _refuse_unread(root, self._notes)
        return root

    def _unpack(self, archive: Path, root: Path, *, beside: bool) -> None:
        """Unpack one archive into a folder of its name, or say why it stays packed."""
        name = shown(archive.relative_to(root).as_posix())
        entry = format_of(archive)
        assert entry is not None
        folder = _free(archive.with_name(entry.stem(archive) or "archive"), but=archive)
        if folder == archive:  # without a suffix: what comes out takes another name
            folder = _free(archive.with_name(f"{archive.name}-unpacked"))
        try:
            self._opened(archive, folder)
        except IntakeError as error:
            if not beside:
                raise
            self._notes.say(f"'{name}' stays packed: {error.message}")
            return
        if not beside:
            archive.unlink()
        elif _has_sources(folder):
            shutil.rmtree(folder)
            said = "it holds notebooks or scripts, and so does the folder around it"
            self._notes.say(f"'{name}' stays packed: {said}")
            return
        self._notes.say(f"'{name}' was unpacked")

    def _opened(self, archive: Path, place: Path) -> Path:
        entry = format_of(archive)
        assert entry is not None
        try:
            entry.open(archive, place, self._limits, self._notes)
        except IntakeError as error:
            shutil.rmtree(place, ignore_errors=True)
            message = f"'{shown(archive.name)}': {error.message}"
            raise IntakeError(message, mend=error.mend) from error
        self._limits = self._limits.less(*weight(place))
        return place

    def _copied(self, root: Path) -> Path:
        """The same files where we may change the folder. Of what is too large nothing is copied."""
        place = self._new_place(root)
        place.mkdir(parents=True)
        copy_below(root, place, self._limits, self._notes)
        return place


def lone_folder(root: Path) -> Path:
    """What an archive wraps its files in, when that is nothing but folders in each other."""
    for _ in range(WRAPPERS):
        entries = _entries(root)
        if len(entries) != 1 or entries[0].is_symlink() or not entries[0].is_dir():
            break
        root = entries[0]
    return root


def refusal(path: Path) -> str:
    """Why an archive is not read."""
    return f"archives of the kind '{path.suffix}' are not read"


def _entries(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        paths = sorted(folder.iterdir())
        shown_ones = (path for path in paths if not path.name.startswith("."))
        return [path for path in shown_ones if not is_litter(path.name, folder=path.is_dir())]
    return []


def _lone_archive(root: Path) -> Path | None:
    """The archive that is all a folder holds, as learning platforms make them."""
    entries = _entries(root)
    if len(entries) == 1 and _is_archive(entries[0]):
        return entries[0]
    return None


def _is_archive(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    entry = format_of(path)
    return entry is not None and entry.name in ARCHIVES


def _archives(root: Path) -> list[Path]:
    return sorted(path for path in files_below(root) if _is_archive(path))


def _has_sources(root: Path) -> bool:
    return any(path.suffix.lower() in SOURCE_SUFFIXES for path in files_below(root))


def _refuse_unread(root: Path, notes: Notes) -> None:
    """Say which archives stay shut; raise when they are where the work must be."""
    unread = sorted(
        path
        for path in files_below(root)
        if path.suffix.lower() in OTHER_ARCHIVES and not _is_archive(path)
    )
    if unread and not _has_sources(root):
        names = ", ".join(f"'{shown(path.name)}'" for path in unread[:3])
        message = f"there is no notebook or script but what is in {names}: {refusal(unread[0])}"
        raise IntakeError(message, mend=MEND)
    for path in unread:
        if path.suffix.lower() in {".rar", ".7z"}:
            notes.say(f"'{shown(path.relative_to(root).as_posix())}' stays packed: {refusal(path)}")


def weight(folder: Path) -> tuple[int, int]:
    """The bytes and the number of the files below a folder."""
    sizes = [
        entry.stat(follow_symlinks=False).st_size
        for entry in entries_below(folder)
        if entry.is_file(follow_symlinks=False)
    ]
    return sum(sizes), len(sizes)


def _free(path: Path, but: Path | None = None) -> Path:
    number, wanted = 1, path
    while path.exists() and path != but:
        number += 1
        path = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
    return path
