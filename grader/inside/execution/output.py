"""Keeps what student code prints, bounded, however much it is."""

from __future__ import annotations

import io
import re
import threading
from typing import TYPE_CHECKING

from .budget import Budget, OutputLimit

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Piece", "Recorder"]

PIECE_LIMIT = 20_000
"""Characters reported of one cell: the record's bound."""
TOTAL_REPORTED = 300_000
"""Characters reported of all cells: a character may take twelve bytes of JSON."""
HALF = PIECE_LIMIT // 2 - 40
TOTAL_WRITTEN = 20_000_000
"""Characters; beyond it the run is ended."""

OWN_OUTPUT = 1
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[@-_]")


class Piece:
    """The output of one cell: its beginning, its end, and how much there was."""

    def __init__(self) -> None:
        self.written = 0
        self._head = ""
        self._tail: list[str] = []
        self._tail_size = 0

    def add(self, text: str) -> None:
        """Append."""
        self.written += len(text)
        room = HALF - len(self._head)
        if room > 0:
            self._head += text[:room]
            text = text[room:]
        if text:
            self._tail.append(text[-HALF:])
            self._tail_size += len(self._tail[-1])
            if self._tail_size > 4 * HALF or len(self._tail) > 1000:  # noqa: PLR2004
                self._compact()

    def _compact(self) -> None:
        text = "".join(self._tail)[-HALF:]
        self._tail = [text]
        self._tail_size = len(text)

    def text(self, limit: int = PIECE_LIMIT) -> str:
        """What it printed, shortened in the middle, as a terminal would have left it."""
        self._compact()
        tail = self._tail[0]
        left_out = self.written - len(self._head) - len(tail)
        if left_out <= 0:
            return shorten(tidy(self._head + tail), limit)
        gap = f"\n… {left_out:,} characters left out …\n"
        return shorten(tidy(self._head) + gap + tidy(tail), limit)


def tidy(text: str) -> str:
    """Drop terminal colours and what a carriage return overwrote."""
    text = ESCAPES.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))
    return text.encode("utf-8", "replace").decode("utf-8")


def shorten(text: str, limit: int) -> str:
    """Cut the middle out."""
    if len(text) <= limit:
        return text
    gap = "\n… shortened …\n"
    half = max((limit - len(gap)) // 2, 0)
    return text[:half] + gap[: limit - 2 * half] + (text[-half:] if half else "")


class Recorder(io.TextIOBase):
    """Stands in for `sys.stdout` and `sys.stderr`."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self.piece = Piece()
        self._written = 0
        self._budget = budget
        self._thread = threading.get_ident()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As in Jupyter."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """Nothing that is printed can fail to be encoded."""
        return "backslashreplace"

    @property
    def over_limit(self) -> bool:
        """Whether more was printed than anyone reads."""
        return self._written > TOTAL_WRITTEN

    def begin(self) -> Piece:
        """A new cell prints from now on."""
        self.piece = Piece()
        return self.piece

    def write(self, text: str, /) -> int:
        """Keep text.

        Raises:
            OutputLimit: More was printed than anyone reads.
        """
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._written += len(text)
        self.piece.add(text)
        if self.over_limit and self._budget.armed and threading.get_ident() == self._thread:
            self._budget.stop(OutputLimit)
            raise OutputLimit
        return len(text)

    def writable(self) -> bool:
        """Yes."""
        return True

    def isatty(self) -> bool:
        """Nobody is watching."""
        return False

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Printing goes on."""

    def reconfigure(self, **_settings: object) -> None:
        """As a text file offers it."""

    @property
    def buffer(self) -> Bytes:
        """For code that prints bytes."""
        return Bytes(self)

    def detach(self) -> Bytes:  # type: ignore[override]
        """For code that wraps what prints."""
        return self.buffer

    def fileno(self) -> int:
        """The process's own output: what is written there is read by nobody."""
        return OWN_OUTPUT


class Bytes(io.RawIOBase):
    """The binary side of a recorder."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: object, /) -> int:
        """Keep bytes as text."""
        raw = bytes(data)  # type: ignore[call-overload]
        self._recorder.write(raw.decode("utf-8", "replace"))
        return len(raw)


def reported(pieces: Iterable[Piece]) -> list[str]:
    """The texts of all cells, within the bound on their sum."""
    kept = list(pieces)
    texts = [piece.text() for piece in kept]
    excess = sum(map(len, texts)) - TOTAL_REPORTED
    limit = PIECE_LIMIT
    while excess > 0 and limit > 100:  # noqa: PLR2004
        limit //= 2
        texts = [shorten(text, limit) for text in texts]
        excess = sum(map(len, texts)) - TOTAL_REPORTED
    return texts
