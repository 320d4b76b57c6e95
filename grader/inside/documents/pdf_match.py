"""Whether a PDF shows every cell of a notebook: by pieces of the cells' text."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..source.notebooks import Cell

__all__ = ["PIECE", "essence", "share_found", "to_see"]

PIECE = 16
"""Characters of a piece: long enough to be one cell's own, short enough for a line."""
LEAST = 10
"""Characters from which a cell has something to see."""

FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$\n]*\$|\\\[.*?\\\]|\\\(.*?\\\)", re.DOTALL)
TAGS = re.compile(r"<[^>\n]{1,500}>|!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|&\w+;")


def essence(text: str) -> str:
    """Letters and digits alone, in lower case: what spaces, line ends and fonts cannot change."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return "".join(c for c in plain if c.isascii() and c.isalnum())


def to_see(cell: Cell) -> list[str]:
    """The essence of what a reader would see of a cell, run by run; empty when there is too little.

    A formula is set in other characters: it ends a run.
    """
    if cell.kind != "markdown":
        runs = [essence(cell.text)]
    else:
        runs = [essence(TAGS.sub(" ", part)) for part in FORMULA.split(cell.text)]
    return [run for run in runs if len(run) >= LEAST]


def share_found(runs: list[str], whole: str) -> float:
    """The share of a cell's pieces that are in the PDF's essence, 0 to 1."""
    pieces = [piece for run in runs for piece in _pieces(run)]
    found = [piece in whole for piece in pieces]
    return sum(found) / max(1, len(found))


def _pieces(run: str) -> list[str]:
    if len(run) <= PIECE:
        return [run]
    return [run[i : i + PIECE] for i in range(0, len(run) - PIECE + 1, PIECE // 2)]
