"""Boxes for tests: opened with a line of Python, closed whatever happens."""

import contextlib
import os
import select
import shutil
import sys
import time
from pathlib import Path

import pytest

from grader.sandbox import Limits, Slot, make_sandbox
from grader.sandbox.limits.cgroup import start_time
from grader.sandbox.limits.watchdog import descendants

MIB = 1024**2
SMALL = Limits(memory_bytes=256 * MIB, processes=48, disk_bytes=4 * MIB, output_bytes=65536)
PATIENCE = 60.0
"""Seconds until a test gives up; nothing is asserted about how long things take."""


def needs_bubblewrap():
    return pytest.mark.skipif(
        shutil.which("bwrap") is None, reason="apt install bubblewrap (0.8 or newer)"
    )


class Boxes(contextlib.ExitStack):
    def __init__(self, root):
        super().__init__()
        self.root = root
        self.count = 0

    def slot(self):
        self.count += 1
        slot = Slot(root=self.root / f"slot{self.count}")
        for folder in (slot.submission, slot.inputs):
            folder.mkdir(parents=True)
        return slot

    def open(self, code, *, sandbox="bubblewrap", limits=SMALL, slot=None):
        sandbox = make_sandbox(sandbox) if isinstance(sandbox, str) else sandbox
        python = getattr(sandbox, "python", None)

        def command(job_fd, evidence_fd):
            executable = python.executable if python else sys.executable
            start = f"job, report = {job_fd}, {evidence_fd}\n"
            return [executable, "-I", "-B", "-u", "-c", start + code]

        box = sandbox.open(slot or self.slot(), limits, command=command)
        self.callback(box.close)
        self.callback(box.kill)
        return box


def read(fd, size=None):
    """Read exactly `size` bytes, or until the end of the pipe."""
    data = b""
    deadline = time.monotonic() + PATIENCE
    while size is None or len(data) < size:
        ready, _, _ = select.select([fd], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"nothing came after {data[:200]!r}"
        part = os.read(fd, 65536 if size is None else size - len(data))
        if not part:
            break
        data += part
    return data


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def members(box):
    """Every process of a box, with its start time."""
    return {pid: start_time(pid) for pid in descendants(box.pid)}


def alive(seen):
    return [pid for pid, started in seen.items() if started and start_time(pid) == started]


def groups():
    """The control groups that this grader holds."""
    pattern = f"grader-*-{os.getpid()}-*"
    return [str(path) for path in Path("/sys/fs/cgroup").rglob(pattern)]
