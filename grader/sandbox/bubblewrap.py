"""The backend for Linux: one bubblewrap box per submission."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grader
from grader.errors import SandboxError
from grader.model.outcome import ExitReason
from grader.sandbox import launch, policy, seccomp
from grader.sandbox.box import Box, BoxExit, Limits, Property, Slot
from grader.sandbox.channels import Channels, Output, close_quietly
from grader.sandbox.environment import Form, PythonEnvironment, choose_form, gpu_devices, tool
from grader.sandbox.limits import Enforcer, choose_mechanism
from grader.sandbox.uids import Uid

if TYPE_CHECKING:
    import subprocess

    from grader.sandbox.limits.base import Mechanism

__all__ = ["Bubblewrap", "BubblewrapBox", "Command"]

Command = Callable[[int, int], Sequence[str]]
"""(job descriptor, evidence descriptor) → what runs in the box."""

START_SECONDS = 60.0
GRACE_SECONDS = 2.0
EMPTY_SECONDS = 60.0
INSTALL = "install bubblewrap 0.8 or newer, such as: apt install bubblewrap"


class Bubblewrap:
    """Boxes made by `bwrap`.

    Args:
        python: The Python that runs in the box; None for the grader's own.
        form: How the box loses its power; None to choose what this machine allows.
        mechanism: What enforces memory and processes; None to probe.
    """

    name = "bubblewrap"
    isolated = True

    def __init__(
        self,
        *,
        python: PythonEnvironment | None = None,
        form: Form | None = None,
        mechanism: Mechanism | None = None,
    ) -> None:
        self.python = python or PythonEnvironment.detect()
        self._form = form
        self._mechanism = mechanism
        self._inside = Path(grader.__file__).parent / "inside"

    @property
    def mechanism(self) -> Mechanism:
        """What enforces memory and processes here."""
        return self._mechanism or choose_mechanism()

    def limit_mechanisms(self) -> dict[str, str]:
        """Say what enforces each limit here."""
        return {
            "memory": self.mechanism.memory,
            "processes": self.mechanism.processes,
            "disk": "size of the memory file systems",
            "output": "the grader stops reading and kills",
            "wall time": "the grader kills the process namespace",
        }

    def forms(self) -> tuple[Form, ...]:
        """List every form a box of this sandbox may take: the self-check tries each."""
        if self._form is not None:
            return (self._form,)
        if os.geteuid() != 0:
            return (Form.USER,)
        if choose_form(self._environment_folders()) is Form.DROPPED_BEFORE:
            return (Form.DROPPED_BEFORE, Form.DROPPED_INSIDE)
        return (Form.DROPPED_INSIDE,)

    def with_form(self, form: Form) -> Bubblewrap:
        """Return the same sandbox, held to one form."""
        return Bubblewrap(python=self.python, form=form, mechanism=self._mechanism)

    def _environment_folders(self) -> list[Path]:
        return [*self.python.folders, self._inside]

    def open(self, slot: Slot, limits: Limits, *, command: Command | None = None) -> BubblewrapBox:
        """Start a box.

        Args:
            slot: Its folder on the host.
            limits: What it may use.
            command: What runs in it instead of the worker: for tests and the self-check.

        Raises:
            SandboxError: It cannot be made with every part of the policy.
        """
        for folder in (slot.submission, slot.inputs):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)  # the box's uid is not ours
        command = command or self._worker
        bound = [*self._environment_folders(), slot.submission, slot.inputs]
        form = self._form or choose_form([*bound, *(p.parent for p in slot.overlays.values())])
        return BubblewrapBox(self, slot, limits, form, command)

    def _worker(self, job_fd: int, evidence_fd: int) -> list[str]:
        return policy.worker_command(self.python.executable, policy.INSIDE, job_fd, evidence_fd)

    def plan(
        self, slot: Slot, limits: Limits, form: Form, uid: int | None, data_bytes: int | None
    ) -> policy.Plan:
        """Gather what decides the argv, but for the descriptors.

        Raises:
            SandboxError: A tool is missing.
        """
        return policy.Plan(
            form=form,
            bwrap=needed_tool("bwrap", INSTALL),
            setpriv=needed_tool("setpriv", "install util-linux"),
            prlimit=needed_tool("prlimit", "install util-linux"),
            python=self.python,
            inside=self._inside,
            submission=slot.submission,
            inputs=slot.inputs,
            overlays=slot.overlays,
            limits=limits,
            uid=policy.BOX_UID if uid is None else uid,
            data_bytes=data_bytes,
            system_links=system_links(),
            gpu=gpu_devices(),
        )

    def self_check(self) -> tuple[Property, ...]:
        """Attack from inside, within small limits."""
        from grader.sandbox.self_check import check_bubblewrap

        return check_bubblewrap(self)


class BubblewrapBox:
    """One started box."""

    submission_path = policy.SUBMISSION
    inputs_path = policy.INPUTS
    scratch_path = policy.SCRATCH

    def __init__(
        self, sandbox: Bubblewrap, slot: Slot, limits: Limits, form: Form, command: Command
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
            self._enforcer = sandbox.mechanism.enforce(limits)
            uid = self._uid.number if self._uid else None
            plan = sandbox.plan(slot, limits, form, uid, self._enforcer.data_bytes)
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
        close_quietly(self.job_fd)  # a worker that waits for a job ends by itself
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
        if self._enforcer is not None:
            self._enforcer.close()
        self._release()

    def _release(self) -> None:
        with self._descriptors:
            close_quietly(self._status_fd, self.evidence_fd, self._pidfd)
            self._status_fd = self._pidfd = -1
        if self._uid is not None:
            self._uid.release()


def needed_tool(name: str, mend: str) -> str:
    """Find a system tool.

    Raises:
        SandboxError: It is missing.
    """
    found = tool(name)
    if found is None:
        raise SandboxError(f"'{name}' is not installed", mend=mend)
    return found


def system_links() -> dict[str, str]:
    """Say what `/bin`, `/lib` and their kind are here: links into `/usr`, or folders."""
    found: dict[str, str] = {}
    for name in policy.SYSTEM_LINKS:
        path = Path("/", name)
        if path.is_symlink():
            found[name] = os.readlink(path)  # noqa: PTH115 - as written, not resolved
        elif path.is_dir():
            found[name] = ""
    return found


def memory_file(content: bytes) -> int:
    """Return a descriptor from which the content can be read once."""
    fd = os.memfd_create("box")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _conforms(box: BubblewrapBox) -> Box:
    return box
