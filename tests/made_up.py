"""Made-up submissions, rubrics and evidence, for tests of what happens after the box.

seen = a_seen(a_rubric(), measured(request, payload, scores=array))
result = CHECKS["error.at_most"](params, seen)
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks import CHECKS, GroundTruth, Seen
from grader.model.evidence import (
    Array,
    Attempt,
    Evidence,
    EvidenceSet,
    Fault,
    Place,
    ProbeRequest,
    Remark,
)
from grader.model.measurements import Axes, Binding, FigureSeen, LineSeen, Predictions
from grader.model.outcome import ExitReason
from grader.model.rubric import Rubric
from grader.model.submission import Submission, SubmittedFile

if TYPE_CHECKING:
    from grader.model.base import Record
    from grader.model.scorecard import CheckResult

DATASET = "digits/test"
NOTEBOOK = "hw.ipynb"
DIGEST = "0" * 64

RUBRIC: dict[str, Any] = {
    "schema": 1,
    "assignment": {"id": "digits", "title": "Digits", "team_size": {"min": 1, "max": 2}},
    "files": {
        "notebook": {"pattern": "HW1_{student_ids}.ipynb", "required": True},
        "weights": {"pattern": "*.model"},
    },
    "roles": {
        "cnn": {
            "kind": "module",
            "names": ["classifier_cnn"],
            "input_shape": [64],
            "output_shape": [10],
        },
        "classifier": {"kind": "class", "names": ["ClassifierNeuralNet"]},
        "sigmoid": {"kind": "function", "names": ["d_sigmoid"]},
        "digits": {
            "kind": "dataset",
            "names": ["Digits"],
            "arguments": {"mode": "test"},
            "source_data": "sklearn.digits",
        },
    },
    "task": [
        {
            "id": "2",
            "title": "Digits",
            "points": 1,
            "criterion": [
                {
                    "id": "error",
                    "points": 1,
                    "check": "manual.band",
                    "source": "at most 0.06 classification error",
                    "with": {"question": "Is it explained well?"},
                }
            ],
        }
    ],
}
"""A small rubric as its file would hold it."""


def a_rubric(**changes: Any) -> Rubric:
    """The small rubric, with top-level entries replaced."""
    return Rubric.model_validate_json(json.dumps({**RUBRIC, **changes}))


def a_submission(*paths: str, **changes: Any) -> Submission:
    """A submission that holds files of these names."""
    files = tuple(
        SubmittedFile(path=path, size_bytes=1, sha256=DIGEST)
        for path in sorted(paths or ("HW1_11_22.ipynb", "classifier_cnn.model"))
    )
    given: dict[str, Any] = {
        "assignment": "digits",
        "name": "team-a",
        "root": Path("nowhere"),
        "team": "Team A",
        "student_ids": ("11", "22"),
        "files": files,
    }
    return Submission(**{**given, **changes})


def an_array(values: Any) -> Array:
    """Raw numbers as a probe sends them."""
    held = np.asarray(values, order="C")
    data = held.astype(held.dtype.newbyteorder("<")).tobytes()
    return Array.model_validate(
        {
            "dtype": held.dtype.name,
            "shape": held.shape,
            "sha256": hashlib.sha256(data).hexdigest(),
            "data": data,
        }
    )


def measured(
    request: ProbeRequest, payload: Record, remarks: tuple[Remark, ...] = (), **arrays: Any
) -> Evidence:
    """Evidence as admission stores it."""
    return Evidence(
        request=request,
        state="measured",
        exit_reason=ExitReason.OK,
        payload=payload.model_dump(mode="json", by_alias=True),
        arrays={name: an_array(values) for name, values in arrays.items()},
        remarks=remarks,
        wall_seconds=0.1,
    )


def not_there(request: ProbeRequest, message: str = "no CNN was found") -> Evidence:
    """Evidence of a role that was not found."""
    return Evidence(
        request=request,
        state="unbound",
        exit_reason=ExitReason.OK,
        fault=Fault(kind="unbound", message=message),
        wall_seconds=0.1,
    )


def student_fault(
    request: ProbeRequest,
    kind: str = "ValueError",
    message: str = "shapes do not chain",
    place: Place | None = None,
    reason: ExitReason = ExitReason.OK,
) -> Evidence:
    """Evidence that the student's code failed."""
    return Evidence(
        request=request,
        state="student_fault",
        exit_reason=reason,
        fault=Fault(kind=kind, message=message, place=place),
        wall_seconds=0.1,
    )


def our_fault(request: ProbeRequest, message: str = "the box could not be made") -> Evidence:
    """Evidence that we failed."""
    return Evidence(
        request=request,
        state="harness",
        exit_reason=ExitReason.HARNESS,
        fault=Fault(kind="harness", message=message),
        wall_seconds=0.1,
    )


def a_binding(role: str = "cnn", **changes: Any) -> Binding:
    """A role bound by name."""
    given: dict[str, Any] = {
        "role": role,
        "how": "name",
        "definition": "classnet",
        "place": Place(file=NOTEBOOK, cell=7),
        "weights": "classifier_cnn.model",
    }
    return Binding(**{**given, **changes})


def some_predictions(**changes: Any) -> Predictions:
    """Facts of a prediction without anything odd."""
    given: dict[str, Any] = {"binding": a_binding(), "output_is": "log_probabilities"}
    return Predictions(**{**given, **changes})


def some_labels(total: int = 447, classes: int = 10) -> tuple[int, ...]:
    """Labels of nearly balanced classes."""
    return tuple(index % classes for index in range(total))


def some_scores(
    labels: tuple[int, ...], wrong: int, classes: int = 10
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Log-probabilities that misclassify the first `wrong` examples into the next class."""
    chosen = np.array(labels)
    chosen[:wrong] = (chosen[:wrong] + 1) % classes
    logits = np.full((len(labels), classes), 0.0)
    logits[np.arange(len(labels)), chosen] = 5.0
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logs.astype(np.float32)


def a_figure(lines: int = 2, *, labelled: bool = True, cell: int | None = 9) -> FigureSeen:
    """A figure of learning curves."""
    drawn = tuple(
        LineSeen(label=f"run {index}", x=(0.0, 1.0, 2.0), y=(1.0, 0.5, "nan"))
        for index in range(lines)
    )
    text = {"title": "NLL", "x_label": "epoch", "y_label": "nll"} if labelled else {}
    axes = Axes(
        title=text.get("title", ""),
        x_label=text.get("x_label", ""),
        y_label=text.get("y_label", ""),
        legend=("mlp", "cnn") if labelled else (),
        lines=drawn,
    )
    return FigureSeen(cell=cell, axes=(axes,))


def a_truth(**changes: Any) -> GroundTruth:
    """Labels of the 447 made-up test digits."""
    given: dict[str, Any] = {
        "labels": {DATASET: some_labels()},
        "class_names": {DATASET: tuple("0123456789")},
    }
    return GroundTruth(**{**given, **changes})


def a_seen(
    *evidence: Evidence,
    rubric: Rubric | None = None,
    submission: Submission | None = None,
    truth: GroundTruth | None = None,
) -> Seen:
    """What a check gets to see."""
    return Seen(
        rubric=rubric or a_rubric(),
        submission=submission or a_submission(),
        evidence=EvidenceSet.of(*evidence),
        truth=truth or a_truth(),
        criterion="2/error",
    )


def judged(name: str, params: dict[str, Any], seen: Seen) -> CheckResult:
    """The result of a registered check with parameters as a rubric file holds them."""
    entry = CHECKS[name]
    return entry(entry.params.model_validate_json(json.dumps(params)), seen)


def an_attempt(**changes: Any) -> Attempt:
    """A run that went well."""
    given: dict[str, Any] = {
        "number": 1,
        "sandbox": "bubblewrap",
        "exit_reason": ExitReason.OK,
        "started_at": "2024-01-01T00:00:00+00:00",
        "wall_seconds": 1.0,
        "startup_seconds": 1.0,
    }
    return Attempt(**{**given, **changes})
