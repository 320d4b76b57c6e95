"""Makes forbidden names raise when the student calls them; libraries may still use them.

A function's own code is replaced where Python allows it, so that it raises whatever name it is
called by and whenever that name was taken.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import sys
from sys import _getframe
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from ..shims.faults import ForbiddenAPI

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..shims.uses import Uses

__all__ = ["forbid"]

SAME = (
    ("torch.nn.functional.", ("torch._C._nn.", "torch.ops.aten.")),
    ("torch.nn.functional.cross_entropy", ("torch._C._nn.cross_entropy_loss",)),
    ("torch.autograd.backward", ("torch.autograd.Variable._execution_engine.run_backward",)),
)
"""What is the same thing in C, by another name."""

SITE = f"{os.sep}site-packages{os.sep}"
STANDARD = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120 - compared with code's file names
OURS = __file__.rsplit(os.sep, 2)[0] + os.sep
DEEPEST = 200


def forbid(names: Iterable[str], uses: Uses, within: Iterable[str] = ()) -> None:
    """Replace each named function, method or constructor; of a module, all that it offers.

    Args:
        names: Such as `torch.nn.Linear` or `torch.Tensor.backward`.
        uses: Finds the student's line.
        within: Functions and classes of the student's in which they are forbidden, with what
            these call; empty: anywhere.
    """
    watch = _Watch(uses, frozenset(within))
    for name in names:
        for spelling in _spellings(name):
            found = _resolve(spelling)
            if found is not None:
                watch.replace(name, *found)


def _spellings(name: str) -> Iterator[str]:
    yield name
    for begin, others in SAME:
        for other in others:
            if name == begin or (begin.endswith(".") and name.startswith(begin)):
                yield other + name.removeprefix(begin)


def _resolve(name: str) -> tuple[Any, str, Any] | None:
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            owner: Any = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:-1]:
            owner = getattr(owner, part, None)
        target = getattr(owner, parts[-1], None)
        return None if target is None else (owner, parts[-1], target)
    return None


class _Watch:
    """What is replaced, and what happens when it is called."""

    def __init__(self, uses: Uses, within: frozenset[str]) -> None:
        self.uses = uses
        self.within = within
        self.replaced: set[int] = set()
        self.kept: list[Any] = []

    def replace(self, name: str, owner: Any, attribute: str, target: Any) -> None:
        """Replace one thing, once."""
        if id(target) in self.replaced:
            return
        self.replaced.add(id(target))
        self.kept.append(target)  # its id is nobody else's
        try:
            if isinstance(target, ModuleType):
                self._module(name, target)
            elif inspect.isclass(target):  # still a class, for `isinstance` and for libraries
                init = self._raising(name, target.__init__, made=target)
                setattr(target, "__init__", init)  # noqa: B010 - typed as a method
            elif isinstance(target, FunctionType) and not target.__code__.co_freevars:
                self._code(name, target)
            else:
                self._everywhere(name, owner, attribute, target)
        except (TypeError, AttributeError):
            return  # a type made in C: the static search sees it

    def _module(self, name: str, module: ModuleType) -> None:
        root = module.__name__.split(".", 1)[0]
        for attribute, target in list(vars(module).items()):
            if attribute.startswith("_"):
                continue
            home = getattr(target, "__module__", None) or getattr(target, "__name__", "")
            if isinstance(target, ModuleType):
                if target.__name__.startswith(f"{module.__name__}."):
                    self.replace(f"{name}.{attribute}", module, attribute, target)
            elif callable(target) and str(home).split(".", 1)[0] == root:
                self.replace(f"{name}.{attribute}", module, attribute, target)

    def _code(self, name: str, target: FunctionType) -> None:
        original = FunctionType(
            target.__code__, target.__globals__, target.__name__, target.__defaults__
        )
        original.__kwdefaults__ = target.__kwdefaults__
        raising = self._raising(name, original)
        target.__code__ = _calling(raising, target.__code__)
        target.__defaults__ = None
        target.__kwdefaults__ = None

    def _everywhere(self, name: str, owner: Any, attribute: str, target: Any) -> None:
        """Under each name that a loaded module of the same library gives it."""
        raising = self._raising(name, target)
        setattr(owner, attribute, raising)
        root = name.split(".", 1)[0]
        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "").split(".", 1)[0] != root:
                continue
            for known, value in list(getattr(module, "__dict__", {}).items()):
                if value is target:
                    setattr(module, known, raising)

    def _raising(
        self, name: str, original: Callable[..., Any], *, made: type | None = None
    ) -> Callable[..., Any]:
        @functools.wraps(original)
        def forbidden(*args: Any, **kwargs: Any) -> Any:
            frame: FrameType | None = _getframe(1)
            if frame is not None and frame.f_code.co_filename == __file__:
                frame = frame.f_back  # the code put into a function
            if made is not None and args:
                frame = self._maker(frame, args[0], made)
            asking = self._student(frame)
            if asking and self._counts(frame):
                error = ForbiddenAPI(name, self.uses.place(frame))
                self.uses.note("api.forbidden", error.message)
                raise error
            return original(*args, **kwargs)

        return forbidden

    def _maker(self, frame: FrameType | None, instance: Any, made: type) -> FrameType | None:
        """Who makes an instance, through the constructors of the student's own subclasses.

        Also through a library's, where a class of theirs names both; what a library's class is made
        of is the library's affair.
        """
        kinds = type(instance).__mro__
        named = any(made in kind.__bases__ and not _is_librarys(kind) for kind in kinds)
        while frame is not None and _is_init_of(frame, instance) and frame.f_back:
            if not named and not self.uses.is_student(frame.f_code.co_filename):
                break
            frame = frame.f_back
        return frame

    def _student(self, frame: FrameType | None) -> bool:
        """Whether the student asks, maybe through `exec`, a thread or `functools`.

        Nobody on the stack but the standard library: a thread of the student's, since a
        library's own begins with its own function.
        """
        for _ in range(DEEPEST):
            if frame is None:
                return True
            file = frame.f_code.co_filename
            if self.uses.is_student(file) or frame.f_globals.get("__name__") == "__main__":
                return not file.startswith(OURS)
            plumbing = file.startswith("<") or (file.startswith(STANDARD) and SITE not in file)
            if not plumbing:
                return False
            frame = frame.f_back
        return False

    def _counts(self, frame: FrameType | None) -> bool:
        """Whether one of the functions on the stack is where the names are forbidden."""
        if not self.within:
            return True
        while frame is not None:
            code = frame.f_code
            parts = code.co_qualname.split(".")
            inside = self.within.intersection(parts) or ".".join(parts[-2:]) in self.within
            if not inside and parts[-1] != "<module>" and code.co_argcount:
                inside = bool(self.within.intersection(_classes_of(frame)))
            if inside and self.uses.is_student(code.co_filename):
                return True
            frame = frame.f_back
        return False


def _classes_of(frame: FrameType) -> Iterator[str]:
    """Of a method put into a class from outside: the classes of its first argument."""
    first = frame.f_locals.get(frame.f_code.co_varnames[0])
    for kind in type(first).__mro__:
        yield kind.__name__


def _is_librarys(kind: type) -> bool:
    """Whether an installed module holds a class under its name."""
    module = sys.modules.get(kind.__module__)
    installed = SITE in str(getattr(module, "__file__", None)) or kind.__module__ == "builtins"
    return installed and getattr(module, kind.__name__, None) is kind


def _is_init_of(frame: FrameType, instance: Any) -> bool:
    return frame.f_code.co_name == "__init__" and frame.f_locals.get("self") is instance


def _calling(function: Callable[..., Any], like: CodeType) -> CodeType:
    """Code that hands its arguments to a function, which it holds as a constant."""

    def template(*args: Any, **kwargs: Any) -> Any:
        function: Any = "the function"
        return function(*args, **kwargs)

    code = template.__code__
    constants = tuple(function if c == "the function" else c for c in code.co_consts)
    return code.replace(co_consts=constants, co_name=like.co_name, co_qualname=like.co_qualname)
