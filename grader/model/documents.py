"""What a submission shows and says, read and never run: stored outputs, tables, reports, PDFs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grader.model.base import Number, Record
from grader.model.evidence import Place

__all__ = ["Documents", "Finding", "Findings", "PdfMatch", "Table", "Text"]


class Text(Record):
    """A piece of text: a markdown cell, a cell's stored output, a page or a file of a report."""

    place: Place
    kind: Literal["markdown", "output", "report", "text"]
    text: str = Field(max_length=20_000)
    heading: str = Field(default="", max_length=300)
    """The nearest heading above it."""


class Table(Record):
    """A table in stored outputs, markdown, reports or CSV files."""

    place: Place
    columns: tuple[str, ...] = Field(max_length=200)
    """Empty when it has no header."""
    rows: tuple[tuple[Number | str, ...], ...] = Field(max_length=500)
    """Cells that read as numbers are numbers; a percentage is a share."""


class Documents(Record):
    """Probe `read_documents`."""

    texts: tuple[Text, ...] = Field(default=(), max_length=2000)
    tables: tuple[Table, ...] = Field(default=(), max_length=200)
    stored_images: int = 0
    """Pictures among the stored outputs."""
    reports: tuple[str, ...] = Field(default=(), max_length=100)
    """Paths of report files: PDF, Markdown, Word, text."""
    pages: int = 0
    """Of all PDFs."""


class PdfMatch(Record):
    """Probe `compare_pdf`: whether a PDF is an export of the notebook beside it."""

    pdf: str = Field(max_length=400)
    notebook: str = Field(max_length=400)
    pages: int
    has_text: bool
    """False when its pages are pictures."""
    cells: int
    """Cells with something to see."""
    found: int
    """Cells whose text is in the PDF."""
    missing: tuple[Place, ...] = Field(default=(), max_length=200)
    cut: tuple[Place, ...] = Field(default=(), max_length=200)
    """Cells of which only the beginning is there."""
    error: str = Field(default="", max_length=500)
    """Why the PDF could not be read."""


class Finding(Record):
    """A mistake that deep learning makes easy. Carries no points unless the rubric says so."""

    code: str = Field(max_length=80)
    """Stable, such as `validation_in_training`."""
    place: Place | None
    seen: str = Field(max_length=800)
    """What was seen, with figures."""
    why: str = Field(max_length=500)
    """Why it matters."""
    mend: str = Field(max_length=500)
    """What to do."""
    how: Literal["static", "dynamic", "artefact"]


class Findings(Record):
    """Probe `find_mistakes`: what the source shows without running it."""

    findings: tuple[Finding, ...] = Field(default=(), max_length=200)
