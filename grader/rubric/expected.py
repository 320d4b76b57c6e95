"""The public functions of a rubric's `expected.py`: float64 numpy answers, computed on the host."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from grader.errors import RubricError

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

__all__ = ["Expected"]

ONE_AT_A_TIME = threading.RLock()


class Expected(Mapping[str, Callable[..., Any]]):
    """Name → function. The file is imported at the first look, since it brings numpy along.

    It is the course's own code and trusted; a submission never gets here.

    Args:
        file: `expected.py`; it need not be there.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._functions: dict[str, Callable[..., Any]] | None = None

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return self._loaded()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded())

    def __len__(self) -> int:
        return len(self._loaded())

    def __contains__(self, name: object) -> bool:
        return name in self._loaded()

    def _loaded(self) -> dict[str, Callable[..., Any]]:
        with ONE_AT_A_TIME:  # submissions are scored in several threads
            if self._functions is None:
                self._functions = _functions(self.file) if self.file.is_file() else {}
            return self._functions


def _functions(file: Path) -> dict[str, Callable[..., Any]]:
    module = _import(file)
    return {
        name: value
        for name, value in sorted(vars(module).items())
        if not name.startswith("_")
        and callable(value)
        and getattr(value, "__module__", None) == module.__name__
    }


def _import(file: Path) -> ModuleType:
    key = hashlib.sha256(str(file.resolve()).encode() + file.read_bytes()).hexdigest()[:16]
    name = f"grader_rubric_expected_{key}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        message = "cannot be imported"
        raise RubricError(message, where=str(file), mend="name it expected.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up while it is being made
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        where = f"{file}:{_line(error, file)}"
        message = f"{type(error).__name__}: {error}"
        raise RubricError(message, where=where, mend="it must import cleanly") from error
    return module


def _line(error: Exception, file: Path) -> int:
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno or 1
    line = 1
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
