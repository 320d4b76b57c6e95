"""Prints a notebook to PDF as a browser does."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from pypdf import PdfReader, PdfWriter

WRAPPED = "pre, .highlight pre { white-space: pre-wrap !important; overflow-wrap: anywhere; }"
"""Long lines go on in the next one, so that none runs off the page."""


def to_pdf(notebook: str, target: Path) -> None:
    """Write the PDF of a notebook, given as JSON text. Needs `chromium`."""
    book = nbformat.reads(notebook, as_version=4)
    html, _ = HTMLExporter(template_name="lab").from_notebook_node(book)
    html = re.sub(r"<script[^>]*src=[^>]*></script>", "", html)  # nothing from the network
    html = html.replace("</head>", f"<style>{WRAPPED}</style></head>", 1)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "notebook.html"
        page.write_text(html)
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
        command = ["chromium", *options, f"--print-to-pdf={target}", str(page)]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
    without_tags(target)


def without_tags(file: Path) -> None:
    """Leave out what screen readers use: half of the file, and not looked at here."""
    pages = PdfWriter()
    for page in PdfReader(file).pages:
        page.pop("/StructParents", None)
        pages.add_page(page)
    pages.write(file)
