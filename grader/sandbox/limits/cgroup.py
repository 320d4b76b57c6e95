"""Folders of control groups: their names, how processes join, how they go away.

A group's name says which grader made it, so that the groups of dead graders can be removed:

    grader-<pid namespace>-<pid>-<start time>-<number>
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import signal
import time
from pathlib import Path

from grader.errors import SandboxError

__all__ = ["JOIN", "alive", "group_name", "join_prefix", "read_counter", "remove", "sweep"]

NAME = re.compile(r"grader-(\d+)-(\d+)-(\d+)-(\d+)")
REMOVE_SECONDS = 10.0

JOIN = (
    'for group; do shift; [ "$group" = -- ] && break; '
    'echo $$ >"$group" || exit 125; done; exec "$@"'
)
"""A shell that writes itself into every named `cgroup.procs` and becomes what follows `--`."""

_numbers = itertools.count(1)


def start_time(pid: int) -> int | None:
    """Return when a process started, in ticks since boot; None if it does not run any more."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    words = text.rpartition(")")[2].split()
    return None if words[0] in "ZX" else int(words[19])  # ended, and only not yet waited for


def pid_namespace() -> int:
    """Return the number of our process namespace: pids mean nothing outside it."""
    return Path("/proc/self/ns/pid").stat().st_ino


def group_name() -> str:
    """Return a new group's name."""
    pid = os.getpid()
    return f"grader-{pid_namespace()}-{pid}-{start_time(pid) or 0}-{next(_numbers)}"


def alive(name: str) -> bool | None:
    """Whether the grader that made a group still runs; None when we cannot know."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    namespace, pid, started, _ = (int(part) for part in match.groups())
    if namespace != pid_namespace():
        return None
    return start_time(pid) == started


def join_prefix(groups: list[Path]) -> tuple[str, ...]:
    """Return the words that, put before an argv, run it inside the groups."""
    return ("/bin/sh", "-c", JOIN, "sh", *(str(group / "cgroup.procs") for group in groups), "--")


def read_counter(path: Path, key: str) -> int:
    """Read one `key number` line; 0 when it is not there."""
    try:
        for line in path.read_text(encoding="ascii").splitlines():
            words = line.split()
            if len(words) == 2 and words[0] == key:  # noqa: PLR2004 - key and number
                return int(words[1])
    except OSError:
        return 0
    return 0


def remove(group: Path) -> None:
    """Kill whatever is in a group, wait until it is empty, remove it.

    Raises:
        SandboxError: It does not empty.
    """
    deadline = time.monotonic() + REMOVE_SECONDS
    while True:
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise SandboxError(
                    f"a box's control group cannot be removed: {error.strerror}",
                    where=str(group),
                    mend=f"see what runs in it: cat {group}/cgroup.procs",
                ) from error
        else:
            return
        _kill_members(group)
        time.sleep(0.005)


def _kill_members(group: Path) -> None:
    with contextlib.suppress(OSError):
        for word in (group / "cgroup.procs").read_text(encoding="ascii").split():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(word), signal.SIGKILL)


def sweep(parent: Path) -> int:
    """Remove the groups that graders left behind when they died.

    Returns:
        How many there were.
    """
    removed = 0
    for group in parent.glob("grader-*"):
        if alive(group.name) is False:
            remove(group)
            removed += 1
    return removed
