"""What is remembered of each submission to compare it with its classmates': never its evidence."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from grader.checks import GroundTruth, Seen
from grader.checks.base import Stopped
from grader.checks.scores import judge, row_kind
from grader.model.measurements import ModuleFacts

if TYPE_CHECKING:
    import numpy as np

    from grader.checks.scores import Floats, Judged
    from grader.model.evidence import EvidenceSet, ProbeRequest
    from grader.model.measurements import SavedTensor
    from grader.model.rubric import Rubric
    from grader.model.submission import Submission

__all__ = ["Answers", "Fingerprint", "fingerprint"]

SMALLEST = 64
"""Numbers of a tensor that is worth comparing: biases of zero and the like are everybody's."""
ROWS = 2000
"""Of the scores that are kept: every n-th row."""
ABOVE_CHANCE = 0.1
"""Of nets that only guess, the answers say nothing."""
LEAST_PROBABILITY = 1e-7
BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}


@dataclass(frozen=True)
class Answers:
    """How a net answers one split.

    Attributes:
        scores: [M, K] float32: scores of every n-th row, each row's mean taken off, so that a
            softmax and its input are the same.
        chosen: [N] the class given to each row, -1 where there is none.
        wrong: [N] whether that is wrong.
    """

    scores: np.ndarray[Any, Any]
    chosen: np.ndarray[Any, Any]
    wrong: np.ndarray[Any, Any]


@dataclass(frozen=True)
class Fingerprint:
    """One submission.

    Attributes:
        assignment: Its id.
        submission: Its name.
        student_ids: Whose; the same student's submissions are not compared.
        weights: Role → SHA-256 of a saved weight tensor → its count of numbers.
        answers: (role, split) → answers of nets that do better than guessing, on the largest of
            the splits that each was asked.
    """

    assignment: str
    submission: str
    student_ids: tuple[str, ...]
    weights: dict[str, dict[str, int]]
    answers: dict[tuple[str, str], Answers]


def fingerprint(
    submission: Submission, rubric: Rubric, evidence: EvidenceSet, truth: GroundTruth
) -> Fingerprint:
    """Read off the evidence what a comparison needs; what was not measured is left out."""
    weights: dict[str, dict[str, int]] = {}
    answers: dict[tuple[str, str], Answers] = {}
    seen = Seen(rubric, submission, evidence, truth, "")
    for digest in sorted(evidence):
        piece = evidence[digest]
        if piece.state != "measured":
            continue
        role = _role(piece.request)
        if piece.request.probe == "describe_module":
            weights.setdefault(role, _tensors(piece.payload))
        elif piece.request.probe == "predict":
            dataset = str(piece.request.params["dataset"])
            try:
                judged = judge(seen, piece, dataset)
            except Stopped:
                continue
            if judged.right / judged.total >= judged.commonest + ABOVE_CHANCE:
                answers.setdefault((role, dataset), _answers(judged))
    largest = {
        role: max(len(a.chosen) for (r, _), a in answers.items() if r == role)
        for role, _ in answers
    }
    return Fingerprint(
        submission.assignment,
        submission.name,
        submission.student_ids,
        weights,
        {key: one for key, one in answers.items() if len(one.chosen) == largest[key[0]]},
    )


def _role(request: ProbeRequest) -> str:
    role = request.params.get("role")
    return str(role.get("name")) if isinstance(role, dict) else ""


def _tensors(payload: Any) -> dict[str, int]:
    """Digests of the weight matrices and filters that a file holds."""
    try:
        facts = ModuleFacts.model_validate_json(json.dumps(payload))
    except ValidationError:
        return {}
    return {t.sha256: math.prod(t.shape) for t in facts.saved if _worth_comparing(t)}


def _worth_comparing(tensor: SavedTensor) -> bool:
    size = math.prod(tensor.shape)
    if tensor.role == "buffer" or len(tensor.shape) < 2 or size < SMALLEST:  # noqa: PLR2004 - a bias
        return False
    if not tensor.sha256 or not tensor.finite or tensor.dtype not in BYTES:
        return False
    return tensor.sha256 != _digest_of_zeros(size * BYTES[tensor.dtype])


@functools.lru_cache(maxsize=256)
def _digest_of_zeros(size_bytes: int) -> str:
    """Of a tensor that was never trained."""
    block = bytes(1 << 20)
    digest = hashlib.sha256()
    for _ in range(size_bytes >> 20):
        digest.update(block)
    digest.update(block[: size_bytes & ((1 << 20) - 1)])
    return digest.hexdigest()


def _answers(judged: Judged) -> Answers:
    import numpy as np

    step = -(-judged.total // ROWS)
    scores = _level(judged.scores[::step])
    chosen = judged.chosen.astype(np.int16)
    return Answers(scores, chosen, judged.chosen != judged.labels)


def _level(scores: Floats) -> Any:
    """Scores of any kind as logits whose rows have mean zero."""
    import numpy as np

    if row_kind(scores)[0] == "probabilities":
        scores = np.log(np.maximum(scores, LEAST_PROBABILITY))
    return (scores - scores.mean(axis=1, keepdims=True)).astype(np.float32)
