"""Where lifted statements take effect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..source.sources import Chunk

__all__ = ["Scope"]


@dataclass(frozen=True)
class Scope:
    """Where statements take effect.

    Attributes:
        space: Their globals.
        chunk: The cell or script they stand in.
        main: Whether `if __name__ == "__main__"` holds.
        exact: False in a sketch, whose namespace is a copy.
        hints: Strings that tell this place apart.
        owner: The function that is sketched.
        depth: Of nesting.
    """

    space: dict[str, Any]
    chunk: Chunk
    main: bool = True
    exact: bool = True
    hints: tuple[str, ...] = ()
    owner: str = ""
    depth: int = 0

    def sketch(self, *hints: str) -> Scope:
        """A copy whose statements leave no trace."""
        return replace(
            self,
            space=dict(self.space),
            exact=False,
            hints=(*self.hints, *hints),
            depth=self.depth + 1,
        )
