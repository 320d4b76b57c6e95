"""What the host knows of each probe: the shape of its answer and the time it may take.

A probe itself lives in `inside/`; this is the strict side that admits what it wrote.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.collect.deadline import PATIENCE
from grader.model import documents, measurements
from grader.model.evidence import ProbeRequest
from grader.registry import Registry

if TYPE_CHECKING:
    from grader.model.base import Record
    from grader.model.rubric import Budget

__all__ = [
    "PROBES",
    "ArrayRule",
    "OwnProbe",
    "ProbeSpec",
    "add_own",
    "array_rules",
    "own_context",
    "spec_of",
]

WALL_GRACE_SECONDS = 20.0
"""Beyond the execution's own soft end: it still has to report what it saw."""


@dataclass(frozen=True)
class ArrayRule:
    """One array that a probe may write.

    Attributes:
        dtype: Its only dtype.
        shape: Exact, or with None where any size up to `most` numbers will do.
        most: Largest count of numbers.
        required: Whether a measured payload must come with it.
        by_row: The split in whose secret order its rows are.
        rows_of: The split in whose secret order its numbers name rows, each at most once.
    """

    dtype: str
    shape: tuple[int | None, ...] | None
    most: int
    required: bool = True
    by_row: str = ""
    rows_of: str = ""

    @property
    def most_bytes(self) -> int:
        """Upper bound of its size."""
        return self.most * {"float32": 4, "float64": 8, "int64": 8, "uint8": 1}[self.dtype]


Rules = Callable[[ProbeRequest, Mapping[str, int]], dict[str, ArrayRule]]


def _none(_request: ProbeRequest, _rows: Mapping[str, int]) -> dict[str, ArrayRule]:
    return {}


@dataclass(frozen=True)
class ProbeSpec:
    """The host's side of one probe.

    Attributes:
        payload: The record its JSON must fit.
        arrays: From a request and the datasets' row counts to the arrays it may write.
        executes: Whether it runs the student's whole submission.
        clocked: Whether what it reports depends on how busy the machine is.
    """

    payload: type[Record]
    arrays: Rules = _none
    executes: bool = False
    clocked: bool = False

    def wall_seconds(self, budget: Budget) -> float:
        """When the host ends it."""
        if self.executes:
            return PATIENCE * budget.wall_seconds + WALL_GRACE_SECONDS
        return budget.probe_seconds


PROBES: Registry[ProbeSpec] = Registry("probe")
"""The built-in probes."""


@dataclass(frozen=True)
class OwnProbe:
    """A rubric's own probe.

    Attributes:
        spec: What the host must know of it.
        source: Its Python text, which goes into the box.
    """

    spec: ProbeSpec
    source: str


OWN: dict[str, OwnProbe] = {}
"""`assignment/probe` → a rubric's own probe; the last that was loaded counts."""


def add_own(assignment: str, probes: Mapping[str, ProbeSpec], sources: Mapping[str, str]) -> None:
    """Make a rubric's own probes known."""
    for name, spec in probes.items():
        OWN[f"{assignment}/{name}"] = OwnProbe(spec, sources[name])


def own_context(requests: Iterable[ProbeRequest]) -> dict[str, str]:
    """What evidence of a rubric's own probes depends on: their text."""
    return {
        r.probe: hashlib.sha256(OWN[r.probe].source.encode()).hexdigest()
        for r in requests
        if r.probe in OWN
    }


def spec_of(probe: str) -> ProbeSpec:
    """What the host knows of a probe.

    Raises:
        UnknownNameError: There is none of this name.
    """
    return OWN[probe].spec if probe in OWN else PROBES[probe]


FIGURES = 64
"""As many as an execution may report, with pixels or without: arrays are named by position."""
FIGURE_BYTES = 4 * 1024**2
RESULT_NUMBERS = 1_000_000
WAYS_BY_HAND = 8
CLASSES_AT_MOST = 10_000
NUDGED = 256
"""Inputs that a net is asked once more, changed a little."""


def _scores(request: ProbeRequest, rows: Mapping[str, int]) -> dict[str, ArrayRule]:
    dataset = str(request.params["dataset"])
    role: Any = request.params["role"]
    shape = role.get("output_shape")
    columns = math.prod(shape) if shape else None
    count = rows[dataset]
    most = count * (columns or CLASSES_AT_MOST)
    few = min(count, NUDGED)
    some = ArrayRule("float32", (None, columns), few * (columns or CLASSES_AT_MOST), required=False)
    return {
        "scores": ArrayRule("float32", (count, columns), most, by_row=dataset),
        "nudged_rows": ArrayRule("int64", (None,), few, required=False, rows_of=dataset),
        "noisy": some,
        "moved": some,
    }


def _results(request: ProbeRequest, _rows: Mapping[str, int]) -> dict[str, ArrayRule]:
    calls: Any = request.params["calls"]
    return {
        f"result_{i}": ArrayRule("float64", None, RESULT_NUMBERS, required=False)
        for i in range(len(calls))
    }


def _steps(request: ProbeRequest, _rows: Mapping[str, int]) -> dict[str, ArrayRule]:
    given: Any = request.params["set"]
    names = ("output", *given, *(f"gradient_{name}" for name in given))
    return {
        f"{name}_{i}": ArrayRule("float64", None, RESULT_NUMBERS, required=False)
        for name in names
        for i in range(WAYS_BY_HAND)
    }


def _figures(_request: ProbeRequest, _rows: Mapping[str, int]) -> dict[str, ArrayRule]:
    rule = ArrayRule("uint8", (None, None, 3), FIGURE_BYTES, required=False)
    return {f"figure_{i}": rule for i in range(FIGURES)}


PROBES.register("inspect_source", ProbeSpec(measurements.SourceFacts))
PROBES.register("scan_apis", ProbeSpec(measurements.ApiUses))
PROBES.register("find_mistakes", ProbeSpec(documents.Findings))
PROBES.register("find_settings", ProbeSpec(measurements.SettingsWritten))
PROBES.register("find_claims", ProbeSpec(measurements.Claims))
PROBES.register("read_documents", ProbeSpec(documents.Documents))
PROBES.register("read_tensors", ProbeSpec(measurements.SavedFiles))
PROBES.register("compare_pdf", ProbeSpec(documents.PdfMatch))
PROBES.register("bind_roles", ProbeSpec(measurements.Bindings))
PROBES.register("describe_module", ProbeSpec(measurements.ModuleFacts))
PROBES.register("predict", ProbeSpec(measurements.Predictions, _scores))
PROBES.register("call_function", ProbeSpec(measurements.CallResult, _results))
PROBES.register("train_by_hand", ProbeSpec(measurements.Steps, _steps))
PROBES.register("time_module", ProbeSpec(measurements.Timing, clocked=True))
PROBES.register("execute", ProbeSpec(measurements.Execution, _figures, executes=True, clocked=True))


def array_rules(request: ProbeRequest, rows: Mapping[str, int]) -> dict[str, ArrayRule]:
    """The arrays that this request may write."""
    return spec_of(request.probe).arrays(request, rows)
