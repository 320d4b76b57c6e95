"""Numbers beside the weights are flagged where parameters are counted, with place and size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from grader.checks.requests import describe_module, inspect_source
from grader.checks.smuggled import NUMBERS_ELSEWHERE
from grader.model.evidence import Place
from grader.model.measurements import LiteralsSeen, ModuleFacts, SavedTensor, SourceFacts
from grader.model.outcome import Outcome
from grader.model.submission import SubmittedFile
from tests.made_up import (
    DIGEST,
    RUBRIC,
    a_binding,
    a_rubric,
    a_seen,
    a_submission,
    judged,
    measured,
)

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult

WEIGHTS = {"HW1_11_22.ipynb": 5_000_000, "classifier_cnn.model": 80_000}


def result(
    *numbers: int, files: Any = None, name: str = "params.at_most", **params: Any
) -> CheckResult:
    rubric = a_rubric(
        roles={**RUBRIC["roles"], "svhn": {"kind": "module", "weights": ["*SVHN*.pt"]}},
        files={"pickle": {"pattern": "HW1_{student_ids}.pkl"}},
    )
    saved = SavedTensor(name="w", shape=(65, 10), dtype="float32", finite=True, role="parameter")
    facts = ModuleFacts(
        binding=a_binding(),
        class_name="Net",
        layers=(),
        parameters=650,
        trainable=650,
        buffers=0,
        saved=(saved,),
        saved_from="state_dict",
        missing_keys=(),
        unexpected_keys=(),
    )
    source = SourceFacts(
        files=(),
        imports=(),
        frameworks=(),
        placeholders=(),
        literals=tuple(
            LiteralsSeen(place=Place(file="hw.ipynb", cell=7, line=n), numbers=n, size_bytes=9 * n)
            for n in sorted(numbers, reverse=True)
        ),
    )
    held = tuple(
        SubmittedFile(path=path, size_bytes=size, sha256=DIGEST)
        for path, size in sorted({**WEIGHTS, **(files or {})}.items())
    )
    seen = a_seen(
        measured(describe_module(rubric, "cnn"), facts),
        measured(inspect_source(), source),
        rubric=rubric,
        submission=a_submission().model_copy(update={"files": held}),
    )
    given = {"model": "cnn", "limit": 85_002, "source": "saved", **params}
    given = {key: value for key, value in given.items() if value is not None}
    return judged(name, given, seen)


def test_many_numbers_in_the_source_are_flagged_with_their_cell() -> None:
    found = result(900, 101)
    assert found.outcome is Outcome.PASS
    (flag,) = found.flags
    assert flag.code == NUMBERS_ELSEWHERE
    assert "1,001 numbers in literals" in flag.message
    assert "900 in hw.ipynb, cell 7, line 900 (8,100 bytes)" in flag.message


def test_files_that_are_no_weights_are_flagged_with_their_size() -> None:
    (flag,) = result(files={"table.bin": 40_000, "cnn_more.model": 400_000}).flags
    assert "'cnn_more.model' of 400,000 bytes (room for 100,000 numbers)" in flag.message
    assert "'table.bin' of 40,000 bytes (room for 10,000 numbers)" in flag.message


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"report.pdf": 9_000_000, "curve.png": 200_000, "net.py": 50_000, "README.md": 30_000},
        {"models/svhn_best.pt": 400_000},
        {"HW1_11_22.pkl": 400_000},
        {"log.txt": 1024**2, "small.npy": 4000},
    ],
)
def test_what_people_hand_in_is_not(files: dict[str, int]) -> None:
    assert result(1000, files=files).flags == ()


def test_a_text_longer_than_anybody_reads_is() -> None:
    (flag,) = result(files={"log.txt": 1024**2 + 1}).flags
    assert "log.txt" in flag.message


def test_the_threshold_grows_with_the_limit() -> None:
    assert result(5000, limit=500_000).flags == ()
    assert len(result(5001, limit=500_000).flags) == 1


def test_an_exact_count_is_looked_at_too() -> None:
    found = result(3000, name="params.exactly", counts=[650], limit=None)
    assert [flag.code for flag in found.flags] == [NUMBERS_ELSEWHERE]
