"""A role bound to student code, and how close names are to a role's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..definitions.lifted import Candidate
    from .tensor_files import Saved
    from .weights import Fit

__all__ = ["Bound", "name_rank", "plain", "role_words"]


@dataclass(frozen=True)
class Bound:
    """What a role was bound to.

    Attributes:
        role: The role's name.
        how: `explicit`, `name`, `weights`, `structure` or `alive`.
        definition: The student's expression or class.
        place: Where it stands.
        weights: The weight file's path, empty when there is none.
        why: Why this one, and what is odd about it.
        module: The net, of kind `module`.
        target: The class or function, of the other kinds.
        saved: What the weight file holds.
        fit: How its tensors fit the net.
        beside: The role's other files that fit it exactly → their top keys.
    """

    role: str
    how: str
    definition: str = ""
    place: dict[str, Any] | None = None
    weights: str = ""
    why: str = ""
    module: Any = None
    target: Any = None
    saved: Saved | None = None
    fit: Fit | None = None
    beside: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def payload(self) -> dict[str, Any]:
        """As the record Binding."""
        return {
            "role": self.role,
            "how": self.how,
            "definition": self.definition[:300],
            "place": self.place,
            "weights": self.weights[:400],
            "why": self.why[:1000],
        }


def plain(name: str) -> str:
    """A name without case and punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def role_words(role: dict[str, Any]) -> list[str]:
    """What a role is called: the template's name and aliases, its own name, its files."""
    stems = [re.sub(r"[*?\[\]]", "", glob).rsplit(".", 1)[0] for glob in role.get("weights") or ()]
    words = [*(role.get("names") or ()), role["name"], *stems]
    return list(dict.fromkeys(plain(word) for word in words if len(plain(word)) > 1))


def name_rank(candidate: Candidate, role: dict[str, Any]) -> int:
    """How well a net's names agree with a role's: 3 the same, 2 told apart by, 1 contained."""
    names = {plain(name) for name in role.get("names") or ()}
    own = [plain(candidate.name), plain(type(candidate.module).__name__)]
    if names & set(own):
        return 3
    words = role_words(role)
    hints = [plain(hint) for hint in candidate.hints]
    if any(word == hint or word in hint for word in words for hint in hints):
        return 2
    return int(any(word in name for word in words for name in own))
