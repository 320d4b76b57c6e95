"""The doors through which student code downloads and unpacks, patched to ask the fetcher first."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
from typing import TYPE_CHECKING, Any, Self

from .fetching import Fetcher
from .stub_packages import FILLERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .hooks import AfterImport
    from .places import Places
    from .served import Copy, Served
    from .stubs import StubFinder
    from .uses import Uses

__all__ = ["install"]

_open = open


class Archive:
    """Stands in for an open archive of a dataset.

    Args:
        fetcher: Lays it out.
        copy: What it holds.
    """

    def __init__(self, fetcher: Fetcher, copy: Copy) -> None:
        self._fetcher = fetcher
        self._copy = copy

    def extractall(self, path: Any = ".", *_args: Any, **_kwargs: Any) -> None:
        """Lay the dataset out."""
        self._fetcher.unpack(self._copy, os.fspath(path) if path is not None else ".")

    def extract(self, _member: Any, path: Any = ".", *_args: Any, **_kwargs: Any) -> None:
        """One member brings them all."""
        self.extractall(path)

    def getnames(self) -> list[str]:
        """Its files."""
        index = self._copy.index()
        return sorted(path for paths in index.values() for path in paths)

    getmembers = infolist = namelist = getnames

    def close(self) -> None:
        """Nothing to close."""

    def __iter__(self) -> Any:
        return iter(self.getnames())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        """Nothing to close."""


class Response(io.BytesIO):
    """What `urlopen` gives for a file at hand."""

    status = code = status_code = 200
    ok = True
    headers: dict[str, str] = {}

    @property
    def content(self) -> bytes:
        """As `requests` has it."""
        return self.getvalue()

    @property
    def raw(self) -> Response:
        """As `requests` has it."""
        return self

    def iter_content(self, chunk_size: int | None = 1 << 20) -> Any:
        """As `requests` has it."""
        while part := self.read(chunk_size or -1):
            yield part

    def raise_for_status(self) -> None:
        """All is well."""

    def info(self) -> dict[str, str]:
        """No headers."""
        return self.headers


def install(
    uses: Uses, hooks: AfterImport, served: Served, places: Places, stubs: StubFinder
) -> Fetcher:
    """Patch functions that download and unpack, where anything is at hand."""
    fetcher = Fetcher(served, uses, places.to_write)
    if not served.copies:
        return fetcher
    hooks.patch("urllib.request", functools.partial(_urllib, fetcher=fetcher))
    hooks.patch("torchvision.datasets.utils", functools.partial(_torchvision, fetcher=fetcher))
    hooks.patch("torch.hub", functools.partial(_hub, fetcher=fetcher))
    hooks.patch("tarfile", functools.partial(_tarfile, fetcher=fetcher))
    hooks.patch("zipfile", functools.partial(_zipfile, fetcher=fetcher))
    hooks.patch("requests", functools.partial(_requests, fetcher=fetcher))
    stubs.offer("requests", functools.partial(_requests_stub, fetcher=fetcher))
    hooks.patch("shutil", functools.partial(_shutil, fetcher=fetcher))
    hooks.patch("subprocess", functools.partial(_subprocess, fetcher=fetcher))
    os.system = _quiet(os.system, fetcher, 0)
    return fetcher


def _read(fetcher: Fetcher, url: Any) -> Response | None:
    """The bytes of a URL about a dataset at hand."""
    text = str(getattr(url, "full_url", url))
    name = re.split(r"[?#]", text.rstrip("/"))[0].rsplit("/", 1)[-1] or "download"
    with contextlib.suppress(OSError):
        place = fetcher.fetch(text, os.path.join("/tmp", f"fetched-{name}"))  # noqa: PTH118,S108
        if place is not None:
            with _open(place, "rb") as file:
                return Response(file.read())
    return None


def _urllib(request: Any, fetcher: Fetcher) -> None:
    retrieve, original = request.urlretrieve, request.urlopen

    @functools.wraps(retrieve)
    def urlretrieve(url: Any, filename: Any = None, *args: Any, **kwargs: Any) -> Any:
        place = fetcher.fetch(str(url), os.fspath(filename) if filename else "")
        if place is None:
            return retrieve(url, filename, *args, **kwargs)
        return os.fspath(filename) if filename else place, {}

    @functools.wraps(original)
    def urlopen(url: Any, *args: Any, **kwargs: Any) -> Any:
        found = _read(fetcher, url)
        return original(url, *args, **kwargs) if found is None else found

    request.urlretrieve, request.urlopen = urlretrieve, urlopen


def _requests(requests: Any, fetcher: Fetcher) -> None:
    original = requests.get

    def get(url: Any, *args: Any, **kwargs: Any) -> Any:
        found = _read(fetcher, url)
        return original(url, *args, **kwargs) if found is None else found

    requests.get = get


def _requests_stub(requests: Any, fetcher: Fetcher) -> None:
    FILLERS["requests"](requests)
    _requests(requests, fetcher)


def _torchvision(utils: Any, fetcher: Fetcher) -> None:
    originals = {
        name: getattr(utils, name)
        for name in ("download_url", "download_and_extract_archive", "extract_archive")
    }

    def download_url(url: str, root: Any, filename: Any = None, *args: Any, **kwargs: Any) -> Any:
        name = filename or os.path.basename(url)  # noqa: PTH119
        if fetcher.fetch(url, os.path.join(os.fspath(root), name)) is None:  # noqa: PTH118
            originals["download_url"](url, root, filename, *args, **kwargs)

    def download_and_extract_archive(
        url: str, download_root: Any, extract_root: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        name = os.path.join(os.fspath(download_root), os.path.basename(url))  # noqa: PTH118,PTH119
        place = fetcher.fetch(url, name)
        if place is None:
            originals["download_and_extract_archive"](
                url, download_root, extract_root, *args, **kwargs
            )
        else:
            extract_archive(place, extract_root or download_root)

    def extract_archive(from_path: Any, to_path: Any = None, *args: Any, **kwargs: Any) -> Any:
        copy = fetcher.marked(from_path)
        folder = os.fspath(to_path or os.path.dirname(from_path))  # noqa: PTH120
        if copy is None:
            return originals["extract_archive"](from_path, to_path, *args, **kwargs)
        fetcher.unpack(copy, folder)
        return folder

    for function in (download_url, download_and_extract_archive, extract_archive):
        setattr(utils, function.__name__, functools.wraps(originals[function.__name__])(function))


def _hub(hub: Any, fetcher: Fetcher) -> None:
    original = hub.download_url_to_file

    @functools.wraps(original)
    def download_url_to_file(url: str, dst: str, *args: Any, **kwargs: Any) -> Any:
        if fetcher.fetch(url, dst) is None:
            original(url, dst, *args, **kwargs)

    hub.download_url_to_file = download_url_to_file


def _tarfile(module: Any, fetcher: Fetcher) -> None:
    original = module.open

    @functools.wraps(original)
    def opened(name: Any = None, mode: str = "r", fileobj: Any = None, *a: Any, **kw: Any) -> Any:
        copy = fetcher.marked(fileobj if fileobj is not None else name) if "r" in mode else None
        return original(name, mode, fileobj, *a, **kw) if copy is None else Archive(fetcher, copy)

    module.open = opened


def _zipfile(module: Any, fetcher: Fetcher) -> None:
    kind = module.ZipFile

    class ZipFile(kind):  # type: ignore[misc,valid-type]
        """Gives a stand-in for the note of a dataset."""

        def __new__(cls, file: Any, *args: Any, **kwargs: Any) -> Any:
            mode = args[0] if args else kwargs.get("mode", "r")
            copy = fetcher.marked(file) if mode == "r" else None
            return super().__new__(cls) if copy is None else Archive(fetcher, copy)

    ZipFile.__name__ = ZipFile.__qualname__ = "ZipFile"
    module.ZipFile = ZipFile


def _shutil(module: Any, fetcher: Fetcher) -> None:
    original = module.unpack_archive

    @functools.wraps(original)
    def unpack_archive(filename: Any, extract_dir: Any = None, *args: Any, **kw: Any) -> Any:
        copy = fetcher.marked(filename)
        if copy is None:
            return original(filename, extract_dir, *args, **kw)
        fetcher.unpack(copy, os.fspath(extract_dir or "."))
        return None

    module.unpack_archive = unpack_archive


def _subprocess(module: Any, fetcher: Fetcher) -> None:
    done = functools.partial(module.CompletedProcess, (), 0, b"", b"")
    module.run = _quiet(module.run, fetcher, done)
    for name, value in (("call", 0), ("check_call", 0), ("check_output", b"")):
        setattr(module, name, _quiet(getattr(module, name), fetcher, value))


def _quiet(original: Callable[..., Any], fetcher: Fetcher, value: Any) -> Callable[..., Any]:
    """A function that runs a command, unless it is about a dataset at hand."""

    @functools.wraps(original)
    def run(command: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(command, str | list | tuple):
            line = command if isinstance(command, str) else [str(word) for word in command]
            if fetcher.command(line):
                return value() if callable(value) else value
        return original(command, *args, **kwargs)

    return run
