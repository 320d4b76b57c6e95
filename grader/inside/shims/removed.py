"""Gives modules back the names that newer versions removed, each with a remark on its use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .uses import Uses

__all__ = ["give_back", "without_keyword"]


def give_back(
    module: Any, uses: Uses, names: Mapping[str, Callable[[], Any]], instead: Mapping[str, str]
) -> None:
    """Answer for missing attributes of a module, to student code only.

    Args:
        module: Which.
        uses: Told.
        names: Attribute → what makes its value.
        instead: Attribute → what to write today.
    """
    asked_before = module.__dict__.get("__getattr__")
    short = module.__name__.rpartition(".")[2]

    def __getattr__(name: str) -> Any:  # noqa: N807 - the module's own hook
        make = names.get(name)
        if make is not None and uses.direct_caller() is not None:
            today = instead.get(name, "a newer name")
            uses.note(
                f"compat.{short}_{name}",
                f"{module.__name__}.{name} was removed; write {today} today",
            )
            return make()
        if asked_before is not None:
            return asked_before(name)
        raise AttributeError(f"module '{module.__name__}' has no attribute '{name}'")

    module.__getattr__ = __getattr__


def without_keyword(
    function: Callable[..., Any], uses: Uses, code: str, renames: Mapping[str, str | None]
) -> Callable[..., Any]:
    """Accept keywords that were removed or renamed.

    Args:
        function: The newer one.
        uses: Told.
        code: Of the remark.
        renames: Old keyword → its new name, None to drop it.
    """
    import functools

    @functools.wraps(function)
    def accepting(*args: Any, **kwargs: Any) -> Any:
        for old, new in renames.items():
            if old in kwargs:
                value = kwargs.pop(old)
                today = f"'{new}' is its name today" if new else "leave it out"
                uses.note(code, f"the argument '{old}' was removed; {today}")
                if new:
                    kwargs.setdefault(new, value)
        return function(*args, **kwargs)

    return accepting
