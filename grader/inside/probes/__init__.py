"""Probes by name. Each measures one thing and never judges; each is one small file."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..reply import Reply
    from ..session import Session

__all__ = ["PROBES", "Probe"]


class Probe:
    """A probe that is imported when it is first called.

    Args:
        name: Of the module here, and of the function in it.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, session: Session, params: dict[str, Any], reply: Reply) -> None:
        """Measure."""
        module = importlib.import_module(f".{self.name}", __name__)
        getattr(module, self.name)(session, params, reply)


PROBES: dict[str, Callable[[Session, dict[str, Any], Reply], None]] = {
    name: Probe(name)
    for name in (
        "bind_roles",
        "call_function",
        "compare_pdf",
        "describe_module",
        "execute",
        "find_claims",
        "find_mistakes",
        "find_settings",
        "inspect_source",
        "predict",
        "read_documents",
        "read_tensors",
        "scan_apis",
        "time_module",
        "train_by_hand",
    )
}
