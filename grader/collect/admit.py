"""From raw bytes to evidence: exact sizes, strict schema, finite numbers, original row order."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, JsonValue, ValidationError

from grader.collect.probes import ArrayRule, spec_of
from grader.model.base import Record
from grader.model.evidence import Array, Evidence, Fault, ProbeRequest, Remark, State
from grader.model.outcome import ExitReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["admit", "ended_too_often", "fault_of_end", "harness_evidence", "interrupted"]

EXIT_REASONS = {"memory": ExitReason.MEMORY, "timeout": ExitReason.TIMEOUT}
SIGKILL = 9


class _ArrayHeader(Record):
    name: str = Field(max_length=40)
    dtype: Literal["float32", "float64", "int64", "uint8"]
    shape: tuple[int, ...] = Field(max_length=8)


class _Header(Record):
    """What a step says about one request."""

    state: Literal["measured", "student_fault", "unbound", "harness"]
    payload: dict[str, JsonValue]
    arrays: tuple[_ArrayHeader, ...] = Field(max_length=64)
    remarks: tuple[Remark, ...] = Field(max_length=100)
    fault: Fault | None


class Refused(Exception):
    """What came does not fit."""


def admit(
    request: ProbeRequest,
    text: bytes,
    body: bytes,
    rules: Mapping[str, ArrayRule],
    orders: Mapping[str, Sequence[int]],
    wall_seconds: float,
) -> Evidence:
    """Turn one evidence frame into evidence.

    What does not fit its schema is nobody's zero: it becomes `harness` evidence for the staff.

    Args:
        request: What was asked.
        text: The step's JSON.
        body: Its arrays, one after the other.
        rules: Which arrays may come.
        orders: Dataset → for each row that was sent, its original position.
        wall_seconds: By the host's clock.
    """
    try:
        header = _Header.model_validate_json(text)
        if header.state == "measured":
            payload = spec_of(request.probe).payload.model_validate_json(json.dumps(header.payload))
            clean: dict[str, JsonValue] = payload.model_dump(mode="json", by_alias=True)
            arrays = _arrays(header.arrays, body, rules, orders)
        else:
            clean, arrays = {}, {}
    except (ValidationError, ValueError, RecursionError, Refused) as error:
        return harness_evidence(
            request,
            f"the evidence of '{request.probe}' was refused: {str(error)[:1500]}",
            wall_seconds,
        )
    fault = header.fault
    if header.state == "harness":
        told = f"{fault.kind}: {fault.message}" if fault else "no reason was given"
        return harness_evidence(request, f"the probe '{request.probe}' broke: {told}", wall_seconds)
    state: State = header.state
    if state == "measured" and (broken := _not_finite(arrays, rules)):
        state, fault = "student_fault", broken
        clean, arrays = {}, {}
    reason = ExitReason.OK
    if state == "student_fault":
        reason = EXIT_REASONS.get(fault.kind if fault else "", ExitReason.CRASH)
    return Evidence(
        request=request,
        state=state,
        exit_reason=reason,
        payload=clean,
        arrays=arrays,
        remarks=header.remarks,
        fault=fault,
        wall_seconds=wall_seconds,
    )


def _arrays(
    headers: Sequence[_ArrayHeader],
    body: bytes,
    rules: Mapping[str, ArrayRule],
    orders: Mapping[str, Sequence[int]],
) -> dict[str, Array]:
    found: dict[str, Array] = {}
    start = 0
    for header in headers:
        rule = rules.get(header.name)
        if rule is None or header.name in found:
            raise Refused(f"an array '{header.name}' was not asked for")
        count = math.prod(header.shape)
        fits = rule.shape is None or (
            len(rule.shape) == len(header.shape)
            and all(want in (None, got) for want, got in zip(rule.shape, header.shape, strict=True))
        )
        if header.dtype != rule.dtype or not fits or not 0 <= count <= rule.most:
            raise Refused(
                f"{header.name} is {header.dtype}{list(header.shape)}, "
                f"not {rule.dtype}{list(rule.shape or ())}"
            )
        size = count * (rule.most_bytes // rule.most)
        data = body[start : start + size]
        start += size
        if rule.by_row:
            data = _reordered(data, orders[rule.by_row])
        if rule.rows_of:
            data = _renamed(data, orders[rule.rows_of], header.name)
        found[header.name] = Array(
            dtype=header.dtype,
            shape=header.shape,
            sha256=hashlib.sha256(data).hexdigest(),
            data=data,
        )
    if start != len(body):
        raise Refused(f"{len(body)} bytes came where {start} were announced")
    missing = [name for name, rule in rules.items() if rule.required and name not in found]
    if missing:
        raise Refused(f"no array {missing}")
    return found


def _reordered(data: bytes, order: Sequence[int]) -> bytes:
    """Put rows back where they were before the secret shuffle."""
    width = len(data) // len(order) if order else 0
    rows: list[bytes] = [b""] * len(order)
    for sent, original in enumerate(order):
        rows[original] = data[sent * width : (sent + 1) * width]
    return b"".join(rows)


def _renamed(data: bytes, order: Sequence[int], name: str) -> bytes:
    """Rows by what they were called before the secret shuffle."""
    import numpy as np

    sent = np.frombuffer(data, "<i8").tolist()
    if len(set(sent)) < len(sent) or any(not 0 <= row < len(order) for row in sent):
        raise Refused(f"{name} names rows that are none, or a row twice")
    return np.array([order[row] for row in sent], "<i8").tobytes()


def _not_finite(arrays: Mapping[str, Array], rules: Mapping[str, ArrayRule]) -> Fault | None:
    import numpy as np

    for name, array in arrays.items():
        if not rules[name].by_row:
            continue
        values = np.frombuffer(array.data, dtype=np.dtype(array.dtype).newbyteorder("<"))
        bad = int((~np.isfinite(values)).sum())
        if bad:
            return Fault(
                kind="not_finite",
                message=f"{bad} of {values.size} scores are NaN or infinite.",
                hint="Look for a diverged training, a division by zero or log(0).",
            )
    return None


def interrupted(
    request: ProbeRequest, reason: ExitReason, detail: str, wall_seconds: float, limit: str
) -> Evidence:
    """The request during which a limit was hit or the box ended."""
    messages = {
        ExitReason.TIMEOUT: f"The time limit ({limit}) was reached.",
        ExitReason.MEMORY: f"The memory limit ({limit}) was reached.",
        ExitReason.OUTPUT_LIMIT: f"More than {limit} was printed.",
        ExitReason.KILLED: "The process that ran your code was killed from within.",
        ExitReason.CRASH: "The process that ran your code ended without an answer.",
    }
    hints = {
        ExitReason.TIMEOUT: "Look for a loop that never ends, or training outside a guard.",
        ExitReason.MEMORY: "Work in batches, and keep no graphs (`.detach()`, `.item()`).",
        ExitReason.OUTPUT_LIMIT: "Print once an epoch, not once a step.",
    }
    return Evidence(
        request=request,
        state="student_fault",
        exit_reason=reason,
        fault=Fault(
            kind=reason.value,
            message=messages.get(reason, detail),
            hint=hints.get(reason, ""),
            traceback=detail[:500],
        ),
        wall_seconds=wall_seconds,
    )


def ended_too_often(request: ProbeRequest, reason: ExitReason, boxes: int) -> Evidence:
    """A request that was not tried, because the submission ended every box so far."""
    return Evidence(
        request=request,
        state="student_fault",
        exit_reason=reason,
        fault=Fault(
            kind="not_reached",
            message=f"Your code ended {boxes} boxes, one measurement in each; no more were opened.",
            hint="Mend what ended them; see the criteria that failed first.",
        ),
        wall_seconds=0.0,
    )


def fault_of_end(request: ProbeRequest, text: bytes, wall_seconds: float) -> Evidence:
    """A step that died, as the worker saw it."""
    try:
        ended: dict[str, Any] = json.loads(text)
        reached, signal_number = bool(ended["reached"]), int(ended["signal"])
        exit_code, problem = int(ended["exit_code"]), str(ended["problem"])[:500]
    except (ValueError, KeyError, TypeError) as error:
        return harness_evidence(request, f"the worker's report was refused: {error}", wall_seconds)
    if not reached:
        reason = ExitReason.CRASH
        fault = Fault(
            kind="not_reached",
            message="Your code ended before this could be measured.",
            hint="Mend what ended it; see the criterion that failed first.",
        )
    elif problem:
        reason = ExitReason.CRASH
        fault = Fault(kind="protocol", message=f"What your code left was unreadable: {problem}.")
    elif signal_number:
        reason = ExitReason.KILLED if signal_number == SIGKILL else ExitReason.CRASH
        fault = Fault(
            kind="signal",
            message=f"The process running your code was ended by signal {signal_number}.",
        )
    else:
        reason = ExitReason.CRASH
        fault = Fault(
            kind="exit",
            message=f"Your code ended its process (exit code {exit_code}) before its end.",
            hint="Remove `os._exit`, `quit` and the like: graded code must run to its end.",
        )
    return Evidence(
        request=request,
        state="student_fault",
        exit_reason=reason,
        fault=fault,
        wall_seconds=wall_seconds,
    )


def harness_evidence(request: ProbeRequest, message: str, wall_seconds: float = 0.0) -> Evidence:
    """Our failure. Never stored, never a zero."""
    return Evidence(
        request=request,
        state="harness",
        exit_reason=ExitReason.HARNESS,
        fault=Fault(kind="harness", message=message[:4000]),
        wall_seconds=wall_seconds,
    )
