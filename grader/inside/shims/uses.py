"""Who used a shim: finds the student's own line and remarks on it once."""

from __future__ import annotations

from collections import Counter
from sys import _getframe
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from ..session import Session

__all__ = ["Uses"]

REMARKS_PER_CODE = 10
"""The eleventh use of the same thing tells nothing new, and would crowd out other remarks."""
PLUMBING = (
    "<frozen ",
    "/importlib/",
    "/genericpath.py",
    "/posixpath.py",
    "/pathlib.py",
    "/pathlib/",
    "/os.py",
    "/glob.py",
    "/contextlib.py",
    "/shutil.py",
    "/zipfile.py",
    "/tarfile.py",
    "/numpy/lib/",
    "/pandas/io/",
    "/scipy/io/",
    "/PIL/",
    "/torchvision/datasets/",
)
"""Files that stand between a student's line and the file it asks for, asking on its behalf."""


class Uses:
    """Remarks on uses of shims, each with the student's cell and line.

    Args:
        session: Where remarks go, and what knows the student's files.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._theirs: dict[str, bool] = {}
        self._made: set[tuple[str, str, int]] = set()
        self._count: Counter[str] = Counter()
        self.stubbed: set[str] = set()
        """Packages that a stub stands in for."""
        self.fetch: Callable[[str | list[str]], bool] | None = None
        """Does what a shell command about a dataset at hand would have done."""

    def is_student(self, filename: str) -> bool:
        """Whether code compiled under this name is the student's."""
        known = self._theirs.get(filename)
        if known is None:
            known = self._theirs[filename] = self._session.place_of(filename, 1) is not None
        return known

    def student_frame(self, frame: FrameType | None = None) -> FrameType | None:
        """The innermost frame of student code, however deep in libraries we are."""
        frame = frame or _getframe(1)
        while frame is not None and not self.is_student(frame.f_code.co_filename):
            frame = frame.f_back
        return frame

    def direct_caller(self) -> FrameType | None:
        """The frame of student code that asked for this itself, not through a library."""
        frame: FrameType | None = _getframe(1)
        while frame is not None:
            filename = frame.f_code.co_filename
            if self.is_student(filename):
                return frame
            if not (filename.startswith(_HERE) or any(part in filename for part in PLUMBING)):
                return None
            frame = frame.f_back
        return None

    def importing(self) -> bool:
        """Whether a module is being imported between the student's line and us."""
        frame: FrameType | None = _getframe(1)
        while frame is not None and not self.is_student(frame.f_code.co_filename):
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                return True
            frame = frame.f_back
        return False

    def place(self, frame: FrameType | None = None) -> dict[str, Any] | None:
        """The student's line that we were called from."""
        found = self.student_frame(frame or _getframe(1))
        if found is None:
            return None
        return self._session.place_of(found.f_code.co_filename, found.f_lineno)

    def note_at(self, code: str, message: str, filename: str, line: int) -> None:
        """Remark on a line of the student's that is known."""
        self._session.remark(code, message, self._session.place_of(filename, line))

    def note(self, code: str, message: str) -> None:
        """Remark on the student's line that we were called from, once."""
        found = self.student_frame(_getframe(1))
        filename, line = (found.f_code.co_filename, found.f_lineno) if found else ("", 0)
        if (code, filename, line) in self._made or self._count[code] >= REMARKS_PER_CODE:
            return
        self._made.add((code, filename, line))
        self._count[code] += 1
        place = self._session.place_of(filename, line) if found else None
        self._session.remark(code, message, place)


_HERE = __file__.rsplit("/", 2)[0]
