"""What an export of a learning platform is to intake."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

__all__ = ["Export", "HandedIn"]


@dataclass(frozen=True)
class HandedIn:
    """What one student or team handed in, as a platform packed it.

    Attributes:
        name: A name for the submission that stays the same in the next export.
        paths: Its files and folders. One folder, or one archive, is the submission itself; several
            paths are gathered into a folder.
        renamed: Path → the name that the student had given it.
        student_ids: As the platform identifies students; empty when it does not say.
        team: For people.
        submitted_at: With a time zone, where the platform says when.
        marked_late: Whether the platform marks it as late.
        notes: For the staff.
        also: The same files once more, under other members' names.
    """

    name: str
    paths: tuple[Path, ...]
    renamed: dict[Path, str] = field(default_factory=dict)
    student_ids: tuple[str, ...] = ()
    team: str = ""
    submitted_at: datetime | None = None
    marked_late: bool = False
    notes: tuple[str, ...] = ()
    also: tuple[Path, ...] = ()


class Export(Protocol):
    """A platform's way to pack a class. One file each, registered in `exports/__init__.py`."""

    @property
    def name(self) -> str:
        """Of the platform, as a note names it."""

    def recognises(self, entries: Sequence[Path], assignment: str) -> bool:
        """Whether a folder with these entries is such an export.

        Args:
            entries: What lies in it, without litter, in order.
            assignment: Whose submissions are expected.
        """

    def handed_in(self, entries: Sequence[Path], assignment: str) -> list[HandedIn]:
        """Who handed in what."""
