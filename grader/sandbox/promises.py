"""The one list of properties that every backend answers to, whether it holds them or not."""

from __future__ import annotations

__all__ = ["PROMISES"]

PROMISES: tuple[str, ...] = (
    "control: the attempts work",
    "control: honest work",
    "descriptors",
    "host file",
    "another submission",
    "host service, port",
    "host service, abstract socket",
    "host service, socket file",
    "password hashes",
    "network",
    "rubrics and the grader's code",
    "imports",
    "kernel settings",
    "system calls",
    "read-only mounts",
    "power",
    "other processes",
    "disk",
    "nothing survives",
    "memory bomb",
    "fork bomb",
    "output flood",
)
"""Names as the self-check has them. Backends of several forms add the form in brackets."""
