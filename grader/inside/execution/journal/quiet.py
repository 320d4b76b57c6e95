"""Watching that never raises into student code."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["quiet"]


def quiet(act: Callable[..., Any]) -> Callable[..., Any]:
    """What goes wrong while watching is never the student's."""

    @functools.wraps(act)
    def acting(*args: Any, **kwargs: Any) -> Any:
        try:
            return act(*args, **kwargs)
        except Exception:
            return None

    return acting
