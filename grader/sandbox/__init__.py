"""The box: policy to argv, limits, seccomp filter, self-check. One backend per file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from grader.errors import SandboxError
from grader.registry import Registry
from grader.sandbox.box import Box, BoxExit, Limits, Property, Sandbox, Slot

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "SANDBOXES",
    "Box",
    "BoxExit",
    "Limits",
    "Property",
    "Sandbox",
    "Slot",
    "make_sandbox",
]

SANDBOXES: Registry[Callable[[], Sandbox]] = Registry("sandbox")
"""Name → how to make it."""


def _bubblewrap() -> Sandbox:
    if sys.platform != "linux":
        raise SandboxError(
            "others' code is graded on Linux only",
            mend="use a Linux machine, a container or WSL2; `grade check` runs your own code here",
        )
    from grader.sandbox.bubblewrap import Bubblewrap

    return Bubblewrap()


def _unboxed() -> Sandbox:
    from grader.sandbox.unboxed import Unboxed

    return Unboxed()


SANDBOXES.register("bubblewrap", _bubblewrap)
SANDBOXES.register("none", _unboxed)


def make_sandbox(name: str) -> Sandbox:
    """Return a sandbox by name.

    Raises:
        UnknownNameError: There is none of that name.
    """
    return SANDBOXES[name]()
