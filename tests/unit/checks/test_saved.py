"""saved.holds: parameters that were handed in, whatever container holds them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from grader.checks.requests import read_tensors
from grader.model.measurements import SavedFile, SavedFiles, SavedTensor
from grader.model.outcome import Outcome
from tests.made_up import a_seen, judged, measured

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult

FILES = ("*.pkl", "*.pt")
ASKED = {"W1": [784, 128], "b1": [128], "W2": [128, 10], "b2": [10]}
WHOLE = {"W1": (784, 128), "b1": (128,), "W2": (128, 10), "b2": (10,)}


def a_file(path: str = "a.pkl", *, finite: bool = True, **tensors: tuple[int, ...]) -> SavedFile:
    held = tuple(
        SavedTensor(name=name, shape=shape, dtype="float32", finite=finite)
        for name, shape in tensors.items()
    )
    return SavedFile(path=path, tensors=held, kind="tensors")


def graded(*files: SavedFile) -> CheckResult:
    seen = a_seen(measured(read_tensors(FILES), SavedFiles(files=files)))
    return judged("saved.holds", {"files": list(FILES), "tensors": ASKED}, seen)


@pytest.mark.parametrize(
    "tensors",
    [
        WHOLE,
        {"0": (784, 128), "1": (128,), "2": (128, 10), "3": (10,)},
        {"W1": (128, 784), "b1": (1, 128), "W2": (10, 128), "b2": (10, 1)},
        {**WHOLE, "z1": (32, 128), "lr": ()},
    ],
)
def test_every_container_of_all_four_counts(tensors: dict[str, tuple[int, ...]]) -> None:
    result = graded(a_file(**tensors))
    assert result.outcome is Outcome.PASS
    assert result.message == "a.pkl holds W1, b1, W2 and b2."


def test_the_fullest_file_counts() -> None:
    other = a_file("metrics.pkl", losses=(16,))
    assert graded(other, a_file("b.pt", **WHOLE)).outcome is Outcome.PASS


def test_what_lacks_is_told_with_what_is_there() -> None:
    result = graded(a_file(W1=(784, 128), W2=(128, 10)))
    assert result.fraction == Fraction(1, 2)
    assert "lacks b1 [128] and b2 [10]" in result.message
    assert "W1 [784, 128]" in result.message


def test_one_tensor_stands_for_one() -> None:
    assert graded(a_file(W1=(784, 128), b1=(128,))).fraction == Fraction(1, 2)


def test_numbers_that_are_none_count_as_missing() -> None:
    assert graded(a_file(finite=False, **WHOLE)).outcome is Outcome.FAIL


def test_an_empty_file_earns_nothing_and_lists_of_numbers_go_to_a_person() -> None:
    empty = SavedFile(path="a.pkl", tensors=(), kind="unreadable_weights", problem="it is empty")
    assert graded(empty).outcome is Outcome.FAIL
    plain = SavedFile(path="a.pkl", tensors=(), kind="no_tensors", problem="it holds a list")
    assert graded(plain).outcome is Outcome.PENDING
    assert graded().outcome is Outcome.FAIL
