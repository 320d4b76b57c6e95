"""What a check is: a pure function from evidence and parameters to a check result.

    @check("params.at_most", AtMost, needs=lambda p, r: (describe_module(r, p.model),))
    def at_most(params: AtMost, seen: Seen) -> CheckResult:
        \"\"\"Your model stays within the number of parameters that the assignment allows.\"\"\"

The first line of the docstring is what a student reads.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import JsonValue, ValidationError

from grader.checks.faults import failed, not_measured, ours, spoilt
from grader.checks.requests import inspect_source
from grader.errors import DatasetMissingError
from grader.model.base import Record
from grader.model.evidence import Evidence, EvidenceSet, ProbeRequest
from grader.model.measurements import SourceFacts
from grader.model.rubric import Rubric
from grader.registry import Registry

if TYPE_CHECKING:
    import numpy as np

    from grader.model.scorecard import Baseline, CheckResult
    from grader.model.submission import Submission

__all__ = [
    "CHECKS",
    "Check",
    "GroundTruth",
    "Needs",
    "Seen",
    "Stopped",
    "check",
    "failed",
    "not_measured",
    "ours",
    "own_probe",
    "registering",
    "spoilt",
]

P = TypeVar("P", bound=Record)
M = TypeVar("M", bound=Record)

Needs = Callable[[Any, Rubric], tuple[ProbeRequest, ...]]


@dataclass(frozen=True)
class GroundTruth:
    """What only the grader knows. It never enters a box.

    Attributes:
        labels: Dataset split, such as `digits/test` → class of each example, [N].
        class_names: Dataset split → names of the classes.
        missing: Dataset split → why its labels are not here, and the mend.
        partial: Dataset split → which part of it was measured; complete ones are left out.
        inputs: Dataset split → its inputs, [N, …], read when they are asked for; pictures of
            different sizes are left out.
        served_labels: Served split → the labels as student code saw them when it ran, [M].
        served_rows: Served split → for each of its rows, the row of the split it shows, [M].
        baselines: Criterion (`task/criterion`) → what the reference reached.
        expected: Names of functions in the rubric's `expected.py` → float64 numpy functions.
    """

    labels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    partial: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    served_labels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    served_rows: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    expected: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


class Stopped(Exception):
    """Evidence is missing for a reason that decides the outcome by itself."""

    def __init__(self, result: CheckResult) -> None:
        super().__init__(result.message)
        self.result = result


@dataclass(frozen=True)
class Seen:
    """Everything a check may look at."""

    rubric: Rubric
    submission: Submission
    evidence: EvidenceSet
    truth: GroundTruth
    criterion: str
    """`task/criterion`, for its baseline."""

    @property
    def baseline(self) -> Baseline | None:
        """What the reference reached on this criterion."""
        return self.truth.baselines.get(self.criterion)

    def labels(self, dataset: str) -> tuple[int, ...]:
        """The true classes of a dataset split.

        Raises:
            Stopped: The dataset is not on this machine: an `error`, never a zero.
        """
        if dataset in self.truth.labels:
            return self.truth.labels[dataset]
        why = self.truth.missing.get(dataset, f"dataset '{dataset}' is not on this machine")
        raise Stopped(ours(why))

    def inputs(self, dataset: str) -> Any:
        """The inputs of a dataset split, as numpy [N, …].

        Raises:
            Stopped: The dataset is not on this machine: an `error`, never a zero.
        """
        if dataset in self.truth.inputs:
            return self.truth.inputs[dataset]
        why = self.truth.missing.get(dataset, f"dataset '{dataset}' is not on this machine")
        raise Stopped(ours(why))

    def classes(self, dataset: str) -> tuple[str, ...]:
        """The names of a split's classes, at least one for each label."""
        names = self.truth.class_names.get(dataset, ())
        highest = max(self.truth.labels.get(dataset, (-1,)))
        return (*names, *(str(label) for label in range(len(names), highest + 1)))

    def source(self) -> SourceFacts | None:
        """What the submission's source is, where that was measured."""
        evidence = self.evidence.get_for(inspect_source())
        if evidence is None or evidence.state != "measured":
            return None
        try:
            return SourceFacts.model_validate_json(json.dumps(evidence.payload))
        except ValidationError:
            return None

    def measured(self, request: ProbeRequest, payload: type[M]) -> tuple[Evidence, M]:
        """The evidence for a request and its payload.

        Raises:
            Stopped: It was not measured; the result says whose fault that is.
        """
        evidence = self.evidence.get_for(request)
        if evidence is None:
            raise Stopped(ours(f"the probe '{request.probe}' was not run"))
        if evidence.state != "measured":
            raise Stopped(not_measured(evidence, self.source()))
        try:
            return evidence, payload.model_validate_json(json.dumps(evidence.payload))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            said = f"the probe '{request.probe}' reported something unreadable ({where})"
            raise Stopped(ours(said)) from error


@dataclass(frozen=True)
class Check(Generic[P]):
    """A registered check."""

    name: str
    params: type[P]
    needs: Needs
    judge: Callable[[P, Seen], CheckResult]
    manual: bool = False

    @property
    def summary(self) -> str:
        """The first line of the docstring: what a student reads."""
        return (inspect.getdoc(self.judge) or "").split("\n", 1)[0]

    def __call__(self, params: P, seen: Seen) -> CheckResult:
        """Judge; faults of evidence become results."""
        try:
            return self.judge(params, seen)
        except Stopped as stopped:
            return stopped.result
        except DatasetMissingError as error:
            return ours(str(error))


CHECKS: Registry[Check[Any]] = Registry("check")
"""The built-in checks."""

TARGET: ContextVar[Registry[Check[Any]]] = ContextVar("registry of checks", default=CHECKS)


@contextmanager
def registering(registry: Registry[Check[Any]]) -> Iterator[None]:
    """Let `check` register elsewhere for a while: a rubric's own checks are that rubric's alone."""
    token = TARGET.set(registry)
    try:
        yield
    finally:
        TARGET.reset(token)


def own_probe(rubric: Rubric, name: str, **params: JsonValue) -> ProbeRequest:
    """Ask a rubric's own probe, `probes/<name>.py`.

    A role goes as `role=role_params(rubric, name)`.
    """
    return ProbeRequest(probe=f"{rubric.assignment.id}/{name}", params=params)


def _nothing(_params: Any, _rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return ()


def check(
    name: str, params: type[P], *, needs: Needs = _nothing, manual: bool = False
) -> Callable[[Callable[[P, Seen], CheckResult]], Callable[[P, Seen], CheckResult]]:
    """Register a check under `family.predicate`.

    Args:
        name: Unique among the built-in ones, and in its rubric.
        params: The record of its parameters.
        needs: The probe requests that it looks at.
        manual: Whether a person decides.
    """

    def register(judge: Callable[[P, Seen], CheckResult]) -> Callable[[P, Seen], CheckResult]:
        TARGET.get().register(name, Check(name, params, needs, judge, manual))
        return judge

    return register
