"""Files that are whole or not there, and that say themselves whether they are as they were written.

A sealed file is `{"sha256":"<64>","content":<JSON>}`. The digest is over the file's name in the
store and the exact bytes of the content: a flipped bit, a cut end and a file in another's place are
all noticed before anything of it is believed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import tempfile
from pathlib import Path

from grader.errors import StoreError

__all__ = ["UNFINISHED", "DamagedError", "seal", "unseal", "write_atomically"]

UNFINISHED = ".writing-"
"""How files begin that are not in their place yet; what a killed run left of them is no result."""
HEAD = '{{"sha256":"{}","content":'
HEAD_BYTES = len(HEAD.format("0" * 64))


class DamagedError(ValueError):
    """A file is not what was written."""


def seal(name: str, content: bytes) -> bytes:
    """Wrap JSON so that `unseal` with the same name knows it again."""
    return HEAD.format(_digest(name, content)).encode() + content + b"}"


def unseal(name: str, data: bytes) -> bytes:
    """Give the JSON that was sealed under this name.

    Raises:
        DamagedError: It is not, or not under this name.
    """
    content = data[HEAD_BYTES:-1]
    if not hmac.compare_digest(seal(name, content), data):
        raise DamagedError("its content does not fit its checksum")
    return content


def _digest(name: str, content: bytes) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape") + b"\0" + content).hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a whole file or nothing.

    Raises:
        StoreError: The folder cannot be written.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise StoreError(
            f"cannot be written: {error.strerror}",
            where=str(path),
            mend="free some space, or choose a folder that you may write with --out; then run "
            "the same command again: what was finished is kept",
        ) from error
