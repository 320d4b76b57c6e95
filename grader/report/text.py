"""Text from submissions is hostile: it is bounded, and what it hides is made visible."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LIMIT", "one_line", "shown", "xml_text"]

LIMIT = 4000
"""Characters of one text on a page."""

MARKS_IN_A_ROW = 4
"""Combining marks on one letter, before it grows over its neighbours."""

# C0 and C1 controls (without newline and tab), bidirectional controls, invisible characters, line
# and paragraph separators, surrogates, non-characters, interlinear anchors and tag characters.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)
_CONTROL_PICTURES = 0x2400
_SPACE = 0x20
_DELETE = 0x7F


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < _SPACE:
        return chr(_CONTROL_PICTURES + code)
    if code == _DELETE:
        return "\u2421"
    return f"\u27e8U+{code:04X}\u27e9"


def _calm(text: str) -> str:
    """Drop combining marks beyond a few in a row."""
    kept: list[str] = []
    run = 0
    for character in text:
        run = run + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if run <= MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def shown(text: str, limit: int = LIMIT) -> str:
    """Make text safe to show: controls and bidi marks visible, at most `limit` characters."""
    more = len(text) - limit
    cut = text[:limit].replace("\r\n", "\n")
    if not cut.isascii():
        cut = _calm(cut)
    cut = _UNSAFE.sub(_visible, cut)
    return f"{cut}\u2026 ({more} more characters)" if more > 0 else cut


def one_line(text: str, limit: int = 200) -> str:
    """Make text safe to show in one line."""
    line = " ".join(text[: limit + 1].split())
    return shown(line[:limit]) + ("\u2026" if len(text) > limit else "")


def xml_text(text: str, limit: int = LIMIT) -> str:
    """Make text legal and safe in XML 1.0, where most controls may not even be escaped."""
    return shown(text, limit)
