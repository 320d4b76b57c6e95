"""Stands in for `google.colab`: the drive is the submission, uploads are its files."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from .stubs import StubFinder
    from .uses import Uses

__all__ = ["install"]


class Uploaded(dict[str, bytes]):
    """What `files.upload()` returns: the submitted files, read when asked for.

    Args:
        roots: Folders of submitted files.
    """

    def __init__(self, roots: list[str]) -> None:
        names: dict[str, bytes] = {}
        self._paths: dict[str, Path] = {}
        for root in roots:
            for path in sorted(Path(root).iterdir()):
                if path.is_file() and path.suffix != ".ipynb":
                    names[path.name] = b""
                    self._paths[path.name] = path
        super().__init__(names)

    def __getitem__(self, name: str) -> bytes:
        return self._paths[name].read_bytes()

    def values(self) -> Any:
        """The contents."""
        return [self[name] for name in self]

    def items(self) -> Any:
        """Names and contents."""
        return [(name, self[name]) for name in self]


def install(uses: Uses, stubs: StubFinder, roots: list[str]) -> None:
    """Offer the package to the import system."""

    def fill(module: ModuleType) -> None:
        uses.note("shim.colab", "google.colab is only there on Colab; a stand-in took its place")
        if module.__name__ == "google.colab":
            for name in FILLERS:
                importlib.import_module(f"google.colab.{name}")
        filler = FILLERS.get(module.__name__.rpartition(".")[2])
        if filler is not None:
            filler(module, uses, roots)

    stubs.offer("google", lambda _module: None, cosmetic=False)
    stubs.offer("google.colab", fill, cosmetic=False)


def _drive(module: Any, uses: Uses, _roots: list[str]) -> None:
    def mount(mountpoint: str = "/content/drive", *_args: Any, **_kwargs: Any) -> None:
        uses.note("shim.colab", f"no drive is mounted at '{mountpoint}'; submitted files stand in")
        print(f"Mounted at {mountpoint}")

    module.mount = mount
    module.flush_and_unmount = lambda *_args, **_kwargs: None


def _files(module: Any, uses: Uses, roots: list[str]) -> None:
    def upload(*_args: Any, **_kwargs: Any) -> Uploaded:
        uses.note("shim.colab", "nobody is here to upload; the submitted files stand in")
        return Uploaded(roots)

    module.upload = upload
    module.download = lambda *_args, **_kwargs: None
    module.view = lambda *_args, **_kwargs: None


def _userdata(module: Any, _uses: Uses, _roots: list[str]) -> None:
    module.get = lambda *_args, **_kwargs: ""


def _patches(module: Any, _uses: Uses, _roots: list[str]) -> None:
    def cv2_imshow(image: Any) -> None:
        import matplotlib.pyplot as plt

        plt.figure()
        plt.imshow(image[..., ::-1] if getattr(image, "ndim", 0) > 2 else image)  # noqa: PLR2004
        plt.show()

    module.cv2_imshow = cv2_imshow


FILLERS = {"drive": _drive, "files": _files, "userdata": _userdata, "patches": _patches}
