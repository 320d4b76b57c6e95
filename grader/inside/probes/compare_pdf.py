"""Probe `compare_pdf`: whether a PDF is an export of the notebook beside it."""

from __future__ import annotations

import fnmatch
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ..documents.pdf_match import essence, share_found, to_see
from ..documents.reports import Unreadable, pdf_pages
from ..source.sources import files_below

if TYPE_CHECKING:
    from ..reply import Reply
    from ..session import Session
    from ..source.sources import Source

__all__ = ["compare_pdf"]

WHOLE = 0.75
"""Share of a cell's pieces from which it is there; page numbers and line ends break some."""
SOME = 0.25
MANY = 200
LETTERS_A_PAGE = 20
"""A page with fewer letters is a picture."""


def compare_pdf(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: PdfMatch."""
    pattern = str(params["pattern"])
    pdfs = [
        path
        for path in files_below(session.root)
        if path.suffix.lower() == ".pdf"
        and _fits(path.relative_to(session.root).as_posix(), pattern)
    ]
    source = _notebook(session)
    found = {
        "pdf": "",
        "notebook": source.path[:400] if source else "",
        "pages": 0,
        "has_text": False,
        "cells": 0,
        "found": 0,
        "error": "",
    }
    if source is not None:
        stem = PurePosixPath(source.path).stem.lower()
        pdfs.sort(key=lambda path: path.stem.lower() != stem)
    if not pdfs or source is None:
        what = f"no PDF fits '{pattern}'" if not pdfs else "there is no notebook to compare with"
        reply.payload = {**found, "error": what[:500]}
        return
    found["pdf"] = pdfs[0].relative_to(session.root).as_posix()[:400]
    try:
        pages = pdf_pages(pdfs[0])
    except Unreadable as error:
        reply.payload = {**found, "error": str(error)[:500]}
        return
    reply.payload = {**found, **_compared(source, pages)}


def _fits(path: str, pattern: str) -> bool:
    wanted = pattern.replace("{student_ids}", "*").lower()
    name = path.lower() if "/" in wanted else path.lower().rsplit("/", 1)[-1]
    return fnmatch.fnmatchcase(name, wanted)


def _notebook(session: Session) -> Source | None:
    """The notebook that is run; else the one with the most cells."""
    sources = session.sources()
    notebooks = [source for source in sources.files if source.kind == "notebook"]
    entry = [source for source in notebooks if source.path == sources.entry]
    return max(entry or notebooks, key=lambda one: len(one.cells), default=None)


def _compared(source: Source, pages: list[str]) -> dict[str, Any]:
    letters = [essence(page) for page in pages]
    whole = "".join(letters)
    missing, cut = [], []
    cells = present = 0
    for cell in source.cells:
        wanted = to_see(cell)
        if not wanted:
            continue
        cells += 1
        share = share_found(wanted, whole)
        place = {"file": source.path[:400], "cell": cell.number, "line": None}
        if share >= WHOLE:
            present += 1
        elif share >= SOME:
            cut.append(place)
        else:
            missing.append(place)
    with_text = sum(len(page) >= LETTERS_A_PAGE for page in letters)
    return {
        "pages": len(pages),
        "has_text": with_text > 0 and with_text * 2 >= len(pages),
        "cells": cells,
        "found": present,
        "missing": missing[:MANY],
        "cut": cut[:MANY],
    }
