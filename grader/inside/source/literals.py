"""Numbers that stand in the source itself: a net could be hidden there. Imports no torch."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .sources import Chunk

__all__ = ["literals", "numbers_in"]

WORTH_TELLING = 100
MOST_PLACES = 50
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
SHORTEST_BLOB = 200
"""Characters without a space from which text is no word, path or address."""
CHARACTERS_A_NUMBER = 5
"""Of a float32 in base64, rounded down; in base85 too."""
BYTES_A_NUMBER = 4
BLOB = re.compile(rf"[^\s]{{{SHORTEST_BLOB},}}")
LONGEST = 20_000_000
"""Characters of text that are looked through."""


def literals(chunks: Iterable[Chunk]) -> list[dict[str, Any]]:
    """The cells and scripts that hold the most numbers, as the record LiteralsSeen."""
    found = []
    for chunk in chunks:
        if chunk.tree is not None:
            counts = list(_counted(chunk.tree))
            total = sum(count for count, _ in counts)
            if total >= WORTH_TELLING:
                _, line = max(counts)
                place = chunk.place(line)
                told = {"place": place, "numbers": total, "size_bytes": _size(chunk.text)}
                found.append((total, told))
    return [one for _, one in sorted(found, key=lambda pair: -pair[0])][:MOST_PLACES]


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _counted(tree: ast.AST) -> Iterator[tuple[int, int]]:
    """How many numbers each literal amounts to, and its line. Keys that are no numbers' do not."""
    names = {
        id(key)
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict):
            parts = node.values + node.keys if isinstance(node, ast.Dict) else node.elts
            count = sum(_is_number(part) and id(part) not in names for part in parts)
            if count:
                yield count, node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            count = numbers_in(node.value)
            if count:
                yield count, node.lineno


def _is_number(node: ast.AST | None) -> bool:
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float | complex)
        and not isinstance(node.value, bool)
    )


def numbers_in(text: str | bytes) -> int:
    """How many float32 numbers a text may hold: written out, or packed into a blob."""
    if isinstance(text, bytes):
        return len(text) // BYTES_A_NUMBER if len(text) >= SHORTEST_BLOB else 0
    text = text[:LONGEST]
    packed = sum(len(blob) // CHARACTERS_A_NUMBER for blob in BLOB.findall(text))
    words = re.split(r"[\s,;\[\](){}]+", text)
    written = sum(NUMBER.fullmatch(word) is not None for word in words)
    return max(packed, written if written > len(words) // 2 else 0)
