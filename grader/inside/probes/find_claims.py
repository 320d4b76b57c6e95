"""Probe `find_claims`: numbers the student states, in stored outputs, texts and files."""

from __future__ import annotations

import fnmatch
import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from ..documents.reports import CONVERTED, REPORTS, Unreadable, pages_of
from ..source.sources import files_below, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..reply import Reply
    from ..session import Session

__all__ = ["find_claims"]

CLAIM_LIMIT = 2000
TEXT_LIMIT_BYTES = 2_000_000
OUTPUT_LIMIT_CHARS = 1_000_000


AROUND_CHARS = 100
"""Before and after a number in running text that tell a reader what it is."""
HYPHEN = re.compile(r"(?<=[a-z])-[ \t]{0,9}\n[ \t]{0,9}(?=[a-z])")
NUMBER_PARTED = re.compile(r"(?<=\d[.,])[ \t]{0,9}\n[ \t]{0,9}(?=\d)")


class Piece(NamedTuple):
    """A text to look in.

    Attributes:
        text: As it is searched.
        place: Of the text.
        page: Of a PDF, from 1.
        lines: Whether its lines are those of the place.
        running: Whether line ends were taken away.
    """

    text: str
    place: dict[str, Any]
    page: int | None = None
    lines: bool = True
    running: bool = False


def find_claims(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: Claims."""
    patterns = [re.compile(pattern) for pattern in params["patterns"]]
    claims: list[dict[str, Any]] = []
    seen: set[tuple[Any, ...]] = set()
    for piece in _pieces(session, params.get("files") or []):
        for pattern in patterns:
            for found in pattern.finditer(piece.text):
                value = _number(found["value"])
                if value is None or len(claims) >= CLAIM_LIMIT:
                    continue
                place, said = dict(piece.place), _said(piece, found)
                if piece.lines:
                    place["line"] = piece.text.count("\n", 0, found.start("value")) + 1
                known = (*place.values(), piece.page, value, said if piece.lines else "")
                if known not in seen:
                    seen.add(known)
                    name = str(params["name"])[:300]
                    claim = {"name": name, "value": value, "place": place, "text": said}
                    claims.append(claim if piece.page is None else {**claim, "page": piece.page})
    reply.payload = {"claims": claims}


def _said(piece: Piece, found: re.Match[str]) -> str:
    """What a reader sees around a number: its line, or so much of the running text."""
    text, start, end = piece.text, found.start("value"), found.end("value")
    if piece.running:
        return text[max(0, start - AROUND_CHARS) : end + AROUND_CHARS].strip()
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return text[first : last if last >= 0 else None].strip()[:500]


def _pieces(session: Session, globs: list[str]) -> Iterator[Piece]:
    """Stored outputs and markdown of notebooks, then files, with their places."""
    for source in session.sources().files:
        for cell in source.cells:
            place = {"file": source.path, "cell": cell.number}
            texts = [*cell.outputs, *([cell.text] if cell.kind == "markdown" else [])]
            for text in texts:
                yield Piece(text[:OUTPUT_LIMIT_CHARS], place)
    for path in files_below(session.root):
        name = path.relative_to(session.root).as_posix()
        base = name.rsplit("/", 1)[-1]
        if not any(fnmatch.fnmatch(name, g) or fnmatch.fnmatch(base, g) for g in globs):
            continue
        suffix, place = path.suffix.lower(), {"file": name, "cell": None}
        try:
            if suffix in CONVERTED:
                yield from _of_report(pages_of(path), place, numbered=suffix == ".pdf")
            elif suffix in REPORTS:
                yield Piece("\n".join(pages_of(path)), place)
            else:
                yield Piece(read_text(path, TEXT_LIMIT_BYTES), place)
        except (ValueError, OSError, Unreadable):
            continue


def _of_report(pages: list[str], place: dict[str, Any], *, numbered: bool) -> Iterator[Piece]:
    """Each page line by line, and as running text: a sentence goes over the ends of lines."""
    room = OUTPUT_LIMIT_CHARS
    for number, page in enumerate(pages, start=1):
        text = unicodedata.normalize("NFKC", page[:room]).replace("\u00ad", "")
        room -= len(page[:room])
        at = number if numbered else None
        yield Piece(text, place, at, lines=False)
        whole = NUMBER_PARTED.sub("", HYPHEN.sub("", text))
        yield Piece(" ".join(whole.split()), place, at, lines=False, running=True)


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
