"""The backend for Linux: boxes made by bubblewrap."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import grader
from grader.errors import SandboxError
from grader.sandbox import policy
from grader.sandbox.bubblewrap_box import INSTALL, BubblewrapBox
from grader.sandbox.environment import Form, PythonEnvironment, choose_form, gpu_devices, tool
from grader.sandbox.limits import choose_mechanism

if TYPE_CHECKING:
    from grader.sandbox.box import Limits, Property, Slot
    from grader.sandbox.channels import Command
    from grader.sandbox.limits.base import Mechanism

__all__ = ["Bubblewrap"]


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
        form = self._form or choose_form(
            [*bound, *(p.parent for p in slot.overlays.values()), *slot.data.values()]
        )

        def make_plan(uid: int | None, data_bytes: int | None) -> policy.Plan:
            return self.plan(slot, limits, form, uid, data_bytes)

        return BubblewrapBox(form, self.mechanism, limits, make_plan, command)

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
            data=slot.data,
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
