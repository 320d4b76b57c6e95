"""Makes forbidden names raise when the student calls them; libraries may still use them."""

from __future__ import annotations

import functools
import importlib
import inspect
from sys import _getframe
from typing import TYPE_CHECKING, Any

from ..shims.faults import ForbiddenAPI

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..shims.uses import Uses

__all__ = ["forbid"]


def forbid(names: Iterable[str], uses: Uses) -> None:
    """Replace each named function, method or constructor.

    Args:
        names: Such as `torch.nn.Linear` or `torch.Tensor.backward`.
        uses: Finds the student's line.
    """
    for name in names:
        found = _resolve(name)
        if found is None:
            continue
        owner, attribute, target = found
        try:
            if inspect.isclass(target):  # still a class, for `isinstance` and for libraries
                setattr(target, "__init__", _raising(name, target.__init__, uses, constructor=True))  # noqa: B010 - typed as a method
            else:
                setattr(owner, attribute, _raising(name, target, uses, constructor=False))
        except (TypeError, AttributeError):
            continue  # a type made in C: the static search sees it


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


def _raising(
    name: str, original: Callable[..., Any], uses: Uses, *, constructor: bool
) -> Callable[..., Any]:
    @functools.wraps(original)
    def forbidden(*args: Any, **kwargs: Any) -> Any:
        frame = _getframe(1)
        if constructor and args:  # through the constructors of the student's own subclasses
            while frame.f_code.co_name == "__init__" and frame.f_locals.get("self") is args[0]:
                if frame.f_back is None:
                    break
                frame = frame.f_back
        if uses.is_student(frame.f_code.co_filename):
            error = ForbiddenAPI(name, uses.place(frame))
            uses.note("api.forbidden", error.message)
            raise error
        return original(*args, **kwargs)

    return forbidden
