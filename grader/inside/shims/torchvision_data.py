"""torchvision's dataset classes read the grader's copy, whatever root they are given.

Constructors keep their meaning: splits, transforms, subclasses. Nothing is downloaded and no
checksum is compared: a copy may be partial, and its test labels are withheld.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from typing import TYPE_CHECKING, Any

from .faults import DatasetMissing

if TYPE_CHECKING:
    from collections.abc import Callable

    from .hooks import AfterImport
    from .places import Places
    from .served import Copy, Served
    from .uses import Uses

__all__ = ["install"]

CLASSES = {
    "mnist": ("MNIST",),
    "cifar": ("CIFAR10",),
    "svhn": ("SVHN",),
    "imagenette": ("Imagenette",),
}
"""Module of torchvision.datasets → classes whose constructors are ours; subclasses come along."""
OTHERS = frozenset({"KMNIST", "EMNIST", "QMNIST", "CIFAR100"})
"""Subclasses that are other datasets."""


def install(uses: Uses, hooks: AfterImport, served: Served, places: Places) -> None:
    """Patch when torchvision is imported, or now when it already is."""
    for module, names in CLASSES.items():
        hooks.patch(
            f"torchvision.datasets.{module}",
            functools.partial(_patch, names=names, served=served, uses=uses),
        )
    hooks.patch("torchvision.datasets.folder", functools.partial(_folders, places=places))
    hooks.patch("torchvision.io.image", functools.partial(_reading, places=places))


def _patch(module: Any, names: tuple[str, ...], served: Served, uses: Uses) -> None:
    if hasattr(module, "check_integrity"):
        module.check_integrity = _integrity(module.check_integrity, served)
    for name in names:
        kind = getattr(module, name)
        kind.__init__ = _constructor(kind, served, uses)
        for method in ("download", "_download"):
            if method in vars(kind):
                setattr(kind, method, _download(getattr(kind, method), served))
    if "MNIST" in names:
        original = module.MNIST.raw_folder.fget
        module.MNIST.raw_folder = property(functools.partial(_raw_folder, original, served))


def _family(kind: type) -> str:
    """The dataset's family, through the student's subclasses; empty for what is not served."""
    for base in kind.__mro__:
        if base.__module__.startswith("torchvision.datasets."):
            return "" if base.__name__ in OTHERS else f"torchvision.{base.__name__}"
    return ""


def _constructor(kind: Any, served: Served, uses: Uses) -> Callable[..., None]:
    original = kind.__init__
    signature = inspect.signature(original)

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        copy = served.of_family(_family(type(self)))
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError:
            copy = None
        if copy is None:
            original(self, *args, **kwargs)
            return
        given = bound.arguments
        _refuse_extra(copy, given, uses)
        root, size = given.get("root", ""), given.get("size")
        given["root"], given["download"] = copy.path, False
        if "size" in signature.parameters:
            given["size"] = "160px"
        original(*bound.args, **bound.kwargs)
        served.note(copy, type(self).__name__)
        if isinstance(root, str | os.PathLike):
            self.root = os.path.expanduser(root)  # noqa: PTH111 - printed as the student gave it
        if size is not None:
            self._size = size

    return init


def _refuse_extra(copy: Copy, given: dict[str, Any], uses: Uses) -> None:
    """SVHN's extra examples are no part of any assignment.

    Raises:
        DatasetMissing: They are asked for.
    """
    if copy.family == "torchvision.SVHN" and given.get("split") == "extra":
        raise DatasetMissing(
            "SVHN's extra split is not among the data of this assignment: use the train and test"
            " splits",
            uses.place(),
        )


def _download(original: Callable[..., None], served: Served) -> Callable[..., None]:
    @functools.wraps(original)
    def download(self: Any, *args: Any, **kwargs: Any) -> None:
        if served.of_family(_family(type(self))) is None:
            original(self, *args, **kwargs)

    return download


def _integrity(original: Callable[..., bool], served: Served) -> Callable[..., bool]:
    @functools.wraps(original)
    def check_integrity(fpath: Any, md5: str | None = None) -> bool:
        if served.holding(os.fspath(fpath)) is not None:
            return os.path.isfile(fpath)  # noqa: PTH113
        return original(fpath, md5)

    return check_integrity


def _raw_folder(original: Callable[[Any], str], served: Served, self: Any) -> str:
    """A subclass of MNIST still reads MNIST's folder."""
    family = _family(type(self))
    copy = served.of_family(family)
    if copy is not None and str(self.root) == copy.path:
        return os.path.join(copy.path, family.rpartition(".")[2], "raw")  # noqa: PTH118
    return original(self)


def _folders(module: Any, places: Places) -> None:
    """`ImageFolder` walks a root that is not here: the copy's, found once."""
    kind = module.DatasetFolder
    original = kind.__init__

    @functools.wraps(original)
    def init(self: Any, root: Any, *args: Any, **kwargs: Any) -> None:
        if isinstance(root, str | os.PathLike):
            found = places.data(os.path.expanduser(root), splits=True)  # noqa: PTH111
            root = found or root
        original(self, root, *args, **kwargs)

    kind.__init__ = init


def _reading(module: Any, places: Places) -> None:
    """`torchvision.io` reads files past Python's `open`."""
    original = module.read_file

    @functools.wraps(original)
    def read_file(path: Any) -> Any:
        return original(places.data(os.fspath(path)) or path)

    module.read_file = read_file
    package = sys.modules.get("torchvision.io")
    if package is not None:
        package.read_file = read_file  # type: ignore[attr-defined]
