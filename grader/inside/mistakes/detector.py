"""What a detector is: a code, why it matters, how to mend it, and a pure function that looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterator

    from .program import Program

__all__ = ["Detector", "finding"]


@dataclass(frozen=True)
class Detector:
    """Finds one kind of mistake in a program.

    Attributes:
        code: Stable, such as `best_model_alias`.
        why: Why it matters.
        mend: What to do.
        find: Gives each place and what was seen there.
    """

    code: str
    why: str
    mend: str
    find: Callable[[Program], Iterator[tuple[ast.AST, str]]]


def finding(
    code: str, place: dict[str, Any] | None, seen: str, why: str, mend: str, how: str
) -> dict[str, Any]:
    """A finding as the record holds it."""
    return {
        "code": code[:80],
        "place": place,
        "seen": seen[:800].encode("utf-8", "replace").decode(),
        "why": why[:500],
        "mend": mend[:500],
        "how": how,
    }
