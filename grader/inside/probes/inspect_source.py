"""Probe `inspect_source`: what the submission's source is, without running it."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

from ..binding.absent import OTHER_FRAMEWORKS
from ..source.literals import literals
from ..source.placeholders import module_names, placeholder_lines
from ..source.sources import imports_of

if TYPE_CHECKING:
    from ..reply import Reply
    from ..session import Session
    from ..source.sources import Source

__all__ = ["inspect_source"]

FRAMEWORKS = ("torch", *OTHER_FRAMEWORKS[:3])
MANY = 2000


def inspect_source(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: SourceFacts."""
    del params
    sources = session.sources()
    known = set(dir(builtins)).union(*(module_names(c.tree) for c in sources.chunks if c.tree))
    imports = sorted({n.split(".", 1)[0] for s in sources.files for n in imports_of(s)})
    reply.payload = {
        "files": [_file(source) for source in sources.files],
        "entry": sources.entry,
        "imports": imports[:MANY],
        "frameworks": [name for name in FRAMEWORKS if name in imports],
        "definitions": sum(source.definitions for source in sources.files),
        "placeholders": [
            chunk.place(line)
            for chunk in sources.chunks
            for line in placeholder_lines(chunk, known)
        ][:MANY],
        "literals": literals(sources.chunks),
    }


def _file(source: Source) -> dict[str, Any]:
    error, place = source.error, None
    for chunk in source.chunks:
        if not error and chunk.tree is None:
            error, place = chunk.parsed.error, chunk.place(chunk.parsed.line)
    return {
        "path": source.path[:300],
        "kind": source.kind,
        "cells": len(source.chunks) if source.kind == "notebook" else 0,
        "parse_error": error[:1000],
        "place": place,
    }
