"""The box's first process: imports torch once, forks once per step, relays what steps report.

    grader ──steps──► worker ──fork──► probe(s) beside student code
    grader ◄─frames── worker ◄─frames──┘

The worker never runs student code, never performs a tensor operation (after one, OpenMP in a
forked child hangs), and holds nothing secret: a job has inputs and roles, no labels, no criteria.
When a step ends, everything it left running is killed before the next one starts.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import platform
import signal
import sys
import time
from pathlib import Path
from typing import Any

from . import protocol

BOX_MARK = "GRADER_BOX"
"""Set by isolating backends only: there, and only there, killing all processes is safe."""

WARM_PACKAGES = frozenset(
    {
        "IPython",
        "PIL",
        "matplotlib",
        "matplotlib.pyplot",
        "pandas",
        "scipy",
        "sklearn",
        "sklearn.datasets",
        "torchvision",
        "tqdm",
    }
)
"""Imported once by the worker when the submission names them, so that no step pays again."""

PR_SET_DUMPABLE = 4

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 128 * 1024**2
"""Freed memory at the heap's top that each process keeps."""
HEAP_BYTES = 32 * 1024**2
"""Blocks up to so many bytes come from the heap. Larger ones are given back when they are freed,
so that what is kept stays small beside a box's memory."""


def main(job_fd: int, evidence_fd: int) -> None:
    """Serve one job and end.

    Args:
        job_fd: Read end of the job pipe.
        evidence_fd: Write end of the evidence pipe.
    """
    isolated = bool(os.environ.get(BOX_MARK))
    if isolated:
        _set_dumpable(flag=False)  # steps have our uid: without this they could open our memory
    keep_freed_memory()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_DFL)
    import numpy as np
    import torch

    versions = {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": str(np.__version__),
        "device": "cpu",
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "machine": platform.machine(),
    }
    protocol.write_frame(evidence_fd, protocol.READY, 0, versions)
    frame = protocol.read_frame(job_fd, 0)
    if frame is None or frame[0] != protocol.JOB:
        return
    job = json.loads(frame[2])
    warm(job, (job_fd, evidence_fd))
    while (frame := protocol.read_frame(job_fd, 0)) is not None:
        run_step(job, json.loads(frame[2]), (job_fd, evidence_fd), isolated=isolated)
    protocol.write_frame(evidence_fd, protocol.DONE, 0, {})


def keep_freed_memory() -> None:
    """Let tensors lie where earlier ones lay. Steps inherit it.

    glibc maps large blocks anew each time, and the kernel then clears every page of every
    activation: a third of the time of a small net's pass without gradients.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None and mallopt(M_MMAP_THRESHOLD, HEAP_BYTES):
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


def warm(job: dict[str, Any], own_fds: tuple[int, int]) -> None:
    """Import what the submission imports, from a fixed list, before the first fork.

    Which packages those are is read in a fork: parsing hostile source may crash the parser.
    """
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _close(read_end, *own_fds)
            from .source.sources import imported_packages

            names = imported_packages(Path(job["submission"]))
            protocol.write_all(write_end, "\n".join(names).encode()[:65536])
        finally:
            os._exit(0)
    os.close(write_end)
    data = b""
    while part := os.read(read_end, 65536):
        data += part
    os.close(read_end)
    os.waitpid(pid, 0)
    named = set(data.decode("utf-8", "replace").split("\n"))
    for name in sorted(WARM_PACKAGES & named):
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # the step that needs it says so, with its cell and line


def run_step(
    job: dict[str, Any],
    step: list[dict[str, Any]],
    own_fds: tuple[int, int],
    *,
    isolated: bool,
) -> None:
    """Fork, let the child measure the step's requests, relay each as it comes."""
    evidence_fd = own_fds[1]
    protocol.write_frame(evidence_fd, protocol.BEGIN, step[0]["index"], {})
    read_end, write_end = os.pipe()
    gc.collect()
    gc.freeze()
    pid = os.fork()
    if pid == 0:
        try:
            _close(read_end, *own_fds)
            _set_dumpable(flag=True)  # student code may open /proc/self/fd, as anywhere
            from .step import run

            run(job, step, write_end)
        finally:
            os._exit(0)
    os.close(write_end)
    reported = 0
    problem = ""
    while reported < len(step):
        try:
            frame = protocol.read_frame(read_end, job["body_limit"])
        except ValueError as error:
            problem = str(error)
            break
        if frame is None:
            break
        kind, index, text, body = frame
        if kind != protocol.EVIDENCE or index != step[reported]["index"]:
            problem = "an unexpected frame"
            break
        protocol.write_encoded(evidence_fd, protocol.EVIDENCE, index, text, body)
        reported += 1
        if reported < len(step):
            protocol.write_frame(evidence_fd, protocol.BEGIN, step[reported]["index"], {})
    os.close(read_end)
    status = _end(pid, isolated=isolated)
    for position, request in enumerate(step[reported:]):
        ended = {
            "problem": problem,
            "signal": -status if status < 0 else 0,
            "exit_code": max(status, 0),
            "reached": position == 0,
        }
        protocol.write_frame(evidence_fd, protocol.ENDED, request["index"], ended)


def _end(pid: int, *, isolated: bool) -> int:
    """Kill what the step left running; return its exit code, or minus the signal that ended it."""
    status = 0
    for _ in range(20):  # it may be just about to end by itself: its own exit status says more
        done, raw = os.waitpid(pid, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(raw)
            break
        time.sleep(0.005)
    else:
        _kill(pid, isolated=isolated)
        _, raw = os.waitpid(pid, 0)
        status = os.waitstatus_to_exitcode(raw)
    _kill(pid, isolated=isolated)
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                break
        except ChildProcessError:
            break
    return status


def _kill(pid: int, *, isolated: bool) -> None:
    try:
        if isolated:
            os.kill(-1, signal.SIGKILL)  # everything in this pid namespace but us and its init
        else:
            os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _close(*fds: int) -> None:
    for fd in fds:
        os.close(fd)


def _set_dumpable(*, flag: bool) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, int(flag), 0, 0, 0)
