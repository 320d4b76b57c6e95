"""What intake left out or changed, in few lines however much it was."""

from __future__ import annotations

__all__ = ["Notes", "shown"]

NAMED = 5
LONGEST = 120


def shown(name: str) -> str:
    """A file name that is safe in a terminal and in a report."""
    text = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in name
    )
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


class Notes:
    """Collects names by reason; each reason becomes one note."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}
        self._texts: list[str] = []

    def leave_out(self, name: str, reason: str) -> None:
        """A file was left out."""
        self._names.setdefault(reason, []).append(shown(name))

    def say(self, text: str) -> None:
        """Anything else."""
        self._texts.append(text)

    def take(self, other: Notes) -> None:
        """Add another's."""
        self._texts += other._texts
        for reason, names in other._names.items():
            self._names.setdefault(reason, []).extend(names)

    def all(self) -> tuple[str, ...]:
        """The notes, in a fixed order."""
        listed = []
        for reason, names in sorted(self._names.items()):
            some = ", ".join(f"'{name}'" for name in sorted(names)[:NAMED])
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            listed.append(f"left out {some}{more}: {reason}")
        return (*self._texts, *listed)
