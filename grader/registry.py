"""One generic registry for every extension point."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TypeVar

from grader.errors import ConfigurationError, UnknownNameError

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Named entries of one kind. Duplicate names are errors, unknown names get suggestions.

    Args:
        kind: What an entry is called in messages, such as `check`.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str, entry: T) -> T:
        """Add an entry under a new name and return it.

        Raises:
            ConfigurationError: The name is taken.
        """
        if name in self._entries:
            message = f"{self.kind} '{name}' is registered twice"
            raise ConfigurationError(message, mend="give one of them another name")
        self._entries[name] = entry
        return entry

    def __getitem__(self, name: str) -> T:
        try:
            return self._entries[name]
        except KeyError:
            near = difflib.get_close_matches(name, self._entries, n=3, cutoff=0.5)
            mend = f"known: {', '.join(sorted(self._entries))}"
            if near:
                mend = f"did you mean {' or '.join(repr(n) for n in near)}?"
            message = f"unknown {self.kind} '{name}'"
            raise UnknownNameError(message, mend=mend) from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)
