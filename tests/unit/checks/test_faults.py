from __future__ import annotations

import pytest

from grader.checks.faults import not_measured
from grader.checks.requests import inspect_source
from tests.made_up import student_fault


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (
            "No trained net for 'ae' was found. There are no weight files in the submission.",
            "Save its weights with torch.save(), and hand the file in.",
        ),
        (
            "No trained net for 'ae' was found. Weight files found: a.pt.",
            "Hand in its saved weights, or name them in a file grade.toml.",
        ),
        (
            "No function named 'f' was found.",
            "If it is here under another name, say so in a file grade.toml.",
        ),
    ],
)
def test_what_is_not_found_is_told_with_what_helps_there(said: str, hint: str) -> None:
    evidence = student_fault(inspect_source(), "unbound", said)
    assert not_measured(evidence.model_copy(update={"state": "unbound"})).hint == hint
