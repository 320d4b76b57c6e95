"""The pipes between a box and the grader, and the thread that reads its output up to the limit."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence

__all__ = ["GRACE_SECONDS", "Channels", "Command", "Output", "close_quietly"]

Command = Callable[[int, int], Sequence[str]]
"""(job descriptor, evidence descriptor) → what runs in the box."""

GRACE_SECONDS = 2.0
"""For a worker that is done, or that has no job, to end by itself."""


class Channels:
    """Three pipes: the job in, the evidence and the output out."""

    def __init__(self) -> None:
        self.job_read, self.job_write = os.pipe()
        self.evidence_read, self.evidence_write = os.pipe()
        self.output_read, self.output_write = os.pipe()

    def close_box_ends(self) -> None:
        """Close what only the box may hold."""
        close_quietly(self.job_read, self.evidence_write, self.output_write)
        self.job_read = self.evidence_write = self.output_write = -1

    def close(self) -> None:
        """Close everything, for a box that did not start."""
        self.close_box_ends()
        close_quietly(self.job_write, self.evidence_read, self.output_read)
        self.job_write = self.evidence_read = self.output_read = -1


class Output:
    """Reads a box's output until it ends or is too long.

    Args:
        fd: Read end; closed at the end.
        limit: Bytes kept; one more ends the box.
        kill: Ends the box.
    """

    def __init__(self, fd: int, limit: int, kill: Callable[[], None]) -> None:
        self.exceeded = False
        self._fd = fd
        self._limit = limit
        self._kill = kill
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._read, name="box-output", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while len(self._kept) <= self._limit:
                part = os.read(self._fd, min(65536, self._limit + 1 - len(self._kept)))
                if not part:
                    return
                self._kept += part
            self.exceeded = True
            self._kill()
        finally:
            close_quietly(self._fd)

    def finish(self, seconds: float) -> bytes:
        """Wait for the end and return what was kept."""
        self._thread.join(seconds)
        return bytes(self._kept[: self._limit])


def close_quietly(*descriptors: int) -> None:
    """Close descriptors, whatever state they are in."""
    for fd in descriptors:
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)
