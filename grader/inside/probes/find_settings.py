"""Probe `find_settings`: the values that the code gives to names, by its text alone. No torch."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from ..mistakes.program import Program
from .setting_names import givens

if TYPE_CHECKING:
    from ..reply import Reply
    from ..session import Session

__all__ = ["find_settings"]

MOST = 2000
LONGEST_NAME = 100
DEEPEST = 40_000
"""As in `scan_apis`."""


def find_settings(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: SettingsWritten. What cannot be searched to its end says so."""
    patterns = [re.compile(str(name), re.IGNORECASE) for name in params["names"]]

    def wanted(name: str) -> bool:
        return len(name) <= LONGEST_NAME and any(one.fullmatch(name) for one in patterns)

    sources = session.sources()
    sys.setrecursionlimit(max(sys.getrecursionlimit(), DEEPEST))
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    incomplete = ""
    try:
        program = Program(sources)
        for given in givens(program, wanted):
            if not given.name:
                incomplete = "there is too much to follow in the code"
                continue
            if len(found) >= MOST:
                incomplete = "there are too many values"
                break
            place = program.place(given.node)
            value = given.value.value
            entry = {
                "name": _text(given.name),
                "value": _text(value) if isinstance(value, str) else value,
                "sure": given.value.sure,
                "how": given.how,
                "place": place,
                "text": _text(program.line(given.node)),
            }
            found.setdefault((given.name, repr(given.value), str(place)), entry)
    except RecursionError:
        incomplete = "the code is nested too deeply to be searched"
    unread = [c for c in sources.chunks if c.tree is None and c.text.strip()]
    if not incomplete and unread:
        place = unread[0].place(unread[0].parsed.line)
        where = place["file"] if place["cell"] is None else f"{place['file']}, cell {place['cell']}"
        incomplete = f"a part of the code cannot be read as Python ({where[:200]})"
    reply.payload = {"values": list(found.values()), "incomplete": incomplete}


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
