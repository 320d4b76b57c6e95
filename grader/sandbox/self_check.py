"""Attacks a box from inside and looks at it from outside. Fails closed.

Three things must come together before untrusted code may run:

- a control: honest work succeeds in a box, so that a box that can do nothing does not pass;
- the attempts: each is stopped in the box, and those that can be tried outside do succeed there,
  so that an attempt that never works does not pass either;
- the bombs: memory, processes, output, disk, a daemon, each within small limits.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grader
from grader.errors import GraderError
from grader.model.outcome import ExitReason
from grader.sandbox.box import Limits, Property, Slot
from grader.sandbox.environment import Form, gpu_devices
from grader.sandbox.limits.cgroup import start_time
from grader.sandbox.limits.watchdog import descendants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from grader.sandbox.bubblewrap import Bubblewrap
    from grader.sandbox.bubblewrap_box import BubblewrapBox

__all__ = ["check_bubblewrap"]

MIB = 1024**2
LIMITS = Limits(
    memory_bytes=256 * MIB, processes=64, disk_bytes=2 * MIB, output_bytes=64 * 1024, threads=1
)
SECONDS = 60.0
"""For one box of the self-check. Far more than it needs."""

MENDS = {
    "do_the_work": "a box cannot run honest code: see the detail, then docs/operators.md",
    "make_system_calls": "write the filters again: python -m grader.sandbox.seccomp.generate",
    "keep_power": "do not run the grader with other tools' wrappers around bwrap or setpriv",
    "import_grader": "install the grader into its own environment, or from a checkout",
    "see_paths": "keep rubrics and submissions outside the Python environment",
}
MEND = "do not grade on this machine; report it with the output of `grade doctor --json`"

MEMORY_BOMB = """
import os
if os.fork() == 0:  # as student code is: not the box's first process
    kept = []
    while True:
        kept.append(bytearray(1 << 22))
os.wait()
"""
FORK_BOMB = """
import os, sys, time
made = 0
try:
    while made < 10000:
        if os.fork() == 0:
            time.sleep(1000)
        made += 1
except OSError:
    pass
os.write({report}, b'%d\\n' % made)
time.sleep(1000)
"""
OUTPUT_FLOOD = "import os\nwhile True: os.write(1, b'x' * 65536)"


@dataclass
class Trial:
    """One run of the self-check in one form of the box."""

    sandbox: Bubblewrap
    root: Path
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    found: list[Property] = field(default_factory=list)

    def slot(self, name: str) -> Slot:
        """Make a slot with a submission and inputs in it."""
        slot = Slot(root=self.root / name)
        for folder in (slot.submission, slot.inputs):
            folder.mkdir(parents=True)
            (folder / "token").write_text(self.token, encoding="ascii")
        return slot

    def say(self, name: str, *, holds: bool, detail: str, mend: str = MEND) -> None:
        """Keep what was found."""
        self.found.append(
            Property(name=name, holds=holds, detail=detail, mend="" if holds else mend)
        )

    def open(self, name: str, limits: Limits, code: str | list[str]) -> BubblewrapBox:
        """Open a box that runs Python code, or an argv in which descriptors are filled in."""

        def command(job_fd: int, evidence_fd: int) -> list[str]:
            python = [self.sandbox.python.executable, "-I", "-B", "-c"]
            if isinstance(code, str):
                return [*python, code.replace("{report}", str(evidence_fd))]
            return [*python, code[0], str(evidence_fd), str(job_fd), *code[1:]]

        return self.sandbox.open(self.slot(name), limits, command=command)


def check_bubblewrap(sandbox: Bubblewrap) -> tuple[Property, ...]:
    """Try every form that a box of this sandbox may take."""
    forms = sandbox.forms()
    if len(forms) == 1:
        return tuple(_check_form(sandbox))
    return tuple(
        one.model_copy(update={"name": f"{one.name} ({form.value})"})
        for form in forms
        for one in _check_form(sandbox.with_form(form))
    )


def _check_form(sandbox: Bubblewrap) -> list[Property]:
    with tempfile.TemporaryDirectory(prefix="grader-self-check-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # what is not seen must be hidden by the box, not by this folder
        trial = Trial(sandbox, root)
        for part in (_attempts, _memory, _processes, _output):
            try:
                part(trial)
            except (GraderError, OSError, ValueError) as error:
                mend = getattr(error, "mend", "") or MEND
                name = part.__name__.strip("_")
                trial.say(name, holds=False, detail=str(error).split("\n  mend:")[0], mend=mend)
                if not trial.found[:-1]:
                    break  # no box at all: the rest would say the same
    return trial.found


def _attempts(trial: Trial) -> None:
    """Everything that one box can try, and what is left of it afterwards."""
    other = trial.slot("other")
    canary = trial.root / "canary"
    canary.write_text(trial.token, encoding="ascii")
    with _services(trial) as services:
        outside: list[list[Any]] = [
            ["host file", "read_file", [str(canary)]],
            ["another submission", "read_file", [str(other.submission / "token")]],
            *[[f"host service, {kind}", "reach_service", [at]] for kind, at in services.items()],
        ]
        inside: list[list[Any]] = [
            *outside,
            ["control: honest work", "do_the_work", [trial.token, sys.prefix]],
            ["password hashes", "read_file", ["/etc/shadow"]],
            ["network", "reach_network", ["192.0.2.1"]],
            [
                "rubrics and the grader's code",
                "see_paths",
                [host_only_paths(trial.sandbox.python.folders)],
            ],
            ["imports", "import_grader", [["grader.score", "grader.checks", "reference.svhn"]]],
            ["kernel settings", "open_kernel_settings", []],
            ["system calls", "make_system_calls", []],
            ["read-only mounts", "write_mounts", []],
            ["power", "keep_power", []],
            ["other processes", "see_processes", []],
            ["disk", "overfill_disk", [LIMITS.disk_bytes]],
        ]
        _control_outside(trial, outside)
        _try_inside(trial, inside)


def host_only_paths(bound: Iterable[Path]) -> list[str]:
    """List what a box must not have.

    Args:
        bound: Folders that it has: their parents are there too, with nothing else in them.
    """
    package = Path(grader.__file__).parent
    paths = [package / "score.py", package / "checks" / "base.py", package / "model"]
    paths += [
        package.parent / name for name in ("rubrics", "submissions", "reports", "tests", ".git")
    ]
    spec = find_spec("reference")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        paths.append(Path(place, "__init__.py"))
    paths += [Path("/", name) for name in ("home", "mnt", "root", "run", "srv", "var")]
    if not gpu_devices():
        paths.append(Path("/sys"))
    known = {parent for folder in bound for parent in (folder, *folder.parents)}
    return [str(path) for path in paths if path not in known]


@contextlib.contextmanager
def _services(trial: Trial) -> Iterator[dict[str, int | str]]:
    """Listen on a port, an abstract name and a socket file, as a database on the host would."""
    abstract = f"grader-self-check-{trial.token}"
    path = str(trial.root / "socket")
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=16))
        for name in ("\0" + abstract, path):
            server = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            server.bind(name)
            server.listen(16)
        Path(path).chmod(0o777)
        yield {
            "port": tcp.getsockname()[1],
            "abstract socket": "@" + abstract,
            "socket file": path,
        }


def _attempts_text() -> str:
    return (Path(__file__).parent / "attempts.py").read_text(encoding="utf-8")


def _control_outside(trial: Trial, attempts: list[list[Any]]) -> None:
    """Without a box every attempt must get through, or it proves nothing."""
    read_end, write_end = os.pipe()
    words = [str(write_end), "-1", json.dumps(attempts)]
    argv = [sys.executable, "-I", "-B", "-c", _attempts_text(), *words]
    try:
        subprocess.run(argv, check=False, pass_fds=(write_end,), timeout=SECONDS)
        os.write(write_end, b"\n")
        results = _read_json(read_end)
    finally:
        os.close(read_end)
        os.close(write_end)
    idle = [key for key, _, _ in attempts if results.get(key, {}).get("stopped") is not False]
    detail = f"{len(attempts)} attempts succeed outside a box"
    trial.say(
        "control: the attempts work",
        holds=not idle,
        detail=detail if not idle else "even outside a box nothing came of: " + ", ".join(idle),
    )


def _try_inside(trial: Trial, attempts: list[list[Any]]) -> None:
    allowed: list[int] = [0, 1, 2]

    def command(job_fd: int, evidence_fd: int) -> list[str]:
        allowed.extend((job_fd, evidence_fd))
        asked = [["descriptors", "hold_descriptors", [allowed]], *attempts]
        words = [str(evidence_fd), str(job_fd), json.dumps(asked)]
        return [trial.sandbox.python.executable, "-I", "-B", "-c", _attempts_text(), *words]

    box = trial.sandbox.open(trial.slot("own"), LIMITS, command=command)
    try:
        results = _read_json(box.evidence_fd)
        _look_from_outside(trial, box)
    finally:
        members = {pid: start_time(pid) for pid in descendants(box.pid)}
        result = box.close()
    for key, name, _ in [["descriptors", "hold_descriptors", []], *attempts]:
        answer = results.get(key, {"stopped": False, "detail": "not answered"})
        stopped = answer.get("stopped") is True
        said = result.output.decode(errors="replace").strip()[-500:]
        detail = str(answer.get("detail")) + ("" if stopped or not said else f" ({said})")
        trial.say(key, holds=stopped, detail=detail, mend=MENDS.get(name, MEND))
    left = [pid for pid, started in members.items() if started and start_time(pid) == started]
    trial.say(
        "nothing survives",
        holds=len(members) > 1 and not left,
        detail=f"{len(members)} processes, a daemon among them, are gone"
        if not left
        else f"still alive: {left}",
    )


def _look_from_outside(trial: Trial, box: BubblewrapBox) -> None:
    """Read from outside whom the box's code really runs as: inside, a uid may be only a name."""
    if trial.sandbox.forms() == (Form.USER,):
        return
    uids = set()
    first_is_ours = Form.DROPPED_INSIDE in trial.sandbox.forms()
    for pid in descendants(box.pid)[first_is_ours:]:
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
            lines = [line for line in text.splitlines() if line.startswith(("Uid:", "Gid:"))]
            uids |= {int(word) for line in lines for word in line.split()[1:]}
    trial.say(
        "uid as seen from outside",
        holds=bool(uids) and 0 not in uids,
        detail=f"runs as {sorted(uids)}",
    )


def _memory(trial: Trial) -> None:
    _bomb(trial, "memory bomb", MEMORY_BOMB, ExitReason.MEMORY)


def _output(trial: Trial) -> None:
    _bomb(trial, "output flood", OUTPUT_FLOOD, ExitReason.OUTPUT_LIMIT)


def _bomb(trial: Trial, name: str, code: str, reason: ExitReason) -> None:
    """Run what must be ended by a limit."""
    box = trial.open(name.replace(" ", "-"), LIMITS, code)
    try:
        _wait(lambda: box.over_limit() is not None or box.ended())
    finally:
        box.kill()
        result = box.close()
    peak = result.peak_memory_bytes
    told = f", at most {peak // MIB} MiB of {LIMITS.memory_bytes // MIB}" if peak else ""
    trial.say(
        name,
        holds=result.exit_reason is reason,
        detail=f"ended by {result.exit_reason.value}{told}",
        mend="limits do not work here: see docs/operators.md",
    )


def _processes(trial: Trial) -> None:
    box = trial.open("fork-bomb", LIMITS, FORK_BOMB)
    try:
        made = int(_read_all(box.evidence_fd, b"\n") or b"-1")
    finally:
        box.kill()
        box.close()
    trial.say(
        "fork bomb",
        holds=0 < made <= LIMITS.processes,
        detail=f"stopped after {made} processes of {LIMITS.processes}",
        mend="limits do not work here: see docs/operators.md",
    )


def _read_json(fd: int) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        value = json.loads(_read_all(fd, b"\n"))
        if isinstance(value, dict):
            return value
    return {}


def _read_all(fd: int, end: bytes) -> bytes:
    """Read until a byte that ends it, the end of the pipe, 1 MiB, or too much time."""
    deadline = time.monotonic() + SECONDS
    data = b""
    while len(data) < MIB and not (end and data.endswith(end)):
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        part = os.read(fd, 65536) if ready else b""
        if not part:
            break
        data += part
    return data


def _wait(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.01)
