"""One powerless uid per slot, leased while its box is open.

Two boxes under one uid could signal each other if their namespaces ever failed, and share the
kernel's per-uid counts. The lease is a socket name that the kernel frees when we die.
"""

from __future__ import annotations

import contextlib
import pwd
import socket

from grader.errors import SandboxError

__all__ = ["Uid"]

FIRST = 60000
COUNT = 1000


class Uid:
    """A leased uid.

    Raises:
        SandboxError: All are taken.
    """

    def __init__(self) -> None:
        for number in range(FIRST, FIRST + COUNT):
            if _named(number):
                continue
            lease = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                lease.bind(f"\0grader-uid-{number}")
            except OSError:
                lease.close()
                continue
            self.number = number
            self._lease = lease
            return
        raise SandboxError(
            f"all uids from {FIRST} to {FIRST + COUNT - 1} are in use",
            mend="close other graders on this machine, or run fewer boxes at once",
        )

    def release(self) -> None:
        """Give it back. Idempotent."""
        self._lease.close()


def _named(number: int) -> bool:
    with contextlib.suppress(KeyError):
        pwd.getpwuid(number)
        return True
    return False
