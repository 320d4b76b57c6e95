"""Probe `read_tensors`: what files hold, read without any of the student's classes or code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..binding.weights import WeightFiles
from ..reply import StudentFault

if TYPE_CHECKING:
    from ..reply import Reply
    from ..session import Session

__all__ = ["read_tensors"]

FILES = 20
TENSORS = 200


def read_tensors(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: SavedFiles."""
    files = WeightFiles(session, [session.root])
    found = files.matching(list(params["files"]))
    reply.payload = {"files": [_facts(files, name) for name in found[:FILES]]}


def _facts(files: WeightFiles, name: str) -> dict[str, Any]:
    try:
        saved = files.read(name)
    except StudentFault as fault:
        return {"path": name, "tensors": [], "kind": fault.kind, "problem": fault.message[:1000]}
    entries = saved.entries[:TENSORS]
    return {"path": name, "tensors": [entry.facts() for entry in entries], "kind": saved.kind}
