"""Every exception the grader raises. Student faults are outcomes, never exceptions.

GraderError
├── ConfigurationError      the person who called us can mend it: exit status 2
│   ├── RubricError         a rubric file is wrong: file, line, mend
│   ├── UnknownNameError    a name that no registry entry has, with suggestions
│   └── DatasetMissingError a dataset is not on this machine, with the command that fetches it
├── IntakeError             one submission cannot be read; the others go on
└── HarnessError            our fault or the machine's: never a zero, exit status 1
    ├── SandboxError        the box cannot be made, or its self-check failed
    ├── ChannelError        what came out of a box broke the protocol on our side of it
    └── StoreError          the evidence store or the gradebook cannot be read or written
"""

from __future__ import annotations

__all__ = [
    "ChannelError",
    "ConfigurationError",
    "DatasetMissingError",
    "GraderError",
    "HarnessError",
    "IntakeError",
    "RubricError",
    "SandboxError",
    "StoreError",
    "UnknownNameError",
]


class GraderError(Exception):
    """What went wrong, where, and how to mend it.

    Args:
        message: What is wrong, in one sentence.
        where: File, line or name that the message is about.
        mend: What to do about it.
    """

    def __init__(self, message: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  mend: {self.mend}" if self.mend else text


class ConfigurationError(GraderError):
    """The call, a file or the machine is set up wrongly, and its user can mend it."""


class RubricError(ConfigurationError):
    """A rubric file is wrong."""


class UnknownNameError(ConfigurationError):
    """A name that is not registered."""


class DatasetMissingError(ConfigurationError):
    """A dataset is not on this machine.

    The first line of its text is for students too, and names no place of this machine.
    """

    def __str__(self) -> str:
        if "/" not in self.where:
            return super().__str__()
        text = f"{self.message}\n  at: {self.where}"
        return f"{text}\n  mend: {self.mend}" if self.mend else text


class IntakeError(GraderError):
    """A submission cannot be read."""


class HarnessError(GraderError):
    """The grader or its machine failed. It never costs a student a point."""


class SandboxError(HarnessError):
    """A box cannot be made safely."""


class ChannelError(HarnessError):
    """The protocol between grader and box was broken."""


class StoreError(HarnessError):
    """The evidence store or the gradebook failed."""
