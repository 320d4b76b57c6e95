"""What a sandbox backend offers. Every backend passes the same conformance suite.

One box is for one submission. Its folder on the host is the slot:

    slot/submission/   → /submission   read-only; the student's files
    slot/inputs/       → /inputs       read-only; raw numbers, no labels
    slot/overlays/     files bound read-only over files of the environment (masked labels)
    elsewhere          served datasets, bound read-only at `/data/<name>`; not in the slot

Both may be filled after the box started, so that a box can be warm before its submission is known.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pydantic import Field

from grader.model.base import Record
from grader.model.outcome import ExitReason

__all__ = ["DATA", "Box", "BoxExit", "Limits", "Property", "Sandbox", "Slot"]

DATA = "/data"
"""Where a box finds served datasets, each in a folder of its name."""


class Limits(Record):
    """What one box may use."""

    memory_bytes: int = Field(default=4 * 1024**3, gt=0)
    processes: int = Field(default=256, gt=0)
    disk_bytes: int = Field(default=1024**3, gt=0)
    """Of each of /tmp, /scratch, /dev/shm."""
    output_bytes: int = Field(default=1024**2, gt=0)
    """Of standard output and error together; beyond it the box is killed."""
    threads: int = Field(default=1, ge=1)
    """OMP_NUM_THREADS: the slot's cores."""


class Slot(Record):
    """A box's private folder on the host. The caller makes it and removes it."""

    root: Path
    overlays: dict[str, Path] = {}
    """Absolute path inside the environment → host file bound read-only over it."""
    data: dict[str, Path] = {}
    """Name → host folder bound read-only to `/data/<name>`: what student code finds as datasets."""

    @property
    def submission(self) -> Path:
        """Bound to /submission."""
        return self.root / "submission"

    @property
    def inputs(self) -> Path:
        """Bound to /inputs."""
        return self.root / "inputs"

    def data_path(self, name: str, *, isolated: bool) -> str:
        """Where the worker finds a served dataset: `/data/<name>`, or the folder itself."""
        return f"{DATA}/{name}" if isolated else str(self.data[name])


class BoxExit(Record):
    """How a box ended, as seen from outside."""

    exit_reason: ExitReason
    """`ok` when its worker said it was done, `killed` when we or it ended it otherwise,
    `memory` or `output_limit` when that limit was hit, `crash` when the worker died."""
    detail: str = ""
    output: bytes = b""
    """Standard output and error, at most the limit."""
    peak_memory_bytes: int | None = None


class Box(Protocol):
    """A started box. Nothing in it is trusted."""

    job_fd: int
    """Write end of the pipe to the worker; -1 once whoever closed it said so here."""
    evidence_fd: int
    """Read end of the pipe from the worker; -1 once the box is closed."""
    submission_path: str
    """Where the worker finds the submission: `/submission`, or a path in the slot."""
    inputs_path: str
    """Where the worker finds the inputs."""
    scratch_path: str
    """A writable folder."""

    def over_limit(self) -> ExitReason | None:
        """`memory` or `output_limit` once that limit was hit, else None. Cheap: polled."""

    def kill(self) -> None:
        """End everything in the box now. Idempotent."""

    def close(self) -> BoxExit:
        """Kill what is left, wait until the namespace is empty, release fds and limits."""


class Property(Record):
    """One property that the self-check tried from inside, or that `doctor` reports."""

    name: str
    holds: bool
    detail: str
    mend: str = ""


class Sandbox(Protocol):
    """A way to make boxes."""

    name: str
    isolated: bool
    """False for `none`: a student's own code on their own machine."""

    def limit_mechanisms(self) -> dict[str, str]:
        """Limit → what enforces it here, such as `memory: cgroup v1`. Probed, not guessed."""

    def open(self, slot: Slot, limits: Limits) -> Box:
        """Start a box whose worker waits for a job on `job_fd`.

        Raises:
            SandboxError: It cannot be made with every part of the policy.
        """

    def self_check(self) -> tuple[Property, ...]:
        """Attack from inside, within small limits. All must hold before untrusted code runs."""
