"""Limits by control groups, version 2: for root, and for users with a delegated session."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import SandboxError
from grader.sandbox.box import Limits
from grader.sandbox.limits import cgroup
from grader.sandbox.limits.cgroup_v1 import OWN_PROCESSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.sandbox.limits.base import Enforcer, Mechanism

__all__ = ["CgroupV2"]

ROOT = Path("/sys/fs/cgroup")
NEEDED = frozenset({"memory", "pids"})


class CgroupV2:
    """One group per box, below the nearest group that hands memory and pids to its children."""

    memory = "cgroup v2"
    processes = "cgroup v2 and RLIMIT_NPROC"
    needs = (
        "needs memory and pids under version 2, and a group that we may write: as root, or in"
        " systemd-run --user --scope -p Delegate=yes grade …"
    )

    def __init__(self, parent: Path) -> None:
        self._parent = parent

    @classmethod
    def probe(cls) -> Mechanism | None:
        """Find a parent, make a group, let a process join it, remove it."""
        own = own_group()
        if own is None:
            return None
        for parent in candidates(own):
            if not _hands_down(parent) and not _take_over(parent):
                continue
            mechanism = cls(parent)
            try:
                cgroup.sweep(parent)
                enforcer = mechanism.enforce(Limits())
                joined = _can_join(enforcer)
                enforcer.close()
            except (SandboxError, OSError):
                continue
            if joined:
                return mechanism
        return None

    def enforce(self, limits: Limits) -> Enforcer:
        """Make the group of one box."""
        group = self._parent / cgroup.group_name()
        enforcer = GroupV2(group)
        try:
            group.mkdir()
            _write(group / "memory.max", limits.memory_bytes)
            with contextlib.suppress(FileNotFoundError):  # there only where swap is counted
                _write(group / "memory.swap.max", 0)
            _write(group / "pids.max", limits.processes + OWN_PROCESSES)
        except OSError as error:
            enforcer.close()
            raise SandboxError(
                f"a control group cannot be made: {error.strerror}", where=str(error.filename)
            ) from error
        return enforcer


class GroupV2:
    """The group of one box."""

    data_bytes: int | None = None

    def __init__(self, group: Path) -> None:
        self.group = group
        self._exceeded = False
        self._peak: int | None = None
        self.prefix = cgroup.join_prefix([group])

    def started(self, pid: int, kill: Callable[[], None]) -> None:
        """Nothing to do: the kernel watches."""

    def memory_exceeded(self) -> bool:
        """Whether the kernel killed a process of the box for its memory."""
        if not self._exceeded:
            self._exceeded = cgroup.read_counter(self.group / "memory.events", "oom_kill") > 0
        return self._exceeded

    def peak_memory_bytes(self) -> int | None:
        """What the kernel saw; None before Linux 5.19."""
        with contextlib.suppress(OSError):
            self._peak = int((self.group / "memory.peak").read_text(encoding="ascii"))
        return self._peak

    def close(self) -> None:
        """Remove the group and everything in it."""
        self.memory_exceeded()
        self.peak_memory_bytes()
        with contextlib.suppress(OSError):
            _write(self.group / "cgroup.kill", 1)  # Linux 5.14; `remove` kills one by one
        cgroup.remove(self.group)


def own_group(root: Path = ROOT) -> Path | None:
    """Find the group that this process is in, on machines that have version 2 only."""
    if not (root / "cgroup.controllers").is_file():
        return None
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        if line.startswith("0::"):
            folder = root / line[3:].lstrip("/")
            return folder if folder.is_dir() else root
    return None


def candidates(own: Path, root: Path = ROOT) -> list[Path]:
    """List our own group and those above it, nearest first."""
    return [own, *(parent for parent in own.parents if parent.is_relative_to(root))]


def _hands_down(group: Path) -> bool:
    with contextlib.suppress(OSError):
        return set((group / "cgroup.subtree_control").read_text(encoding="ascii").split()) >= NEEDED
    return False


def _take_over(group: Path) -> bool:
    """Hand memory and pids to the children of a group that holds nothing but us.

    A group with children that have controllers may hold no process itself, so we move into a child.
    The root of all groups, which has no type, may hold any.
    """
    try:
        available = set((group / "cgroup.controllers").read_text(encoding="ascii").split())
        if not available >= NEEDED:
            return False
        if (group / "cgroup.type").exists():
            members = {int(word) for word in (group / "cgroup.procs").read_text("ascii").split()}
            if members != {os.getpid()}:
                return False
            leaf = group / "grader-host"
            leaf.mkdir(exist_ok=True)
            _write(leaf / "cgroup.procs", os.getpid())
        (group / "cgroup.subtree_control").write_text("+memory +pids", encoding="ascii")
    except (OSError, ValueError):
        return False
    return True


def _can_join(enforcer: Enforcer) -> bool:
    import subprocess

    return (
        subprocess.run([*enforcer.prefix, "/bin/true"], check=False, capture_output=True).returncode
        == 0
    )


def _write(path: Path, value: int) -> None:
    path.write_text(str(value), encoding="ascii")
