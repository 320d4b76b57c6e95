"""Report files as text: PDF, Word, OpenDocument, HTML, Markdown, LaTeX, plain."""

from __future__ import annotations

import html
import logging
import re
import warnings
import zipfile
from typing import TYPE_CHECKING

from ..source.sources import files_below, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

__all__ = ["CONVERTED", "REPORTS", "Unreadable", "pages_of", "pdf_pages", "report_files"]

REPORTS = frozenset({".pdf", ".docx", ".odt", ".html", ".htm", ".md", ".tex", ".rst"})
CONVERTED = frozenset({".pdf", ".docx", ".odt", ".html", ".htm"})
"""Reports whose lines are not those of the file."""
PLAIN = frozenset({".txt", ".log", ".csv", ".tsv"})
NO_REPORT = frozenset({"requirements.txt", "license.txt", "grade.toml"})

TEXT_LIMIT_BYTES = 2_000_000
FILE_LIMIT_BYTES = 100_000_000
PAGES_AT_MOST = 300
XML_LIMIT_BYTES = 20_000_000
DEEPEST = 20
"""Lists and sections in one another."""

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
OFFICE, TEXT, TABLE = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{part}:1.0}}" for part in ("office", "text", "table")
)


class Unreadable(Exception):
    """A report that cannot be read, and why."""


def report_files(root: Path) -> Iterator[Path]:
    """Reports and plain texts of a submission, the shallow ones first."""
    for path in files_below(root):
        suffix = path.suffix.lower()
        if suffix in REPORTS | PLAIN and path.name.lower() not in NO_REPORT:
            yield path


def pages_of(path: Path) -> list[str]:
    """The text of a report, page by page where it has pages.

    Raises:
        Unreadable: It is damaged, locked or too large.
    """
    suffix = path.suffix.lower()
    if path.stat().st_size > FILE_LIMIT_BYTES:
        raise Unreadable("the file is too large")
    try:
        if suffix == ".pdf":
            return pdf_pages(path)
        if suffix == ".docx":
            return [_docx(path)]
        if suffix == ".odt":
            return [_odt(path)]
        text = read_text(path, TEXT_LIMIT_BYTES)
    except (OSError, ValueError, UnicodeError) as error:
        raise Unreadable(str(error)[:300] or type(error).__name__) from None
    return [_without_tags(text) if suffix in {".html", ".htm"} else text]


def pdf_pages(path: Path) -> list[str]:
    """The text of every page of a PDF; a page that is a picture has none.

    Raises:
        Unreadable: It is damaged or locked.
    """
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            reader = pypdf.PdfReader(str(path))
            locked = reader.is_encrypted and not reader.decrypt("")
            pages = [] if locked else [_page(page) for page in reader.pages[:PAGES_AT_MOST]]
        except Exception as error:  # the reader raises a dozen of its own kinds
            raise Unreadable(f"{type(error).__name__}: {str(error)[:200]}") from None
    if locked:
        raise Unreadable("it is locked with a password")
    return pages


def _page(page: object) -> str:
    try:
        text: str = page.extract_text() or ""  # type: ignore[attr-defined]
    except Exception:  # one odd page is no reason to lose the others
        return ""
    return text


def _xml(path: Path, name: str) -> Element:
    """A file of XML within a packed document.

    Raises:
        Unreadable: It is not there, damaged or too large.
    """
    from xml.etree import ElementTree as ET

    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo(name)
            if entry.file_size > XML_LIMIT_BYTES:
                raise Unreadable("the document is too large")
            return ET.fromstring(archive.read(entry))  # noqa: S314 - in a box with limits
    except (zipfile.BadZipFile, KeyError, ET.ParseError, NotImplementedError, RuntimeError) as bad:
        raise Unreadable(f"not such a document: {str(bad)[:200]}") from None


def _docx(path: Path) -> str:
    """Paragraphs and table rows of a Word file, cells parted by tabs."""
    lines: list[str] = []
    body = _xml(path, "word/document.xml").find(f"{WORD}body")
    for block in body if body is not None else ():
        if block.tag == f"{WORD}tbl":
            for row in block.iter(f"{WORD}tr"):
                cells = [_run_text(cell) for cell in row.iter(f"{WORD}tc")]
                lines.append("\t".join(cells))
            lines.append("")
        else:
            style = block.find(f"{WORD}pPr/{WORD}pStyle")
            named = style.get(f"{WORD}val", "") if style is not None else ""
            mark = "# " if named.lower().startswith("heading") else ""
            lines.append(mark + _run_text(block))
    return "\n".join(lines)


def _odt(path: Path) -> str:
    """Paragraphs and table rows of an OpenDocument text, cells parted by tabs."""
    body = _xml(path, "content.xml").find(f"{OFFICE}body/{OFFICE}text")
    return "\n".join(_odt_lines(body)) if body is not None else ""


def _odt_lines(blocks: Element, depth: int = 0) -> Iterator[str]:
    for block in blocks:
        if block.tag == f"{TEXT}p":
            yield _spoken(block)
        elif block.tag == f"{TEXT}h":
            yield "# " + _spoken(block)
        elif block.tag == f"{TABLE}table":
            for row in block.iter(f"{TABLE}table-row"):
                yield "\t".join(_spoken(cell) for cell in row.iter(f"{TABLE}table-cell"))
            yield ""
        elif depth < DEEPEST and block.tag != f"{TEXT}tracked-changes":
            yield from _odt_lines(block, depth + 1)  # a list, a section


def _spoken(block: Element) -> str:
    """Its text; spaces and tabs are elements of their own there."""
    gaps = {f"{TEXT}s", f"{TEXT}tab", f"{TEXT}line-break"}
    for gap in [piece for piece in block.iter() if piece.tag in gaps]:
        gap.text = " "
    return "".join(block.itertext())


def _run_text(block: Element) -> str:
    return "".join(piece.text or "" for piece in block.iter(f"{WORD}t"))


UNSEEN = re.compile(r"<(script|style)\b", re.IGNORECASE)


def _without_tags(text: str) -> str:
    text = _without_scripts(text)
    text = re.sub(r"(?i)<h([1-6])\b[^>]*>", "\n# ", text)
    text = re.sub(r"(?i)</(p|div|tr|li|h[1-6]|table)>|<br\s*/?>", "\n", text)
    text = re.sub(r"(?i)</(td|th)>", "\t", text)
    return html.unescape(re.sub(r"<[^>]{0,2000}>", "", text))


def _without_scripts(text: str) -> str:
    """Without scripts and styles. One that is never closed goes on to the end, as in a browser."""
    kept, at = [], 0
    while begin := UNSEEN.search(text, at):
        kept.append(text[at : begin.start()])
        ended = re.compile(f"</{begin[1]}>", re.IGNORECASE).search(text, begin.end())
        if ended is None:
            return " ".join(kept)
        at = ended.end()
    return " ".join([*kept, text[at:]])
