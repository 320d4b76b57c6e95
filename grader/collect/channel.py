"""The host's end of the pipes to a box. It believes nothing and waits for nothing forever."""

from __future__ import annotations

import json
import os
import select
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.errors import ChannelError
from grader.model.outcome import ExitReason

if TYPE_CHECKING:
    from grader.collect.deadline import Deadline
    from grader.sandbox.box import Box

__all__ = ["BEGIN", "DONE", "ENDED", "EVIDENCE", "READY", "Channel", "Frame", "Interrupted"]

HEADER = struct.Struct("<cIIQ")
READY, BEGIN, EVIDENCE, ENDED, DONE, JOB, STEP = (b"R", b"B", b"E", b"X", b"D", b"J", b"S")
JSON_BYTES = 8 * 1024**2
POLL_SECONDS = 0.05
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Frame:
    """One frame from the box.

    Attributes:
        kind: One of READY, BEGIN, EVIDENCE, ENDED, DONE.
        index: Position of the request in the job.
        text: Its JSON, unparsed.
        body: Raw numbers.
    """

    kind: bytes
    index: int
    text: bytes
    body: bytes


class Interrupted(Exception):
    """No frame will come: the box hit a limit, ended, or spoke out of turn.

    Args:
        reason: The exit reason for what was being measured.
        detail: More, for the staff.
    """

    def __init__(self, reason: ExitReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Channel:
    """Frames to and from one box."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def send(self, kind: bytes, payload: Any) -> None:
        """Write one frame to the worker.

        Raises:
            Interrupted: The worker is gone.
        """
        text = json.dumps(payload, separators=(",", ":")).encode()
        data = HEADER.pack(kind, 0, len(text), 0) + text
        try:
            while data:
                data = data[os.write(self._box.job_fd, data) :]
        except BrokenPipeError:
            raise self._ended("the box ended before it took its work") from None

    def finish(self) -> None:
        """Say that there is no more work. Closed once: the number is soon another thread's file."""
        job_fd, self._box.job_fd = self._box.job_fd, -1
        if job_fd >= 0:
            os.close(job_fd)

    def receive(self, deadline: Deadline, body_limit: int) -> Frame:
        """Read the next frame.

        Args:
            deadline: Until when to wait.
            body_limit: Largest body to accept, in bytes; nothing beyond it is read.

        Raises:
            Interrupted: Time, memory or output ran out, or the box ended.
        """
        head = self._read(HEADER.size, deadline)
        kind, index, json_size, body_size = HEADER.unpack(head)
        if json_size > JSON_BYTES or body_size > body_limit:
            raise Interrupted(
                ExitReason.CRASH, f"a frame of {json_size} + {body_size} bytes was refused"
            )
        text = self._read(json_size, deadline)
        return Frame(kind, index, text, self._read(body_size, deadline))

    def _read(self, size: int, deadline: Deadline) -> bytes:
        data = bytearray()
        while len(data) < size:
            wait = min(POLL_SECONDS, deadline.left_seconds())
            if wait <= 0:
                raise Interrupted(ExitReason.TIMEOUT, "the time limit was reached")
            ready, _, _ = select.select([self._box.evidence_fd], [], [], wait)
            if (hit := self._box.over_limit()) is not None:
                raise Interrupted(hit, f"the box's limit was hit: {hit.value}")
            if not ready:
                continue
            part = os.read(self._box.evidence_fd, min(size - len(data), CHUNK_BYTES))
            if not part:
                raise self._ended("the box ended in the middle of its work")
            data += part
        return bytes(data)

    def _ended(self, detail: str) -> Interrupted:
        hit = self._box.over_limit()
        return Interrupted(hit or ExitReason.KILLED, detail)


def parse_versions(frame: Frame) -> dict[str, str]:
    """The worker's versions, from its first frame.

    Raises:
        ChannelError: It is not what our worker sends.
    """
    try:
        found = json.loads(frame.text)
        return {str(k)[:40]: str(v)[:80] for k, v in found.items()}
    except (ValueError, AttributeError) as error:
        raise ChannelError(f"the box's worker did not introduce itself: {error}") from error
