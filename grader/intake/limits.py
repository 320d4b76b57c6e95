"""What a submission may weigh, and what is litter rather than work."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "LITTER_FILES", "LITTER_FOLDERS", "Limits", "is_litter"]

GIB = 1024**3
MIB = 1024**2


@dataclass(frozen=True)
class Limits:
    """Generous for work, small for bombs.

    Attributes:
        file_bytes: One file; a larger one is left out with a note.
        total_bytes: All files of a submission; a larger submission is unreadable.
        files: How many files a submission may hold.
        depth: How many folders deep a file may lie.
        path_characters: Length of a path within the submission.
        archive_ratio: Unpacked bytes for each byte of an archive ...
        ratio_floor_bytes: ... once this much was unpacked.
        class_bytes: All files of an archive of many submissions.
        class_files: How many files such an archive may hold.
    """

    file_bytes: int = 2 * GIB
    total_bytes: int = 2 * GIB
    files: int = 50_000
    depth: int = 40
    path_characters: int = 400
    archive_ratio: int = 200
    ratio_floor_bytes: int = 64 * MIB
    class_bytes: int = 64 * GIB
    class_files: int = 1_000_000

    def allowed(self, archive_bytes: int) -> int:
        """What may come out of an archive of this size."""
        by_ratio = max(self.ratio_floor_bytes, self.archive_ratio * archive_bytes)
        return min(self.total_bytes, by_ratio)

    def for_archives(self, archive_bytes: int) -> Limits:
        """For archives of this size together, and all that is packed in them again."""
        return dataclasses.replace(self, total_bytes=self.allowed(archive_bytes))

    def less(self, taken_bytes: int, taken_files: int) -> Limits:
        """What is left of them."""
        return dataclasses.replace(
            self,
            total_bytes=max(self.total_bytes - taken_bytes, 0),
            files=max(self.files - taken_files, 0),
        )

    def of_a_class(self) -> Limits:
        """For an archive of many submissions; each is held to its own limits afterwards."""
        return dataclasses.replace(self, total_bytes=self.class_bytes, files=self.class_files)


DEFAULT_LIMITS = Limits()

LITTER_FOLDERS = frozenset(
    {"__MACOSX", "__pycache__", ".git", ".ipynb_checkpoints", ".venv", ".idea", ".vscode"}
)
LITTER_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


def is_litter(name: str, *, folder: bool) -> bool:
    """Whether an operating system or an editor left it there."""
    return name in (LITTER_FOLDERS if folder else LITTER_FILES) or name.startswith("._")
