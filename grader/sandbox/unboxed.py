"""The backend `none`: no isolation at all, for a student's own code on their own machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil

import grader
from grader.errors import SandboxError
from grader.model.outcome import ExitReason
from grader.sandbox import launch, policy
from grader.sandbox.box import Box, BoxExit, Limits, Property, Slot
from grader.sandbox.channels import GRACE_SECONDS, Channels, Command, Output, close_quietly

__all__ = ["Unboxed", "UnboxedBox"]

END_SECONDS = 10.0


class Unboxed:
    """A plain process in a session of its own. Only wall time and output are bounded."""

    name = "none"
    isolated = False

    def limit_mechanisms(self) -> dict[str, str]:
        """Say what enforces each limit here."""
        return {
            "memory": "none",
            "processes": "none",
            "disk": "none",
            "output": "the grader stops reading and kills",
            "wall time": "the grader kills the process group and what it knows of its children",
        }

    def open(self, slot: Slot, limits: Limits, *, command: Command | None = None) -> UnboxedBox:
        """Start a worker beside us.

        Raises:
            SandboxError: This system cannot fork.
        """
        if not hasattr(os, "fork"):
            raise SandboxError(
                "code is run by forking, which this system cannot do",
                mend="on Windows, work inside WSL2",
            )
        scratch = slot.root / "scratch"
        library = slot.root / "library"
        for folder in (slot.submission, slot.inputs, scratch, library):
            folder.mkdir(parents=True, exist_ok=True)
        # a folder that holds nothing but the probes: beside them lie names such as `model`
        inside = library / "inside"
        if not inside.is_symlink():
            inside.symlink_to(Path(grader.__file__).parent / "inside")
        return UnboxedBox(slot, limits, scratch, library, command)

    def self_check(self) -> tuple[Property, ...]:
        """Say of the whole list what holds: output and descriptors do, isolation does not."""
        from grader.sandbox.unboxed_check import check_unboxed

        return check_unboxed(self)


class UnboxedBox:
    """One process and what it started."""

    def __init__(
        self, slot: Slot, limits: Limits, scratch: Path, library: Path, command: Command | None
    ) -> None:
        self.submission_path = str(slot.submission)
        self.inputs_path = str(slot.inputs)
        self.scratch_path = str(scratch)
        self._killed = False
        self._exit: BoxExit | None = None
        self._closing = threading.Lock()
        channels = Channels()
        self.job_fd = channels.job_write
        self.evidence_fd = channels.evidence_read
        ends = (channels.job_read, channels.evidence_write)
        words = (
            command(*ends)
            if command
            else policy.worker_command(sys.executable, str(library), *ends)
        )
        try:
            self._process: subprocess.Popen[bytes] = launch.start(
                words,
                output_fd=channels.output_write,
                pass_fds=ends,
                env=environment(limits),
                cwd=str(scratch),
                new_session=True,
            )
        except OSError as error:
            channels.close()
            raise SandboxError(f"Python cannot be started: {error}") from error
        channels.close_box_ends()
        self._output = Output(channels.output_read, limits.output_bytes, self._kill_now)

    def over_limit(self) -> ExitReason | None:
        """Return which limit was hit, if any."""
        return ExitReason.OUTPUT_LIMIT if self._output.exceeded else None

    def kill(self) -> None:
        """End the process, its group and its children."""
        self._killed = True
        self._kill_now()

    def _kill_now(self) -> None:
        children: list[psutil.Process] = []
        if self._process.poll() is None:  # afterwards its number may be another's
            with contextlib.suppress(psutil.Error):
                children = psutil.Process(self._process.pid).children(recursive=True)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(psutil.Error):
                child.kill()
        self._process.kill()

    def close(self) -> BoxExit:
        """Kill what is left and release everything."""
        with self._closing:
            if self._exit is None:
                self._exit = self._close()
        return self._exit

    def _close(self) -> BoxExit:
        job_fd, self.job_fd = self.job_fd, -1
        close_quietly(job_fd)
        if not self._killed and self.over_limit() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_SECONDS)
        if self._process.poll() is None:
            self.kill()
        code = self._process.wait(END_SECONDS)
        self._kill_now()  # a group outlives its leader
        output = self._output.finish(GRACE_SECONDS)
        evidence_fd, self.evidence_fd = self.evidence_fd, -1
        close_quietly(evidence_fd)
        if self._output.exceeded:
            reason, detail = ExitReason.OUTPUT_LIMIT, "more output than the limit"
        elif self._killed:
            reason, detail = ExitReason.KILLED, "the grader ended the process"
        elif code == 0:
            reason, detail = ExitReason.OK, ""
        else:
            reason, detail = ExitReason.CRASH, f"the worker ended with exit code {code}"
        return BoxExit(exit_reason=reason, detail=detail, output=output)


def environment(limits: Limits) -> dict[str, str]:
    """Return our own environment without the mark of a box, and with what a box would set."""
    ours = {name: value for name, value in os.environ.items() if name != "GRADER_BOX"}
    boxed = policy.environment(sys.executable, limits.threads, gpu=True)
    kept = ("MPLBACKEND", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "OMP_NUM_THREADS")
    return ours | {name: boxed[name] for name in kept}


def _conforms(box: UnboxedBox) -> Box:
    return box
