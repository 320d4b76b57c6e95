"""Reads notebooks of any age as plain JSON, leniently.

Students' files miss most of what nbformat asks for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Cell", "NotebookError", "read_notebook"]


class NotebookError(Exception):
    """The file is not a notebook that can be read."""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        number: From 1, over all cells of the notebook.
        kind: `code`, `markdown`, `raw` or what the file says.
        text: The source.
        tags: As set in Jupyter's cell metadata.
        outputs: Stored text outputs: the student's claims.
        html: Stored outputs in HTML, such as pandas' tables.
        images: Stored pictures.
        error: Name of the error that its stored outputs end in, when the student last ran it.
    """

    number: int
    kind: str
    text: str
    tags: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    html: tuple[str, ...] = ()
    images: int = 0
    error: str = ""


def read_notebook(text: str) -> tuple[Cell, ...]:
    """Read the cells of a notebook, formats 3 and 4.0 to 4.5.

    Raises:
        NotebookError: It is not JSON, or holds no list of cells.
    """
    if not text.strip():
        raise NotebookError("the notebook is an empty file")
    try:
        whole = json.loads(text)
    except RecursionError:
        raise NotebookError("the notebook's JSON is nested too deeply") from None
    except ValueError as error:
        hint = " (a merge conflict is left in it)" if "<<<<<<<" in text else ""
        raise NotebookError(f"the notebook is not valid JSON: {error}{hint}") from None
    raw = _raw_cells(whole)
    if raw is None:
        raise NotebookError("the file is JSON but holds no list of cells")
    return tuple(_cell(number, entry) for number, entry in enumerate(raw, start=1))


def _raw_cells(whole: Any) -> list[Any] | None:
    if not isinstance(whole, dict):
        return None
    if isinstance(whole.get("cells"), list):
        return list(whole["cells"])
    sheets = whole.get("worksheets")
    if isinstance(sheets, list):  # nbformat 3
        cells: list[Any] = []
        for sheet in sheets:
            if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list):
                cells += sheet["cells"]
        return cells
    return None


def _cell(number: int, entry: Any) -> Cell:
    if not isinstance(entry, dict):
        return Cell(number, "raw", "")
    kind = entry.get("cell_type", "raw")
    kind = kind if isinstance(kind, str) else "raw"
    source = entry.get("source", entry.get("input", ""))  # nbformat 3 says input
    metadata = entry.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    outputs = entry.get("outputs")
    return Cell(
        number=number,
        kind="markdown" if kind in {"heading", "html"} else kind,
        text=_joined(source).replace("\r\n", "\n").replace("\r", "\n"),
        tags=tuple(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else (),
        outputs=_outputs(outputs) if isinstance(outputs, list) else (),
        html=_html(outputs) if isinstance(outputs, list) else (),
        images=_images(outputs) if isinstance(outputs, list) else 0,
        error=_error(outputs) if isinstance(outputs, list) else "",
    )


def _data(outputs: list[Any]) -> list[dict[str, Any]]:
    """What outputs hold, by MIME type; nbformat 3 has it at the output itself."""
    found = []
    for output in outputs:
        if isinstance(output, dict):
            data = output.get("data")
            found.append(data if isinstance(data, dict) else output)
    return found


def _html(outputs: list[Any]) -> tuple[str, ...]:
    texts = (_joined(data.get("text/html", data.get("html", ""))) for data in _data(outputs))
    return tuple(text for text in texts if text)


def _images(outputs: list[Any]) -> int:
    kinds = ("image/png", "image/jpeg", "image/svg+xml", "png", "jpeg", "svg")
    return sum(any(data.get(kind) for kind in kinds) for data in _data(outputs))


def _error(outputs: list[Any]) -> str:
    names = [
        output.get("ename", "")
        for output in outputs
        if isinstance(output, dict) and output.get("output_type") in ("error", "pyerr")
    ]
    return names[-1] if names and isinstance(names[-1], str) else ""


def _outputs(outputs: list[Any]) -> tuple[str, ...]:
    """Text that was printed or shown; a stored traceback is no claim."""
    texts = []
    for output in outputs:
        if not isinstance(output, dict) or output.get("output_type") in ("error", "pyerr"):
            continue
        text = _joined(output.get("text", ""))
        data = output.get("data")
        if isinstance(data, dict):
            text += _joined(data.get("text/plain", ""))
        if text:
            texts.append(text)
    return tuple(texts)


def _joined(source: Any) -> str:
    if isinstance(source, str):
        return source
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return ""
