"""What every limit mechanism offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.sandbox.box import Limits

__all__ = ["Enforcer", "Mechanism"]


class Enforcer(Protocol):
    """The limits of one box."""

    prefix: tuple[str, ...]
    """Put before the box's argv: joins the control groups."""
    data_bytes: int | None
    """RLIMIT_DATA to set on every process, or None."""

    def started(self, pid: int, kill: Callable[[], None]) -> None:
        """Begin to watch.

        Args:
            pid: The box's first process, as this machine numbers it.
            kill: Ends the box.
        """

    def memory_exceeded(self) -> bool:
        """Whether the memory limit was hit. Cheap: polled."""

    def peak_memory_bytes(self) -> int | None:
        """The most memory the box used at once, if known."""

    def close(self) -> None:
        """End what is left and remove what was made. Idempotent."""


class Mechanism(Protocol):
    """A way to limit boxes on this machine."""

    memory: str
    """What enforces the memory limit, such as `cgroup v1`."""
    processes: str
    needs: str
    """What a machine lacks where this does not work, as `grade doctor` says it."""

    @classmethod
    def probe(cls) -> Mechanism | None:
        """Return it if it works here, judged by doing, else None."""

    def enforce(self, limits: Limits) -> Enforcer:
        """Prepare the limits of one box.

        Raises:
            SandboxError: They cannot be set.
        """
