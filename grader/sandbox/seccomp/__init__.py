"""The system calls a box may not make: one BPF program per architecture, with its generator.

The bytes are shipped so that grading needs no compiler and no libseccomp. `python -m
grader.sandbox.seccomp.generate` writes them again; a test compares, and runs them in a small
BPF interpreter against every system call number.
"""

from __future__ import annotations

import platform
from pathlib import Path

from grader.errors import SandboxError

__all__ = ["program"]

FOLDER = Path(__file__).parent


def program(machine: str = "") -> bytes:
    """Return the filter of this machine's architecture.

    Args:
        machine: As `platform.machine()` says it; empty for this machine.

    Raises:
        SandboxError: There is none.
    """
    machine = machine or platform.machine()
    name = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine.lower(), machine.lower())
    path = FOLDER / f"{name}.bpf"
    if not name.isidentifier() or not path.is_file():
        raise SandboxError(
            f"no system call filter for {machine}",
            mend="grade on x86_64 or aarch64, or add the architecture to "
            "grader/sandbox/seccomp/generate.py",
        )
    data = path.read_bytes()
    if not data or len(data) % 8:
        raise SandboxError(
            f"the system call filter has {len(data)} bytes, not a multiple of 8",
            where=path.name,
            mend="python -m grader.sandbox.seccomp.generate",
        )
    return data
