"""What probes are asked for and what came back, after admission."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Literal, TypeVar

from pydantic import Field, JsonValue, model_validator

from grader.model.base import Digest, Record
from grader.model.outcome import ExitReason

__all__ = [
    "Array",
    "Attempt",
    "Evidence",
    "EvidenceSet",
    "Fault",
    "Place",
    "ProbeRequest",
    "Remark",
    "State",
]

R = TypeVar("R", bound=Record)


class Place(Record):
    """Where in the student's files something is."""

    file: str = Field(max_length=400)
    cell: int | None = None
    """Of a notebook, counted from 1 over all its cells as Jupyter shows them."""
    line: int | None = None
    """From 1, within the cell or the file."""

    def __str__(self) -> str:
        parts = [self.file]
        if self.cell is not None:
            parts.append(f"cell {self.cell}")
        if self.line is not None:
            parts.append(f"line {self.line}")
        return ", ".join(parts)


class Remark(Record):
    """Something worth telling the student that carries no points by itself."""

    code: str = Field(max_length=80)
    """Stable and short, such as `shim.cuda` or `compat.np_float`."""
    message: str = Field(max_length=2000)
    """What was seen, why it matters, what to try."""
    place: Place | None = None


class ProbeRequest(Record):
    """One measurement to make on one submission. Equal requests are one measurement."""

    probe: str
    params: dict[str, JsonValue] = {}

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form: the evidence's key beside the submission's digest."""
        text = json.dumps([self.probe, self.params], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def __hash__(self) -> int:
        return hash(self.digest)


class Array(Record):
    """Raw little-endian numbers that a probe wrote."""

    dtype: Literal["float32", "float64", "int64", "uint8"]
    shape: tuple[int, ...]
    sha256: Digest
    data: bytes = Field(exclude=True, repr=False)

    @model_validator(mode="after")
    def _size_fits(self) -> Array:
        width = {"float32": 4, "float64": 8, "int64": 8, "uint8": 1}[self.dtype]
        expected = width * math.prod(self.shape)
        if len(self.data) != expected:
            msg = f"{len(self.data)} bytes for {self.dtype}{list(self.shape)}, not {expected}"
            raise ValueError(msg)
        return self


class Fault(Record):
    """What the student's code did instead of letting itself be measured."""

    kind: str = Field(max_length=200)
    """The exception's class, or `exit`, `signal`, `timeout`, `memory`, `output_limit`,
    `unbound`, `missing_package`, `wrong_framework`, `protocol`."""
    message: str = Field(max_length=4000)
    place: Place | None = None
    hint: str = Field(default="", max_length=1000)
    """What to try."""
    traceback: str = Field(default="", max_length=8000)
    """The student's own frames."""


State = Literal["measured", "student_fault", "unbound", "harness"]


class Evidence(Record):
    """What one request came to.

    `measured`: the payload holds it. `student_fault`: the student's code failed. `unbound`: the
    role was not found in the submission. `harness`: we failed; this is never stored for reuse.
    """

    request: ProbeRequest
    state: State
    exit_reason: ExitReason
    payload: dict[str, JsonValue] = {}
    """Valid for the probe's payload record when `measured`."""
    arrays: dict[str, Array] = {}
    remarks: tuple[Remark, ...] = ()
    fault: Fault | None = None
    wall_seconds: float = Field(ge=0)


class Attempt(Record):
    """One run of one submission in one box."""

    number: int = Field(ge=1)
    sandbox: str
    """Backend: `bubblewrap` or `none`."""
    limits: dict[str, str] = {}
    """Limit → the mechanism that enforced it."""
    exit_reason: ExitReason
    detail: str = ""
    started_at: str
    """ISO 8601 with zone. Not part of what must be reproducible."""
    wall_seconds: float
    startup_seconds: float
    """Until the box was ready: not on the student's clock."""
    peak_memory_bytes: int | None = None
    probes: tuple[str, ...] = ()
    """What ran in it, in order."""
    environment: dict[str, str] = {}
    """Versions of Python, torch and numpy, the device and the threads, as the box reported."""


class EvidenceSet(Mapping[str, Evidence]):
    """All evidence of one submission, by request digest."""

    def __init__(self, evidence: Mapping[str, Evidence] | None = None) -> None:
        self._by_digest = dict(evidence or {})

    @classmethod
    def of(cls, *evidence: Evidence) -> EvidenceSet:
        """Collect pieces of evidence."""
        return cls({piece.request.digest: piece for piece in evidence})

    def get_for(self, request: ProbeRequest) -> Evidence | None:
        """The evidence for a request, or None when it was never collected."""
        return self._by_digest.get(request.digest)

    def __getitem__(self, digest: str) -> Evidence:
        return self._by_digest[digest]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_digest)

    def __len__(self) -> int:
        return len(self._by_digest)
