"""Rows that loaders share: by their positions in the same data, else by what they hold."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from .copies import Files
from .rows import row_keys

if TYPE_CHECKING:
    from .rows import Part

__all__ = ["overlaps"]

PAIRS = 2000
SECONDS = 8.0
"""For all pairs of a run, after it ended."""

Rows = np.ndarray[Any, Any]


class Identity:
    """The rows of one part, as sets that can be compared; made when first asked for."""

    def __init__(self, part: Part, cache: dict[Any, Rows | None], files: Files) -> None:
        self._part = part
        self._cache = cache
        self._files = files
        self._positions: Rows | None = None
        self._keys: Rows | None = None
        self.source = part.source if part.positional else ""
        self.base = id(part.array) if part.array is not None else id(part.base)

    @property
    def positions(self) -> Rows:
        """Distinct positions in its base."""
        if self._positions is None:
            part = self._part
            index = np.arange(part.length) if part.index is None else part.index
            self._positions = np.unique(index)
        return self._positions

    @property
    def paths(self) -> list[str] | None:
        """Its files."""
        paths = self._part.paths
        return None if paths is None else [paths[row] for row in self.positions.tolist()]

    @property
    def keys(self) -> Rows | None:
        """Distinct contents."""
        if self._keys is None:
            whole = self._whole()
            if whole is None:
                return None
            index = self._part.index
            self._keys = np.unique(whole if index is None else whole[index])
        return self._keys

    def _whole(self) -> Rows | None:
        from .rows import Part

        if self.base not in self._cache:
            part = self._part
            whole = Part(part.base, None, part.names, part.source, part.array)
            try:
                self._cache[self.base] = row_keys(whole)
            except Exception:
                self._cache[self.base] = None
        return self._cache[self.base]

    def shared(self, other: Identity) -> tuple[int, str]:
        """How many rows are in both, and how that is known."""
        same_base = self.base == other.base
        if same_base or (self.source and self.source == other.source):
            return _common(self.positions, other.positions), "rows"
        if self.source and other.source:
            return 0, "rows"  # two splits of published data
        paths, others = self.paths, other.paths
        if paths is not None and others is not None:
            return self._files.shared(paths, others), "content"
        first, second = self.keys, other.keys
        if first is None or second is None:
            return 0, "content"
        return _common(first, second), "content"


def _common(first: Rows, second: Rows) -> int:
    return len(np.intersect1d(first, second, assume_unique=True))


def overlaps(loaders: list[list[Part]]) -> list[dict[str, Any]]:
    """Every pair of loaders that shares rows.

    Args:
        loaders: The parts of each loader's rows, in the order of the loaders.
    """
    began = monotonic()
    cache, files = dict[Any, "Rows | None"](), Files(began + SECONDS)
    known = [[Identity(part, cache, files) for part in parts] for parts in loaders]
    found: list[dict[str, Any]] = []
    for second in range(len(known)):
        for first in range(second):
            if len(found) >= PAIRS or monotonic() - began > SECONDS:
                return found
            shared, ways = 0, set()
            for one in known[first]:
                for other in known[second]:
                    count, way = one.shared(other)
                    shared += count
                    if count:
                        ways.add(way)
            if shared:
                by = "content" if "content" in ways else "rows"
                found.append({"first": first, "second": second, "shared": shared, "by": by})
    return found
