from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.checks.claim import ClaimMatches, _fits
from grader.checks.requests import find_claims, predict, read_documents
from grader.model.documents import Documents, Text
from grader.model.evidence import Evidence, Place
from grader.model.measurements import Claim, Claims
from grader.model.outcome import Outcome
from tests.made_up import (
    DATASET,
    a_rubric,
    a_seen,
    a_truth,
    judged,
    measured,
    some_labels,
    some_predictions,
    some_scores,
    student_fault,
)

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult

PATTERNS = ["(?P<value>[0-9.]+)"]
PARAMS: dict[str, Any] = {
    "claim": "test error of the CNN",
    "patterns": PATTERNS,
    "files": ["*_test_loss.txt"],
    "model": "cnn",
    "dataset": DATASET,
    "metric": "error",
}
VAL = "digits/val"


def stated(*values: Any) -> Claims:
    claims = [
        Claim(name="x", value=value, place=Place(file="hw.ipynb", cell=index), text="")
        for index, value in enumerate(values, start=1)
    ]
    return Claims(claims=tuple(claims))


def at(value: float, file: str = "hw.ipynb", cell: int | None = None, **more: Any) -> Claim:
    return Claim(name="x", value=value, place=Place(file=file, cell=cell), **more)


def matches(*values: Any, wrong: int = 31, **params: Any) -> CheckResult:
    return graded(stated(*values), wrong=wrong, **params)


def graded(
    claims: Claims,
    *more: Evidence,
    wrong: int = 31,
    partial: dict[str, str] | None = None,
    **params: Any,
) -> CheckResult:
    asked = {**PARAMS, **params}
    labels = some_labels(350)
    seen = a_seen(
        measured(find_claims(asked["claim"], tuple(PATTERNS), tuple(asked["files"])), claims),
        *more,
        measured(
            predict(a_rubric(), "cnn", DATASET),
            some_predictions(),
            scores=some_scores(some_labels(), wrong),
        ),
        measured(
            predict(a_rubric(), "cnn", VAL), some_predictions(), scores=some_scores(labels, 7)
        ),
        truth=a_truth(labels={DATASET: some_labels(), VAL: labels}, partial=partial or {}),
    )
    return judged("claim.matches", asked, seen)


def test_the_measured_number() -> None:
    result = matches(31 / 447)
    assert result.outcome is Outcome.PASS
    assert result.message == (
        "You state 0.0693512 as the test error of the CNN (hw.ipynb, cell 1), and that is what "
        "your net gives on the 447 test digits."
    )


@pytest.mark.parametrize("value", [0.0694, 0.069, 0.07, 6.94, 6.9, 7.0])
def test_rounding_and_per_cent_are_no_lies(value: float) -> None:
    assert matches(value).outcome is Outcome.PASS


@pytest.mark.parametrize("value", [0.06, 0.0715, 0.079, 6.0, 8.0, 0.1, "nan", "inf", 0.0, 1.0])
def test_another_number_is_told_with_both(value: Any) -> None:
    result = matches(value)
    assert result.outcome is Outcome.FAIL
    told = "6.935%" if value in {6.0, 8.0} else "0.06935"  # in the unit of what is stated
    assert f"but your net gives {told} on the 447 test digits." in result.message
    assert result.flags[0].code == "claim_differs"
    assert result.hint


@pytest.mark.parametrize(
    ("value", "possible"),
    [
        (0.0783, True),
        (0.08, True),
        (7.83, True),
        (34 / 447, True),
        (float(np.float32(34 / 447)), True),
        (0.0715, False),
        (0.079, False),
        (7.9, False),
        (0.0812345, False),
        (250.0, False),
    ],
)
def test_a_share_that_no_count_gives(value: float, *, possible: bool) -> None:
    result = matches(value)
    assert result.outcome is Outcome.FAIL
    codes = [flag.code for flag in result.flags]
    assert codes == (["claim_differs"] if possible else ["claim_differs", "claim_impossible"])
    said = "No number of right answers among 447 gives"
    assert (said in result.message) is not possible


def test_which_of_several_counts() -> None:
    good, bad = 0.0694, 0.02
    assert matches(bad, good).outcome is Outcome.PASS
    assert matches(good, bad).outcome is Outcome.FAIL
    assert matches(good, bad, which="any").outcome is Outcome.PASS
    result = matches(good, bad, good, which="all")
    assert result.outcome is Outcome.FAIL
    assert "You state 0.02 as the test error of the CNN (hw.ipynb, cell 2), one of 3 numbers" in (
        result.message
    )


GOOD, BAD = 0.0694, 0.02


def test_a_report_counts_where_nothing_else_states_the_number() -> None:
    report = at(GOOD, "report.pdf", page=4)
    result = graded(Claims(claims=(report, at(BAD, "report.pdf", page=5))))
    assert result.outcome is Outcome.PASS
    assert "as the test error of the CNN (report.pdf, page 4), and" in result.message
    assert graded(Claims(claims=(at(BAD, "Report.docx"),))).outcome is Outcome.FAIL
    for printed in (at(GOOD, "log.txt"), at(GOOD, cell=3)):
        assert graded(Claims(claims=(printed, at(BAD, "report.pdf")))).outcome is Outcome.PASS
    both = (at(BAD, "log.txt"), report)
    assert graded(Claims(claims=both)).outcome is Outcome.FAIL
    assert graded(Claims(claims=both), which="any").outcome is Outcome.PASS


def headings(*texts: str) -> Evidence:
    found = tuple(
        Text(place=Place(file="hw.ipynb", cell=cell), kind="markdown", text=text)
        for cell, text in enumerate(texts, start=1)
    )
    return measured(read_documents(), Documents(texts=found))


def test_numbers_below_the_heading_count_before_others() -> None:
    parts = headings("# Q2", "# Q3", "# Q4")
    both = Claims(claims=(at(GOOD, cell=2), at(BAD, cell=3)))
    assert graded(both, parts, under="3").outcome is Outcome.PASS
    assert graded(both, headings("# One"), under="3").outcome is Outcome.FAIL
    elsewhere = Claims(claims=(at(GOOD, cell=1),))
    assert graded(elsewhere, parts, under="3").outcome is Outcome.PASS


OTHERWISE = ["x(?P<value>[0-9.]+)"]


def otherwise(unnamed: Claim, *named: Claim, text: str = "# Q3") -> Outcome:
    request = find_claims(PARAMS["claim"], tuple(OTHERWISE), tuple(PARAMS["files"]))
    more = measured(request, Claims(claims=(unnamed,)))
    given = {"otherwise": OTHERWISE, "under": "3"}
    return graded(Claims(claims=named), more, headings(text), **given).outcome


def test_numbers_of_nobody_count_below_the_heading_only() -> None:
    assert otherwise(at(GOOD, cell=1)) is Outcome.PASS
    assert otherwise(at(GOOD, "log.txt")) is Outcome.PASS
    assert otherwise(at(GOOD, cell=1), text="# Q2") is Outcome.FAIL
    assert otherwise(at(GOOD, cell=1), at(BAD, cell=1)) is Outcome.FAIL
    assert otherwise(at(BAD, cell=1), at(GOOD, cell=1)) is Outcome.PASS


def test_near_misses_are_explained() -> None:
    assert "is the accuracy, not the error" in matches(1 - 31 / 447).hint
    assert "is the one on digits/val, not on digits/test" in matches(0.02, instead=[VAL]).hint


def test_the_sum_instead_of_the_mean_nll() -> None:
    mean = matches(0.0, metric="nll").measured
    assert isinstance(mean, float)
    assert matches(mean, metric="nll").outcome is Outcome.PASS
    result = matches(round(mean * 447, 3), metric="nll")
    assert result.outcome is Outcome.FAIL
    assert "sum over the examples" in result.hint


def test_an_nll_of_a_part_is_wrong_only_far_away() -> None:
    part = {DATASET: "447 of 4,470 digits"}
    mean = matches(0.0, metric="nll").measured
    assert isinstance(mean, float)
    assert matches(mean, metric="nll", partial=part).outcome is Outcome.PASS
    assert matches(mean * 1.2, metric="nll", partial=part).outcome is Outcome.PENDING
    assert matches(mean * 1.2, metric="nll").outcome is Outcome.FAIL
    assert matches(mean * 20, metric="nll", partial=part).outcome is Outcome.FAIL


IMAGES, PIXELS = 60, 16


def drawn_again(shift: float = 0.0, scale: float = 1.0) -> tuple[Any, Any, float]:
    """Inputs as the data hold them, what comes out for them, and the mean squared error."""
    given = np.random.default_rng(0).integers(0, 256, (IMAGES, 4, 4))
    flat = given.reshape(IMAGES, PIXELS) / 255
    out = flat + np.random.default_rng(1).normal(0, 0.15, flat.shape)
    return given, out * scale + shift, float(((out - flat) ** 2).mean())


def reconstructed(value: Any, outputs: Any = None, **params: Any) -> CheckResult:
    given, out, _ = drawn_again()
    asked = {**PARAMS, "metric": "mse", "tolerance": 0, "relative": 0.02, **params}
    request = find_claims(asked["claim"], tuple(PATTERNS), tuple(asked["files"]))
    scores = out if outputs is None else outputs
    seen = a_seen(
        measured(request, stated(value)),
        *(
            measured(
                predict(a_rubric(), "cnn", split),
                some_predictions(),
                scores=np.asarray(scores * times, "float32"),
            )
            for split, times in ((DATASET, 1), (VAL, 2))
        ),
        truth=a_truth(
            labels={DATASET: some_labels(), VAL: some_labels()}, inputs={DATASET: given, VAL: given}
        ),
    )
    return judged("claim.matches", asked, seen)


MSE = drawn_again()[2]


@pytest.mark.parametrize("factor", [1, 0.985, 1.015])
def test_the_error_of_an_autoencoder_may_be_a_mean_over_batches(factor: float) -> None:
    result = reconstructed(MSE * factor)
    assert result.outcome is Outcome.PASS
    assert result.measured == pytest.approx(MSE, rel=1e-5)
    assert result.unit == "mse"
    assert "within 0.0004" in result.expected


@pytest.mark.parametrize("digits", [2, 3, 4, 5])
def test_the_error_of_an_autoencoder_may_be_rounded(digits: int) -> None:
    assert reconstructed(round(MSE, digits), relative=0).outcome is Outcome.PASS


@pytest.mark.parametrize("value", [MSE * 0.9, MSE * 1.1, MSE * 100, 0.0, "nan", "inf"])
def test_another_error_of_an_autoencoder_fails_and_per_cent_do_not_count(value: Any) -> None:
    result = reconstructed(value)
    assert result.outcome is Outcome.FAIL
    assert f"but your net gives {MSE:.4g} on" in result.message
    assert "%" not in result.message


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (math.sqrt(MSE), "the root of the mean squared error"),
        (MSE * PIXELS, "the sum over the 16 numbers of an example; divide it by these"),
        (MSE * PIXELS * IMAGES, "the sum over all examples; take the mean"),
    ],
)
def test_other_measures_of_the_same_differences_are_explained(value: float, hint: str) -> None:
    assert hint in reconstructed(value).hint


def test_the_error_on_another_split_is_explained() -> None:
    given, out, _ = drawn_again()
    other = float(((2 * out - given.reshape(out.shape) / 255) ** 2).mean())
    assert "is the one on digits/val" in reconstructed(other, instead=[VAL]).hint


def test_whoever_normalises_may_state_the_error_in_those_numbers() -> None:
    _, shifted, _ = drawn_again(shift=-1, scale=2)
    for value in (4 * MSE, MSE):
        assert reconstructed(value, shifted).outcome is Outcome.PASS
    unclear = reconstructed(MSE * 2, shifted)
    assert unclear.outcome is Outcome.PENDING
    assert "Its outputs seem to run from -1 to 1. A person will look." in unclear.message
    _, whitened, _ = drawn_again(shift=-0.2860 / 0.3530, scale=1 / 0.3530)
    assert reconstructed(MSE / 0.3530**2, whitened).outcome is Outcome.PASS


def test_an_autoencoder_with_another_output_is_told() -> None:
    result = reconstructed(MSE, drawn_again()[1][:, :5])
    assert result.outcome is Outcome.FAIL
    assert "for inputs of" in result.message


def test_a_number_that_nobody_finds_belongs_to_no_net_where_there_is_none() -> None:
    seen = a_seen(
        measured(find_claims("test error of the CNN", tuple(PATTERNS), ()), stated()),
        student_fault(predict(a_rubric(), "cnn", DATASET), "unreadable_weights", "it is empty"),
    )
    result = judged("claim.matches", {**PARAMS, "files": [], "missing": "pending"}, seen)
    assert result.outcome is Outcome.FAIL
    assert result.message.endswith("notebook. This could not be measured: it is empty.")


def test_nothing_stated() -> None:
    result = matches()
    assert result.outcome is Outcome.FAIL
    assert result.message == (
        "Your test error of the CNN was not found: looked for in the stored outputs of your "
        "notebook and in *_test_loss.txt."
    )
    assert matches(missing="pending").outcome is Outcome.PENDING


def test_a_net_that_cannot_be_measured_fails_with_its_reason() -> None:
    seen = a_seen(
        measured(find_claims("test error of the CNN", tuple(PATTERNS), ()), stated(0.1)),
        student_fault(predict(a_rubric(), "cnn", DATASET), "unreadable_weights", "it is empty"),
    )
    result = judged("claim.matches", {**PARAMS, "files": []}, seen)
    assert result.outcome is Outcome.FAIL
    assert result.message == "This could not be measured: it is empty."


@given(st.floats(0, 1), st.integers(1, 6), st.sampled_from([1, 100]))
def test_an_honest_number_in_any_rounding_fits(value: float, places: int, scale: int) -> None:
    record = ClaimMatches.model_validate({**PARAMS, "coarsest": 0.05}, strict=False)
    number = round(value * 100, max(places - 2, 0)) if scale > 1 else round(value, places)
    claim = Claim(name="x", value=number, place=Place(file="a"), text="")
    assert _fits(record, claim, value)


@pytest.mark.parametrize("patterns", [["[0-9]+"], ["(?P<value>["]])
def test_patterns_without_a_value_are_refused(patterns: list[str]) -> None:
    with pytest.raises(ValueError, match=r"value|regular"):
        ClaimMatches.model_validate({**PARAMS, "patterns": patterns}, strict=False)
