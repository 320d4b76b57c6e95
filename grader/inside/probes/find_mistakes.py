"""Probe `find_mistakes`: what the source shows without running it. Payload: Findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..mistakes import find

if TYPE_CHECKING:
    from ..reply import Reply
    from ..session import Session

__all__ = ["find_mistakes"]


def find_mistakes(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Look for mistakes that deep learning makes easy."""
    del params
    found, broken = find(session.sources())
    for code in broken:
        reply.remark("finding.not_looked_for", f"the grader could not look for '{code}' here")
    reply.payload = {"findings": found}
