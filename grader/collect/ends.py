"""Whose fault is it that a box ended? Once may be the machine's; twice in one place is the code's.

Somebody ends a box, or the kernel does when the whole machine is short of memory: from outside
that looks as when student code kills its own worker. So the first such end of a measurement is not
believed, and it is made again in another box. What ends that one too was the student's code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DOUBTED_AT_MOST", "Ends"]

DOUBTED_AT_MOST = 3
"""Boxes that one submission may have on top of the others because of ends that were in doubt."""


class Ends:
    """The ends of one submission's boxes that no limit explains.

    Args:
        doubted: Digests of requests in which there was one before.
    """

    def __init__(self, doubted: Iterable[str] = ()) -> None:
        self.doubted = list(doubted)
        self._confirmed = False

    def believed(self, digest: str) -> bool:
        """Whether an end in this request is the student's; if not, it is to be made again."""
        if not self._confirmed and digest not in self.doubted:
            if len(self.doubted) < DOUBTED_AT_MOST:
                self.doubted.append(digest)
                return False
        elif digest in self.doubted:
            self._confirmed = True
        return True
