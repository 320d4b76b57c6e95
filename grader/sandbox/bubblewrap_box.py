"""One box made by bubblewrap: started, watched, ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from grader.errors import SandboxError
from grader.model.outcome import ExitReason
from grader.sandbox import launch, policy, seccomp
from grader.sandbox.box import Box, BoxExit, Limits
from grader.sandbox.channels import GRACE_SECONDS, Channels, Command, Output, close_quietly
from grader.sandbox.environment import Form
from grader.sandbox.uids import Uid

if TYPE_CHECKING:
    import subprocess

    from grader.sandbox.limits.base import Enforcer, Mechanism

__all__ = ["INSTALL", "BubblewrapBox", "MakePlan"]

MakePlan = Callable[[int | None, int | None], policy.Plan]
"""(uid, RLIMIT_DATA) → everything that decides the argv, but for the descriptors."""

START_SECONDS = 60.0
EMPTY_SECONDS = 60.0
INSTALL = "install bubblewrap 0.8 or newer, such as: apt install bubblewrap"


class BubblewrapBox:
    """One started box.

    Args:
        form: Who it runs as.
        mechanism: What limits it.
        limits: To what.
        make_plan: Gives its plan.
        command: What runs in it.

    Raises:
        SandboxError: It cannot be made with every part of the policy.
    """

    submission_path = policy.SUBMISSION
    inputs_path = policy.INPUTS
    scratch_path = policy.SCRATCH

    def __init__(
        self,
        form: Form,
        mechanism: Mechanism,
        limits: Limits,
        make_plan: MakePlan,
        command: Command,
    ) -> None:
        self._killed = False
        self._exit: BoxExit | None = None
        self._closing = threading.Lock()
        self._descriptors = threading.Lock()
        self._pidfd = -1
        self._process: subprocess.Popen[bytes] | None = None
        self._uid = None if form is Form.USER else Uid()
        self._enforcer: Enforcer | None = None
        self._channels = Channels()
        self.job_fd = self._channels.job_write
        self.evidence_fd = self._channels.evidence_read
        status_read, status_write = os.pipe()
        self._status_fd = status_read
        self._status = b""
        try:
            self._enforcer = mechanism.enforce(limits)
            uid = self._uid.number if self._uid else None
            plan = make_plan(uid, self._enforcer.data_bytes)
            self._start(plan, command, status_write)
        except BaseException:
            close_quietly(status_write)
            self._give_up()
            raise
        self._output = Output(self._channels.output_read, limits.output_bytes, self._kill_now)
        self._enforcer.started(self.pid, self._kill_now)

    def _start(self, plan: policy.Plan, command: Command, status_write: int) -> None:
        assert self._enforcer is not None
        uid = plan.seen_uid
        data = {
            "seccomp_fd": seccomp.program(),
            "passwd_fd": policy.USERS.format(uid=uid).encode(),
            "group_fd": policy.GROUPS.format(uid=uid).encode(),
        }
        given = {name: memory_file(content) for name, content in data.items()}
        given["status_fd"] = status_write
        try:
            channels = self._channels
            inner = command(channels.job_read, channels.evidence_write)
            plan = plan.model_copy(update=given)
            given["options_fd"] = memory_file("\0".join(policy.box_options(plan)).encode())
            argv = policy.box_argv(plan.model_copy(update=given), inner)
            self._process = launch.start(
                [*self._enforcer.prefix, *argv],
                output_fd=channels.output_write,
                pass_fds=(channels.job_read, channels.evidence_write, *given.values()),
                env={"PATH": "/usr/bin:/bin"},
                cwd="/",
            )
        except OSError as error:
            raise SandboxError(f"the box cannot be started: {error}", mend=INSTALL) from error
        finally:
            close_quietly(*given.values())
        channels.close_box_ends()
        self.pid = self._first_process()

    def _first_process(self) -> int:
        """Wait until the box's first process exists; everything in the box ends with it.

        Raises:
            SandboxError: It does not come.
        """
        deadline = time.monotonic() + START_SECONDS
        while b"\n" not in self._status and self._read_status(deadline - time.monotonic()):
            continue
        for report in self._reports():
            if "child-pid" in report:
                pid = int(report["child-pid"])
                with contextlib.suppress(ProcessLookupError):  # it is gone already
                    self._pidfd = os.pidfd_open(pid)
                return pid
        self._kill_now()
        select.select([self._channels.output_read], [], [], 1.0)
        os.set_blocking(self._channels.output_read, False)
        said = b""
        with contextlib.suppress(BlockingIOError):
            said = os.read(self._channels.output_read, 2000)
        raise SandboxError(
            f"bubblewrap made no box: {said.decode(errors='replace').strip() or 'no word'}",
            mend="see `grade doctor`; docs/operators.md says how user namespaces are allowed",
        )

    def _read_status(self, seconds: float) -> bool:
        """Read more of bubblewrap's status; False at its end or when time is up."""
        ready, _, _ = select.select([self._status_fd], [], [], max(seconds, 0))
        if not ready:
            return False
        part = os.read(self._status_fd, 65536)
        self._status += part
        return bool(part)

    def _reports(self) -> list[dict[str, Any]]:
        reports = []
        for line in self._status.splitlines():
            with contextlib.suppress(ValueError):
                reports.append(json.loads(line))
        return reports

    def over_limit(self) -> ExitReason | None:
        """Return which limit was hit, if any."""
        if self._output.exceeded:
            return ExitReason.OUTPUT_LIMIT
        if self._enforcer is not None and self._enforcer.memory_exceeded():
            return ExitReason.MEMORY
        return None

    def ended(self) -> bool:
        """Whether nothing in the box runs any more."""
        return self._wait_empty(0)

    def kill(self) -> None:
        """End everything in the box now."""
        self._killed = True
        self._kill_now()

    def _kill_now(self) -> None:
        """Kill the first process, which takes its namespace along; before it is known, bwrap."""
        with self._descriptors:  # called from other threads too, and numbers are used again
            if self._pidfd >= 0:
                with contextlib.suppress(OSError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            elif self._process is not None:
                self._process.kill()

    def close(self) -> BoxExit:
        """Kill what is left, wait until the namespace is empty, release everything.

        Raises:
            SandboxError: Something in the box does not die.
        """
        with self._closing:
            if self._exit is None:
                self._exit = self._close()
        return self._exit

    def _close(self) -> BoxExit:
        job_fd, self.job_fd = self.job_fd, -1
        close_quietly(job_fd)  # a worker that waits for a job ends by itself
        if not self._killed and self.over_limit() is None:
            self._wait_command(GRACE_SECONDS)
        if not self._wait_empty(0):
            self._killed = self._killed or not self._exit_codes()
            self._kill_now()
            if not self._wait_empty(EMPTY_SECONDS):
                raise SandboxError(
                    "a box does not die", where=f"process {self.pid}", mend="see `dmesg`"
                )
        assert self._process is not None
        assert self._enforcer is not None
        self._process.wait(EMPTY_SECONDS)
        while self._read_status(1.0):
            continue
        output = self._output.finish(EMPTY_SECONDS)
        reason, detail = self._judge(output)
        self._enforcer.close()
        peak = self._enforcer.peak_memory_bytes()
        self._release()
        return BoxExit(exit_reason=reason, detail=detail, output=output, peak_memory_bytes=peak)

    def _wait_command(self, seconds: float) -> None:
        """Wait until the box's command has ended, whatever it left running."""
        deadline = time.monotonic() + seconds
        while not self._exit_codes() and not self._wait_empty(0):
            if not self._read_status(deadline - time.monotonic()):
                return

    def _exit_codes(self) -> list[int]:
        return [int(report["exit-code"]) for report in self._reports() if "exit-code" in report]

    def _wait_empty(self, seconds: float) -> bool:
        """Wait for the first process's end: the kernel lets it end last of its namespace."""
        if self._pidfd < 0:
            return True
        ready, _, _ = select.select([self._pidfd], [], [], seconds)
        return bool(ready)

    def _judge(self, output: bytes) -> tuple[ExitReason, str]:
        limit = self.over_limit()
        if limit is not None:
            return limit, f"the box went over its {limit.value.replace('_limit', '')} limit"
        codes = self._exit_codes()
        if self._killed:
            return ExitReason.KILLED, "the grader ended the box"
        if not codes:
            said = output.decode(errors="replace").strip()[-2000:]
            return ExitReason.HARNESS, f"the box's command never ran: {said}"
        if codes[-1] == 0:
            return ExitReason.OK, ""
        return ExitReason.CRASH, f"the worker ended with exit code {codes[-1]}"

    def _give_up(self) -> None:
        """Undo a start that failed."""
        self._kill_now()
        if self._process is not None:
            self._process.kill()
            self._process.wait(EMPTY_SECONDS)
        self._channels.close()
        self.job_fd = self.evidence_fd = -1
        if self._enforcer is not None:
            self._enforcer.close()
        self._release()

    def _release(self) -> None:
        with self._descriptors:
            close_quietly(self._status_fd, self.evidence_fd, self._pidfd)
            self._status_fd = self._pidfd = self.evidence_fd = -1
        if self._uid is not None:
            self._uid.release()


def memory_file(content: bytes) -> int:
    """Return a descriptor from which the content can be read once."""
    fd = os.memfd_create("box")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _conforms(box: BubblewrapBox) -> Box:
    return box
