"""Probe `find_claims`: numbers the student states, in stored outputs, texts and files."""

from __future__ import annotations

import fnmatch
import math
import re
from typing import TYPE_CHECKING, Any

from ..documents.reports import REPORTS, Unreadable, pages_of
from ..source.sources import files_below, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..reply import Reply
    from ..session import Session

__all__ = ["find_claims"]

CLAIM_LIMIT = 2000
TEXT_LIMIT_BYTES = 2_000_000
OUTPUT_LIMIT_CHARS = 1_000_000


def find_claims(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: Claims."""
    patterns = [re.compile(pattern) for pattern in params["patterns"]]
    claims: list[dict[str, Any]] = []
    for text, place in _texts(session, params.get("files") or []):
        for pattern in patterns:
            for found in pattern.finditer(text):
                value = _number(found["value"])
                if value is None or len(claims) >= CLAIM_LIMIT:
                    continue
                start = text.rfind("\n", 0, found.start("value")) + 1
                end = text.find("\n", found.end("value"))
                line = text[start : end if end >= 0 else None]
                claim = {
                    "name": str(params["name"])[:300],
                    "value": value,
                    "place": {**place, "line": text.count("\n", 0, found.start("value")) + 1},
                    "text": line.strip()[:500],
                }
                if claim not in claims:
                    claims.append(claim)
    reply.payload = {"claims": claims}


def _texts(session: Session, globs: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Stored outputs and markdown of notebooks, then text files, with their places."""
    for source in session.sources().files:
        for cell in source.cells:
            place = {"file": source.path, "cell": cell.number}
            texts = [*cell.outputs, *([cell.text] if cell.kind == "markdown" else [])]
            for text in texts:
                yield text[:OUTPUT_LIMIT_CHARS], place
    for path in files_below(session.root):
        name = path.relative_to(session.root).as_posix()
        base = name.rsplit("/", 1)[-1]
        if any(fnmatch.fnmatch(name, g) or fnmatch.fnmatch(base, g) for g in globs):
            try:
                if path.suffix.lower() in REPORTS:
                    text = "\n".join(pages_of(path))
                else:
                    text = read_text(path, TEXT_LIMIT_BYTES)
            except (ValueError, OSError, Unreadable):
                continue
            yield text, {"file": name, "cell": None}


def _number(text: str | None) -> float | str | None:
    """A stated number: percent signs and decimal commas as people write them."""
    if text is None:
        return None
    cleaned = text.strip().rstrip("%").strip()
    if "," in cleaned and "." not in cleaned:
        cleaned = cleaned.replace(",", ".")
    try:
        value = float(cleaned)
    except ValueError:
        return None
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value
