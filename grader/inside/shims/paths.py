"""Paths of the author's own machine: reads find submitted files, writes go to the scratch space.

What works by itself is left alone. A read that fails is tried again where `Places` says; a write to
a foreign path goes to its mirror, and folders that do not exist yet are made.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import shutil
import stat
import threading
from typing import TYPE_CHECKING, Any

from .places import Places, exists
from .served import is_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from .hooks import AfterImport
    from .uses import Uses

__all__ = ["install"]

_open, _mkdir, _chdir = builtins.open, os.mkdir, os.chdir
_lstat, _unlink, _access = os.lstat, os.unlink, os.access

QUESTIONS = ("stat", "lstat")
READS = ("listdir", "scandir", "listxattr", "getxattr")
CHANGES = ("remove", "unlink", "rmdir", "rename", "replace", "chmod", "utime", "setxattr")
CAPABILITIES = ("dir_fd", "effective_ids", "fd", "follow_symlinks")


class Paths:
    """The patched functions.

    Args:
        places: Decides.
        uses: Told.
    """

    def __init__(self, places: Places, uses: Uses) -> None:
        self.places = places
        self.uses = uses
        self._busy = threading.local()

    def open(self, file: Any, mode: Any = "r", *args: Any, **kwargs: Any) -> Any:
        """As `open`."""
        path = text_of(file)
        if path is None or not isinstance(mode, str) or self._inside():
            return _open(file, mode, *args, **kwargs)
        if any(letter in mode for letter in "wxa"):
            return _open(self.writable(path), mode, *args, **kwargs)
        try:
            return _open(file, mode, *args, **kwargs)
        except (FileNotFoundError, PermissionError) as error:
            found = self.readable(path)
            if found is None:
                raise
            if "+" in mode and self.places.is_foreign(found):
                raise error from None
            return _open(found, mode, *args, **kwargs)

    def reading(self, original: Callable[..., Any], *, folders: bool) -> Callable[..., Any]:
        """A function whose first argument is a path to be read.

        Only the student's own question is answered for another file: libraries ask for many paths,
        and mean them.

        Args:
            original: The real one.
            folders: Whether a submitted folder stands in wherever it lies. Where code asks whether
                there is one before it makes one, it is to make it.
        """

        @functools.wraps(original)
        def read(path: Any = ".", *args: Any, **kwargs: Any) -> Any:
            try:
                return original(path, *args, **kwargs)
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                text = text_of(path)
                if text is None or self._inside():
                    raise
                found = self.readable(text, direct=True, folders=folders)
                if found is None:
                    raise
                return original(found, *args, **kwargs)

        return read

    def access(self, path: Any, mode: int, **kwargs: Any) -> bool:
        """As `os.access`, which does not raise."""
        if _access(path, mode, **kwargs):
            return True
        text = text_of(path)
        if text is None or self._inside() or exists(text):
            return False
        found = self.readable(text, direct=True, folders=False)
        return found is not None and _access(found, mode, **kwargs)

    def same(self, original: Callable[..., bool]) -> Callable[..., bool]:
        """Whether a file would be copied onto itself: what stands in for its copy is no copy."""

        @functools.wraps(original)
        def same(source: Any, target: Any) -> bool:
            text = text_of(target)
            if text is not None and not exists(self.places.to_write(text)):
                return False
            return original(source, target)

        return same

    def mkdir(self, path: Any, *args: Any, **kwargs: Any) -> None:
        """As `os.mkdir`."""
        text = text_of(path)
        if text is None or not self._ask() or not self.places.is_foreign(text):
            _mkdir(path, *args, **kwargs)
            return
        target = self.places.mirror(text)
        make_folders(os.path.dirname(target))  # noqa: PTH120 - the real functions
        _mkdir(target, *args, **kwargs)
        self._note(text, target)

    def changing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A function that moves, marks or removes: foreign paths mean their mirrors."""

        @functools.wraps(original)
        def change(*args: Any, **kwargs: Any) -> Any:
            named = {name: self._mirrored(value) for name, value in kwargs.items()}
            return original(*map(self._mirrored, args), **named)

        return change

    def _mirrored(self, path: Any) -> Any:
        text = text_of(path)
        if text is None or not self.places.is_foreign(text) or not self._ask():
            return path
        target = self.places.mirror(text)
        return target if is_folder(os.path.dirname(target)) else path  # noqa: PTH120

    def chdir(self, path: Any) -> None:
        """As `os.chdir`; a folder that is not here leaves us where we are."""
        try:
            _chdir(path)
        except OSError:
            text = text_of(path)
            if text is None or not self._ask():
                raise
            found = self.readable(text)
            if found is not None and is_folder(found):
                _chdir(found)
                return
            if not self.places.is_foreign(text):
                raise
            self.uses.note(
                "shim.path", f"the folder '{text}' is not here; the working folder stayed the same"
            )

    def writable(self, path: str) -> str:
        """Where a file of that path can be written; its folder exists afterwards."""
        if not self._ask():
            return path
        target = self.places.to_write(path)
        folder = os.path.dirname(target)  # noqa: PTH120
        if folder and not is_folder(folder):
            make_folders(folder)
            if target == path:
                self.uses.note(
                    "shim.path",
                    f"the folder of '{path}' did not exist and was made; create it in your code"
                    " with os.makedirs(..., exist_ok=True)",
                )
        if target != path:
            self._note(path, target)
        if is_link(target):
            _unlink(target)  # a large submitted file is linked, not copied, and stays as it was
        return target

    def readable(self, path: str, *, direct: bool = False, folders: bool = True) -> str | None:
        """What stands in for a path that does not exist, if the student asked for it.

        Args:
            path: As the code has it.
            direct: Only if the student's own line asks.
            folders: Whether a submitted folder stands in wherever it lies.
        """
        self._busy.now = True
        try:
            if self.uses.importing():
                return None
            asked = self.uses.direct_caller() if direct else self.uses.student_frame()
            if asked is None:
                return None
            found = self.places.to_read(path, folders=folders)
            if found is not None:
                self._note(path, found)
            elif self.places.served is not None and not direct:
                self.places.served.refuse_missing(path)
            return found
        finally:
            self._busy.now = False

    def _inside(self) -> bool:
        return getattr(self._busy, "now", False)

    def _ask(self) -> bool:
        """Whether student code is behind this, and not the import system."""
        if self._inside():
            return False
        self._busy.now = True
        try:
            return self.uses.student_frame() is not None and not self.uses.importing()
        finally:
            self._busy.now = False

    def _note(self, path: str, target: str) -> None:
        served = self.places.served
        copy = served.holding(target) if served is not None else None
        if served is not None and copy is not None:
            served.note(copy, f"'{path[:200]}'")
            return
        if os.path.normpath(target).endswith(os.sep + os.path.normpath(path)):
            return  # where it says, below the submission: a good relative path
        name = os.path.basename(target.rstrip("/"))  # noqa: PTH119
        kind = (
            "a folder of the scratch space"
            if target.startswith(self.places.mirror_root)
            else f"the submitted '{name}'"
        )
        self.uses.note(
            "shim.path",
            f"'{path[:300]}' exists on no machine but yours; {kind} stood in for it."
            " Use paths relative to the notebook",
        )


def make_folders(path: str) -> None:
    """As `os.makedirs(..., exist_ok=True)`, by the real functions."""
    parent = os.path.dirname(path)  # noqa: PTH120
    if parent and not is_folder(parent):
        make_folders(parent)
    if not is_folder(path):
        _mkdir(path)


def is_link(path: str) -> bool:
    """As `os.path.islink`, by the real file system."""
    try:
        return stat.S_ISLNK(_lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def text_of(path: Any) -> str | None:
    """The path as text; None for descriptors and other things."""
    try:
        text = os.fspath(path)
    except TypeError:
        return None
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    return text if isinstance(text, str) and "\0" not in text else None


def install(uses: Uses, hooks: AfterImport, scratch: str, roots: list[str]) -> Places:
    """Patch the standard library's doors to the file system."""
    places = Places(scratch, roots)
    paths = Paths(places, uses)
    builtins.open = paths.open
    io.open = paths.open
    for name in (*QUESTIONS, *READS):
        if hasattr(os, name):
            _replace(name, paths.reading(getattr(os, name), folders=name in READS))
    for name in CHANGES:
        if hasattr(os, name):
            _replace(name, paths.changing(getattr(os, name)))
    _replace("access", paths.access)
    _replace("mkdir", paths.mkdir)
    _replace("chdir", paths.chdir)
    copying: Any = shutil
    copying.rmtree = paths.changing(shutil.rmtree)
    copying._samefile = paths.same(copying._samefile)  # noqa: SLF001 - asked before each copy
    hooks.patch("torch.serialization", functools.partial(_patch_torch, paths=paths))
    hooks.patch("IPython.core.interactiveshell", _patch_ipython)
    hooks.patch("numpy.lib._datasource", _patch_numpy)
    hooks.patch("tarfile", _patch_tarfile)
    return places


def _replace(name: str, function: Callable[..., Any]) -> None:
    """Put a function in `os`, with the capabilities that `os` lists by identity."""
    original = getattr(os, name)
    for capability in CAPABILITIES:
        known = getattr(os, f"supports_{capability}")
        if original in known:
            known.add(function)
    setattr(os, name, function)


def _patch_torch(serialization: Any, paths: Paths) -> None:
    """`torch.save` writes past Python's `open`."""
    import torch

    original = serialization.save

    @functools.wraps(original)
    def save(obj: Any, f: Any, *args: Any, **kwargs: Any) -> Any:
        path = text_of(f)
        return original(obj, f if path is None else paths.writable(path), *args, **kwargs)

    serialization.save = save
    torch.save = save


def _patch_ipython(module: Any) -> None:
    """IPython gives notebooks an `open` of its own, made from the one it was imported with."""
    module.io_open = builtins.open


def _patch_numpy(module: Any) -> None:
    """`numpy.loadtxt` keeps an `open` from when it was imported."""
    module._file_openers._file_openers[None] = builtins.open  # noqa: SLF001


def _patch_tarfile(module: Any) -> None:
    """So does `tarfile`."""
    module.bltn_open = builtins.open
