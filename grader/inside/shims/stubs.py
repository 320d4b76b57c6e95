"""Cosmetic packages that are missing here: progress bars, summaries, loggers.

A stub is given only to the student's own import, only when the real package is not installed, and
is named in the execution's `stubbed_packages`.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from sys import _getframe
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from .uses import Uses

__all__ = ["Anything", "StubFinder", "install"]

COSMETIC = """
    aim clearml colorama comet_ml gdown graphviz hiddenlayer icecream ipywidgets livelossplot
    mlflow neptune nvidia_smi opendatasets prettytable progressbar pynvml requests rich seaborn
    tensorboard tensorboardX tensorboard_logger termcolor torchinfo torchsummary torchsummaryX
    torchview torchviz tqdm visdom wandb kaggle jupyterthemes google_drive_downloader
""".split()  # noqa: SIM905 - words read better than a column of strings


IMPORTING = ("<frozen importlib._bootstrap", "<frozen importlib>")  # `importlib.util` only asks
BETWEEN = "/importlib/__init__.py"
OWN = "/inside/shims/"


class Anything:
    """Answers every attribute, call, item and `with` with itself, and is empty."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        """Whatever the arguments."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **_kwargs: Any) -> Any:
        """A decorator gives its function back."""
        if len(args) == 1 and callable(args[0]) and not isinstance(args[0], Anything):
            return args[0]
        return self

    def __getitem__(self, _key: object) -> Any:
        return self

    def __setitem__(self, _key: object, _value: object) -> None:
        """Forget it."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_exc: object) -> None:
        """Nothing to undo."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return ""

    __str__ = __repr__


class StubModule(ModuleType):
    """A module in which every name exists."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        kind = (
            type(name, (Anything,), {"__module__": self.__name__}) if name[:1].isupper() else None
        )
        value = kind or Anything()
        setattr(self, name, value)
        return value


class StubFinder(MetaPathFinder, Loader):
    """The last to be asked by the import system.

    Args:
        uses: Told about every stub.
    """

    def __init__(self, uses: Uses) -> None:
        self._uses = uses
        self._offers: dict[str, Callable[[Any], None]] = {}
        self._cosmetic: set[str] = set()

    def offer(self, name: str, fill: Callable[[Any], None], *, cosmetic: bool = True) -> None:
        """Stand in for a package and everything below it.

        Args:
            name: The package, dotted when it is below another.
            fill: Puts what students use into the module.
            cosmetic: Whether it counts as a stub.
        """
        self._offers[name] = fill
        if cosmetic:
            self._cosmetic.add(name)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Offer a stub for what nobody else found."""
        del path, target
        offered = self._offered(fullname)
        if offered is None:
            return None
        parent = sys.modules.get(fullname.rpartition(".")[0])
        if not isinstance(parent, StubModule) and not self._wanted_by_student():
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty stub."""
        return StubModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Fill it and say so."""
        offered = self._offered(module.__name__)
        assert offered is not None
        module.__path__ = []
        if offered in self._cosmetic:
            self._uses.stubbed.add(offered)
            self._uses.note(
                f"stub.{offered}",
                f"'{offered}' is not installed here; an empty stand-in took its place",
            )
        self._offers[offered](module)

    def _offered(self, fullname: str) -> str | None:
        parts = fullname.split(".")
        names = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
        return next((name for name in names if name in self._offers), None)

    def _wanted_by_student(self) -> bool:
        """Whether the import statement itself is the student's."""
        return imported_by(self._uses)


class InsteadOfTensorboard(MetaPathFinder):
    """torch's own writer is there but cannot work without the package.

    Args:
        stubs: Loads the stand-in.
    """

    NAME = "torch.utils.tensorboard"

    def __init__(self, stubs: StubFinder) -> None:
        self._stubs = stubs

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Offer the stub where the package is missing."""
        del path, target
        if fullname != self.NAME or importlib.util.find_spec("tensorboard") is not None:
            return None
        return ModuleSpec(fullname, self._stubs, is_package=True)


def imported_by(uses: Uses) -> bool:
    """Whether the import that is under way was written by the student."""
    frame: FrameType | None = _getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if uses.is_student(name):
            return True
        if not (name.startswith(IMPORTING) or name.endswith(BETWEEN) or OWN in name):
            return False
        frame = frame.f_back
    return False


def install(uses: Uses) -> StubFinder:
    """Stand at the end of the import system's line."""
    from . import stub_packages

    finder = StubFinder(uses)
    for name in COSMETIC:
        finder.offer(name, stub_packages.FILLERS.get(name, _nothing))
    finder.offer(InsteadOfTensorboard.NAME, stub_packages.FILLERS["tensorboard"])
    sys.meta_path.insert(0, InsteadOfTensorboard(finder))
    sys.meta_path.append(finder)
    return finder


def _nothing(_module: Any) -> None:
    """Every name exists by itself."""
