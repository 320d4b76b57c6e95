"""Limits by control groups, version 1: for root where machines and containers still have it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import SandboxError
from grader.sandbox.box import Limits
from grader.sandbox.limits import cgroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.sandbox.limits.base import Enforcer, Mechanism

__all__ = ["CgroupV1"]

OWN_PROCESSES = 4
"""The box's own: bubblewrap outside and inside, and what starts them."""


class CgroupV1:
    """One group below our own per box and controller."""

    memory = "cgroup v1"
    processes = "cgroup v1 and RLIMIT_NPROC"
    needs = "needs root, and memory and pids below /sys/fs/cgroup"

    def __init__(self, memory: Path, pids: Path) -> None:
        self._parents = {"memory": memory, "pids": pids}

    @classmethod
    def probe(cls) -> Mechanism | None:
        """Make a group, set a limit, read it back, remove it."""
        parents = own_groups()
        if parents is None:
            return None
        mechanism = cls(*parents)
        try:
            for parent in parents:
                cgroup.sweep(parent)
            enforcer = mechanism.enforce(Limits())
            enforcer.close()
        except (SandboxError, OSError):
            return None
        return mechanism

    def enforce(self, limits: Limits) -> Enforcer:
        """Make the groups of one box."""
        name = cgroup.group_name()
        memory = self._parents["memory"] / name
        pids = self._parents["pids"] / name
        enforcer = GroupV1(memory, pids)
        try:
            memory.mkdir()
            pids.mkdir()
            _write(memory / "memory.limit_in_bytes", limits.memory_bytes)
            with contextlib.suppress(FileNotFoundError):  # there only where swap is counted
                _write(memory / "memory.memsw.limit_in_bytes", limits.memory_bytes)
            _write(pids / "pids.max", limits.processes + OWN_PROCESSES)
            page = 4096
            in_force = int((memory / "memory.limit_in_bytes").read_text(encoding="ascii"))
            if abs(in_force - limits.memory_bytes) > 16 * page:
                raise SandboxError(f"the memory limit reads {in_force}", where=str(memory))
        except OSError as error:
            enforcer.close()
            raise SandboxError(
                f"a control group cannot be made: {error.strerror}", where=str(error.filename)
            ) from error
        return enforcer


class GroupV1:
    """The two groups of one box."""

    data_bytes: int | None = None

    def __init__(self, memory: Path, pids: Path) -> None:
        self._memory = memory
        self._pids = pids
        self._exceeded = False
        self._peak: int | None = None
        self.prefix = cgroup.join_prefix([memory, pids])

    def started(self, pid: int, kill: Callable[[], None]) -> None:
        """Nothing to do: the kernel watches."""

    def memory_exceeded(self) -> bool:
        """Whether the kernel killed a process of the box for its memory."""
        if not self._exceeded:
            counter = self._memory / "memory.oom_control"
            self._exceeded = cgroup.read_counter(counter, "oom_kill") > 0
        return self._exceeded

    def peak_memory_bytes(self) -> int | None:
        """What the kernel saw, memory file systems included."""
        with contextlib.suppress(OSError):
            text = (self._memory / "memory.max_usage_in_bytes").read_text(encoding="ascii")
            self._peak = int(text)
        return self._peak

    def close(self) -> None:
        """Remove both groups."""
        self.memory_exceeded()
        self.peak_memory_bytes()
        for group in (self._memory, self._pids):
            cgroup.remove(group)


def own_groups() -> tuple[Path, Path] | None:
    """Find the groups that this process is in, as (memory, pids)."""
    found: dict[str, Path] = {}
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            if name in {"memory", "pids"}:
                folder = Path("/sys/fs/cgroup", names) / path.lstrip("/")
                # in a container the path may be the host's, and ours is mounted at the top
                found[name] = folder if folder.is_dir() else Path("/sys/fs/cgroup", names)
    if set(found) != {"memory", "pids"} or not all(path.is_dir() for path in found.values()):
        return None
    return found["memory"], found["pids"]


def _write(path: Path, value: int) -> None:
    path.write_text(str(value), encoding="ascii")
