"""The output folder of a run: ours alone while it grades, and known to be writable before."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from grader.collect.sealed import UNFINISHED
from grader.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["claimed"]

ROOM_BYTES = 1 << 16
"""Written and removed again: a full disk is found before anything is measured."""
REPORT_SECONDS = 60.0
"""What a report left unfinished for so long, nobody is writing any more."""


@contextlib.contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Make the folder, hold it, and clear away what a killed run left half written.

    Raises:
        ConfigurationError: It cannot be written, or another run is grading into it.
    """
    evidence = out / "evidence"
    try:
        evidence.mkdir(parents=True, exist_ok=True)
        for folder in (out, evidence, *_there(out / "feedback")):
            with tempfile.NamedTemporaryFile(dir=folder, prefix=UNFINISHED) as file:
                file.write(b"\0" * ROOM_BYTES)
                file.flush()
        lock = os.open(evidence / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ConfigurationError(
            f"the output folder cannot be written: {error.strerror}",
            where=str(error.filename or out),
            mend="choose a folder that you may write with --out, or make room on its disk; "
            "nothing was run",
        ) from error
    try:
        _hold(lock, out)
        _clear(out)
        yield
    finally:
        os.close(lock)  # which gives it up, as does the end of this process, however it comes


def _there(folder: Path) -> tuple[Path, ...]:
    return (folder,) if folder.is_dir() else ()


def _hold(lock: int, out: Path) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 20).decode(errors="replace").strip()
        raise ConfigurationError(
            f"another `grade` is grading into this folder (process {holder or 'unknown'})",
            where=str(out),
            mend="wait until it has ended and run again, or choose another folder with --out",
        ) from None
    except OSError:
        return  # this file system knows no locks; every file is still written whole
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _clear(out: Path) -> None:
    """Remove what was never put in its place."""
    for path in (out / "evidence").rglob(f"{UNFINISHED}*"):
        with contextlib.suppress(OSError):
            path.unlink()
    for path in (*out.glob(f"{UNFINISHED}*"), *out.glob(f"feedback/{UNFINISHED}*")):
        with contextlib.suppress(OSError):  # `grade report` may be writing here
            if abs(time.time() - path.stat().st_mtime) > REPORT_SECONDS:
                path.unlink()
