"""Pre-trained weights that this machine has, for boxes to read.

PyTorch keeps them in `$TORCH_HOME/hub/checkpoints`, each under a name that ends in the first digits
of its SHA-256. Only files that fit their names are handed on: what else lies there is nobody's.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from grader.collect.serving import cache_root
from grader.datasets import link_or_copy, open_to_all

__all__ = ["pretrained_weights"]

OFFICIAL = re.compile(r"vgg\d\d(_bn)?-([0-9a-f]{8,64})\.pth")
"""The nets that assignments speak of."""
CHECKPOINTS = Path("hub") / "checkpoints"


def torch_home() -> Path:
    """Where PyTorch looks on this machine."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("TORCH_HOME") or Path(cache) / "torch").expanduser()


def pretrained_weights() -> Path | None:
    """A folder to use as `TORCH_HOME` in a box, or None when there are no weights here."""
    found = sorted((torch_home() / CHECKPOINTS).glob("*.pth"))
    named = [file for file in found if OFFICIAL.fullmatch(file.name) and file.is_file()]
    stamps = tuple((str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in named)
    return _gathered(stamps) if stamps else None


@functools.lru_cache(maxsize=4)
def _gathered(stamps: tuple[tuple[str, int, int], ...]) -> Path | None:
    cache = cache_root()
    name = hashlib.sha256(repr(stamps).encode()).hexdigest()[:16]
    folder = cache / f"torch-{name}"
    if folder.is_dir():
        with contextlib.suppress(OSError):  # another user's cache
            os.utime(folder)  # still in use
        return folder
    genuine = [file for file in (Path(stamp[0]) for stamp in stamps) if _fits_its_name(file)]
    if not genuine:
        return None
    cache.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=cache, prefix=".making-torch-"))
    try:
        for file in genuine:
            link_or_copy(file, temporary / "torch" / CHECKPOINTS / file.name)
        open_to_all(temporary / "torch")
        (temporary / "torch").rename(folder)
    except OSError:
        if not folder.is_dir():  # else another grader was quicker
            return None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _fits_its_name(file: Path) -> bool:
    match = OFFICIAL.fullmatch(file.name)
    with file.open("rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    return match is not None and digest.startswith(match[2])
