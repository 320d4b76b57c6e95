"""What the backend `none` holds of the list that every backend answers to.

Tried are honest work, leaked descriptors, a flood of output, and that a file of this machine can be
read. The rest is not tried: without a box it would harm the machine, and nothing would stop it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.errors import GraderError
from grader.model.outcome import ExitReason
from grader.sandbox.box import Limits, Property, Slot
from grader.sandbox.promises import PROMISES

if TYPE_CHECKING:
    from grader.sandbox.unboxed import Unboxed

__all__ = ["check_unboxed"]

SECONDS = 60.0
LIMITS = Limits(output_bytes=64 * 1024)
OURS = "use it for your own code only; grade others' with --sandbox bubblewrap"
BROKEN = "run `grade doctor --json` and report what it prints"
FLOOD = "import os\nwhile True: os.write(1, b'x' * 65536)"
ISOLATION = Property(
    name="isolation",
    holds=False,
    detail="there is none: the code can do whatever you can",
    mend=OURS,
)

LOOK = """
import json, os, sys
report, job, outside, work = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
found = {"work": open(work).read() == "work"}
held = [n for n in map(int, os.listdir("/proc/self/fd")) if os.path.lexists(f"/proc/self/fd/{n}")]
found["descriptors"] = sorted(set(held) - {0, 1, 2, report, job})
found["host file"] = open(outside).read() == "outside"
os.write(report, json.dumps(found).encode() + b"\\n")
"""


def check_unboxed(sandbox: Unboxed) -> tuple[Property, ...]:
    """Answer for the whole list: what was tried with what came of it, the rest as not held."""
    with tempfile.TemporaryDirectory(prefix="grader-self-check-") as folder:
        try:
            tried = _tried(sandbox, Path(folder))
        except (GraderError, OSError) as error:
            tried = [_said("control: honest work", holds=False, detail=str(error), mend=BROKEN)]
    known = {one.name: one for one in tried}
    rest = "nothing stops it, so it is not tried"
    return (
        ISOLATION,
        *(known.get(n) or _said(n, holds=False, detail=rest, mend=OURS) for n in PROMISES),
    )


def _tried(sandbox: Unboxed, root: Path) -> list[Property]:
    outside = root / "outside"
    outside.write_text("outside", encoding="ascii")
    found = _look(sandbox, _slot(root / "look"), outside)
    leaked = found.get("descriptors")
    got_out = found.get("host file") is True
    reason = _flood(sandbox, _slot(root / "flood"))
    works = found.get("work") is True
    return [
        _said(
            "control: the attempts work",
            holds=got_out,
            detail="a plain process reads a file beside its slot" if got_out else "it did not",
            mend=BROKEN,
        ),
        _said(
            "control: honest work",
            holds=works,
            detail="its own file was read" if works else "its own file was not read",
            mend=BROKEN,
        ),
        _said("descriptors", holds=leaked == [], detail=f"leaked: {leaked}", mend=BROKEN),
        _said("host file", holds=not got_out, detail="was read", mend=OURS),
        _said(
            "output flood",
            holds=reason is ExitReason.OUTPUT_LIMIT,
            detail=f"ended by {reason.value}",
            mend=BROKEN,
        ),
    ]


def _slot(root: Path) -> Slot:
    slot = Slot(root=root)
    slot.submission.mkdir(parents=True)
    (slot.submission / "work").write_text("work", encoding="ascii")
    return slot


def _look(sandbox: Unboxed, slot: Slot, outside: Path) -> dict[str, Any]:
    def command(job_fd: int, evidence_fd: int) -> list[str]:
        work = str(slot.submission / "work")
        words = [str(evidence_fd), str(job_fd), str(outside), work]
        return [sys.executable, "-I", "-B", "-c", LOOK, *words]

    box = sandbox.open(slot, LIMITS, command=command)
    try:
        ready, _, _ = select.select([box.evidence_fd], [], [], SECONDS)
        text = os.read(box.evidence_fd, 65536) if ready else b""
    finally:
        box.close()
    with contextlib.suppress(ValueError):
        value = json.loads(text)
        if isinstance(value, dict):
            return value
    return {}


def _flood(sandbox: Unboxed, slot: Slot) -> ExitReason:
    def command(_job_fd: int, _evidence_fd: int) -> list[str]:
        return [sys.executable, "-I", "-B", "-c", FLOOD]

    box = sandbox.open(slot, LIMITS, command=command)
    deadline = time.monotonic() + SECONDS
    while box.over_limit() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    box.kill()
    return box.close().exit_reason


def _said(name: str, *, holds: bool, detail: str, mend: str) -> Property:
    return Property(name=name, holds=holds, detail=detail, mend="" if holds else mend)
