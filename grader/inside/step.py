"""One step: a forked child that runs probes beside student code and reports each."""

from __future__ import annotations

import os
import random
import sys
import traceback
import types
from pathlib import Path
from typing import Any

from . import protocol
from .reply import Reply, StudentFault, Unbound
from .session import Session

OWN_FOLDER = f"{Path(__file__).parent}{os.sep}"
REPORTING = frozenset({"Run.report", "report"})
"""Functions of ours that write down what was measured."""


def run(job: dict[str, Any], step: list[dict[str, Any]], report_fd: int) -> None:
    """Measure every request of the step, in order, in one session.

    Args:
        job: The whole job: paths and input arrays.
        step: Requests: `{"index", "probe", "params"}`.
        report_fd: Where frames go.
    """
    from .probes import PROBES

    os.setsid()
    os.chdir(job["scratch"])
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    session = Session(job, main)
    for request in step:
        reply = Reply()
        session.reply = reply
        seed(int(request["params"].get("run", 1)))
        state, fault = "measured", None
        try:
            probe = PROBES.get(request["probe"]) or own_probe(job, request["probe"])
            probe(session, request["params"], reply)
            text, body = report(reply, state, fault)
        except Unbound as error:
            state, fault = "unbound", {"kind": "unbound", "message": str(error)[:4000]}
        except BaseException as error:
            state = "harness" if is_ours(error, session) else "student_fault"
            fault = describe_fault(error, session)
        if fault is not None:
            text, body = report(reply, state, fault)
        protocol.write_encoded(report_fd, protocol.EVIDENCE, request["index"], text, body)


def report(reply: Reply, state: str, fault: dict[str, Any] | None) -> tuple[bytes, bytes]:
    """A frame's two parts. Numbers come only from what was measured to its end."""
    header: dict[str, Any] = {"state": state, "fault": fault, "remarks": reply.remarks}
    if fault is not None:
        return protocol.encoded({**header, "payload": {}, "arrays": []}), b""
    header |= {"payload": reply.payload, "arrays": reply.arrays}
    return protocol.encoded(header), b"".join(reply.body)


def own_probe(job: dict[str, Any], name: str) -> Any:
    """A rubric's own probe: it sees the island's modules as a built-in one does.

    Raises:
        KeyError: There is none of this name: our fault.
    """
    source = job["own_probes"][name]
    function = name.rpartition("/")[2]
    module = types.ModuleType(f"{__package__}.probes.own_{function}")
    module.__package__ = f"{__package__}.probes"
    sys.modules[module.__name__] = module
    exec(compile(source, f"{OWN_FOLDER}probes/own/{function}.py", "exec"), vars(module))  # noqa: S102 - the course's own
    return getattr(module, function)


def seed(run: int = 1) -> None:
    """Same seeds before every probe, so that equal submissions give equal evidence.

    Args:
        run: A second run of the same code begins otherwise: only what seeds itself repeats.
    """
    import numpy as np
    import torch

    random.seed(run - 1)
    np.random.seed(run - 1)
    torch.manual_seed(run - 1)


def is_ours(error: BaseException, session: Session) -> bool:
    """Whether a probe broke by itself: our own line raised, and no student code was on the way.

    Such evidence is `harness`: a grader's bug never costs a point. Where a library raised, a probe
    asked it about the student's objects, except while we write down what was measured.
    """
    if isinstance(error, StudentFault | MemoryError | SystemExit | KeyboardInterrupt):
        return False
    deepest = ""
    reporting = False
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_filename
        if session.place_of(name, line) is not None:
            return False
        if not name.startswith("<frozen"):
            deepest = name
        own = name.startswith(OWN_FOLDER)
        reporting = reporting or (own and frame.f_code.co_qualname in REPORTING)
    return reporting or deepest.startswith(OWN_FOLDER)


def describe_fault(error: BaseException, session: Session) -> dict[str, Any]:
    """Say what the student's code did, at its own deepest line."""
    if isinstance(error, StudentFault):
        return {
            "kind": error.kind,
            "message": error.message[:4000],
            "place": error.place,
            "hint": error.hint[:1000],
        }
    from .execution.errors import message_of

    kind, message = type(error).__name__, message_of(error)
    if isinstance(error, MemoryError) or "can't allocate memory" in message:
        kind = "memory"
    elif isinstance(error, SystemExit):
        kind = "exit"
    place = None
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        found = session.place_of(frame.filename, frame.lineno)
        if found is not None:
            place = found
            frames.append(f"{found['file']}, line {frame.lineno}, in {frame.name}: {frame.line}")
    if place is None and isinstance(error, SyntaxError) and error.filename:
        place = session.place_of(error.filename, error.lineno)
    return {
        "kind": kind[:200],
        "message": message[:4000],
        "place": place,
        "traceback": "\n".join(frames)[:8000],
    }
