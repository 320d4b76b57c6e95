"""Where in a TOML text each key stands, since `tomllib` does not tell.

    Places(text).line(("task", 0, "criterion", 2, "points"))  # → 41

The scanner reads only as much of TOML as it needs to find keys, and assumes text that `tomllib`
has accepted. Tables, arrays of tables, dotted keys, inline tables and arrays are followed.
"""

from __future__ import annotations

import bisect
import json
import re

__all__ = ["KeyPath", "Places"]

KeyPath = tuple[str | int, ...]
"""Keys and indices from the top, as one would index the parsed data."""

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
GAP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
GAP_OR_COMMA = re.compile(r"(?:[ \t\r\n,]+|#[^\n]*)*")
SCALAR = re.compile(r"[^,\]}\r\n#]*")
LITERAL = re.compile(r"'[^'\n]*'")
BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
LONG_LITERAL = re.compile(r"'''.*?'{3,5}", re.DOTALL)
LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL)


class Places:
    """The line of every key and array element of a valid TOML text.

    Args:
        text: What `tomllib` accepted, as it was passed to it.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._lines: dict[KeyPath, int] = {}
        self._tables: dict[KeyPath, int] = {}
        """Arrays of tables and how many elements each has so far."""
        self._at = 0
        self._scan()

    def line(self, path: KeyPath) -> int:
        """The line, from 1, of a key, or of the nearest thing around it that the text has."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return 1

    def _scan(self) -> None:
        table: KeyPath = ()
        while True:
            self._skip(GAP)
            if self._at >= len(self._text):
                return
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        start = self._at
        array = self._text.startswith("[[", start)
        self._at += 2 if array else 1
        keys = self._keys()
        self._at += 2 if array else 1
        path: KeyPath = ()
        for key in keys[:-1]:
            path = (*path, key)
            self._note(path, start)
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        path = (*path, keys[-1])
        self._note(path, start)
        if array:
            index = self._tables.get(path, 0)
            self._tables[path] = index + 1
            path = (*path, index)
            self._note(path, start)
        else:
            self._lines[path] = self._line_at(start)  # [a.b] may have come before [a]
        return path

    def _pair(self, table: KeyPath) -> None:
        start = self._at
        path = table
        for key in self._keys():
            path = (*path, key)
            self._note(path, start)
        self._skip(GAP)
        self._at += 1  # the equals sign
        self._skip(GAP)
        self._value(path)

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._skip(GAP)
            keys.append(self._key())
            self._skip(GAP)
            if not self._text.startswith(".", self._at):
                return keys
            self._at += 1

    def _key(self) -> str:
        first = self._text[self._at : self._at + 1]
        if first == "'":
            return self._take(LITERAL)[1:-1]
        if first == '"':
            return _unescape(self._take(BASIC))
        return self._take(BARE_KEY)

    def _value(self, path: KeyPath) -> None:
        for opening, pattern in (
            ('"""', LONG_BASIC),
            ("'''", LONG_LITERAL),
            ('"', BASIC),
            ("'", LITERAL),
        ):
            if self._text.startswith(opening, self._at):
                self._take(pattern)
                return
        if self._text.startswith("[", self._at):
            self._elements(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        else:
            self._take(SCALAR)

    def _elements(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while True:
            self._skip(GAP_OR_COMMA)
            if self._text.startswith("]", self._at):
                self._at += 1
                return
            self._note((*path, index), self._at)
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while True:
            self._skip(GAP_OR_COMMA)
            if self._text.startswith("}", self._at):
                self._at += 1
                return
            self._pair(path)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None or not found.group():
            message = f"not the TOML that was parsed, at line {self._line_at(self._at)}"
            raise ValueError(message)
        self._at = found.end()
        return found.group()

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()

    def _note(self, path: KeyPath, offset: int) -> None:
        self._lines.setdefault(path, self._line_at(offset))

    def _line_at(self, offset: int) -> int:
        return bisect.bisect_right(self._starts, offset)


def _unescape(quoted: str) -> str:
    """The key that a basic string spells: JSON's escapes and the long one of eight digits."""
    short = re.sub(
        r"\\U([0-9A-Fa-f]{8})", lambda found: json.dumps(chr(int(found[1], 16)))[1:-1], quoted
    )
    return str(json.loads(short, strict=False))
