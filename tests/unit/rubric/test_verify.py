"""A rubric's proof, with scorecards that need no box."""

from fractions import Fraction

import pytest

from grader.errors import RubricError
from grader.model.outcome import Outcome
from grader.model.scorecard import Scorecard
from grader.rubric.load import load
from grader.rubric.verify import Expectation, compare, expectations_of

MANUAL = ("manual.band",)
PERFECT = {"q1/accuracy": "pass", "q1/why": "pending", "q1/more": "pending"}


@pytest.fixture
def rubric(write, params):
    return load(write(), params).rubric


def scorecard(outcomes, case="case"):
    return Scorecard.model_validate(
        {
            "assignment": "hw1",
            "title": "",
            "submission": case,
            "team": case,
            "student_ids": (),
            "points": 0,
            "max_points": 3,
            "bonus": 0,
            "pending_points": 0,
            "penalty": 0,
            "status": "final",
            "flags": (),
            "remarks": (),
            "attempts": (),
            "tasks": [
                {
                    "id": "q1",
                    "title": "",
                    "points": 0,
                    "max_points": 3,
                    "criteria": [
                        {
                            "id": name.split("/")[1],
                            "title": "",
                            "check": "x.y",
                            "outcome": outcome,
                            "points": 0,
                            "max_points": 1,
                            "bonus": False,
                            "visibility": "visible",
                            "source": "",
                            "result": {
                                "outcome": outcome,
                                "fraction": Fraction(0),
                                "message": f"{name} is {outcome}",
                            },
                        }
                        for name, outcome in outcomes.items()
                    ],
                }
            ],
            "provenance": {
                "generated_by": "",
                "rubric_digest": "a" * 64,
                "submission_digest": "b" * 64,
                "sandbox": "none",
                "self_check": True,
            },
        },
        strict=False,
    )


def expectation(**outcomes):
    named = {f"q1/{name}": Outcome(outcome) for name, outcome in outcomes.items()}
    return Expectation(description="wrong in one way", outcomes=named)


def test_a_rubric_that_proves_itself(rubric):
    result = compare(
        rubric,
        {"reference": expectation(), "worse": expectation(accuracy="fail")},
        {
            "reference": scorecard(PERFECT),
            "worse": scorecard({**PERFECT, "q1/accuracy": "fail"}),
        },
        MANUAL,
    )
    assert result.holds
    assert result.mismatches == ()
    assert result.proofs == {"q1/accuracy": ("worse",)}
    assert result.matrix["q1/accuracy"] == {"reference": Outcome.PASS, "worse": Outcome.FAIL}


def test_another_outcome_is_a_mismatch_with_its_message(rubric):
    result = compare(
        rubric,
        {"worse": expectation(accuracy="fail")},
        {"worse": scorecard({**PERFECT, "q1/accuracy": "partial"})},
        MANUAL,
    )
    (mismatch,) = result.mismatches
    assert (mismatch.case, mismatch.criterion) == ("worse", "q1/accuracy")
    assert (mismatch.expected, mismatch.found) == ("fail", Outcome.PARTIAL)
    assert mismatch.message == "q1/accuracy is partial"
    assert not result.holds


def test_our_own_error_is_never_what_was_expected(rubric):
    outcomes = {**PERFECT, "q1/accuracy": "error"}
    result = compare(rubric, {"a": expectation()}, {"a": scorecard(outcomes)}, MANUAL)
    assert [m.found for m in result.mismatches] == [Outcome.ERROR]
    assert result.unproven == ("q1/accuracy",)


def test_a_case_that_could_not_be_graded(rubric):
    result = compare(rubric, {"worse": expectation(accuracy="fail")}, {}, MANUAL)
    assert [(m.case, m.criterion, m.found) for m in result.mismatches] == [("worse", "", None)]


def test_a_criterion_that_the_scorecard_lacks(rubric):
    result = compare(
        rubric, {"a": expectation()}, {"a": scorecard({"q1/accuracy": "pass"})}, MANUAL
    )
    assert [m.criterion for m in result.mismatches] == ["q1/why", "q1/more"]


def test_losing_more_than_one_criterion_proves_none(rubric):
    lost = {"q1/accuracy": "fail", "q1/why": "pending", "q1/more": "fail"}
    result = compare(
        rubric,
        {"worse": expectation(accuracy="fail", more="fail")},
        {"worse": scorecard(lost)},
        manual=(),
    )
    assert result.unproven == ("q1/accuracy", "q1/why", "q1/more")


def test_what_cannot_be_measured_without_it_does_not_count(rubric):
    """`why` requires `accuracy`: it is blocked with it, and that is no second loss."""
    outcomes = {"q1/accuracy": "fail", "q1/why": "blocked", "q1/more": "pass"}
    result = compare(
        rubric,
        {"worse": expectation(accuracy="fail", why="blocked")},
        {"worse": scorecard(outcomes)},
        manual=(),
    )
    assert result.mismatches == ()
    assert result.proofs["q1/accuracy"] == ("worse",)
    assert result.unproven == ("q1/why", "q1/more")


def test_partial_points_are_a_loss(rubric):
    result = compare(
        rubric,
        {"half": expectation(accuracy="partial")},
        {"half": scorecard({**PERFECT, "q1/accuracy": "partial"})},
        MANUAL,
    )
    assert result.holds


def test_cases_are_read_from_the_folder(write, params):
    folder = write()
    for name in ("reference", "worse"):
        (folder / "verify" / name / "submission").mkdir(parents=True)
        (folder / "verify" / name / "expect.toml").write_text(f'description = "{name}"\n')
    with (folder / "verify/worse/expect.toml").open("a") as file:
        file.write("submitted_at = 2024-03-01T20:00:00+02:00\n")
    (folder / "verify" / "notes.md").write_text("no case")
    (folder / "verify" / "__pycache__").mkdir()
    found = expectations_of(load(folder, params))
    assert {case: entry.description for case, entry in found.items()} == {
        "reference": "reference",
        "worse": "worse",
    }
    assert found["reference"].submitted_at is None
    assert str(found["worse"].submitted_at) == "2024-03-01 20:00:00+02:00"


def test_a_folder_without_cases(write, params):
    with pytest.raises(RubricError, match="no cases"):
        expectations_of(load(write(), params))


class TestTasksLeftOut:
    """A case may expect that a task is not looked at."""

    def compared(self, rubric, outcomes, left_out):
        expected = Expectation(description="nothing of it", left_out=left_out)
        cards = {"case": scorecard(outcomes)}
        return compare(rubric, {"case": expected}, cards, MANUAL)

    def test_what_is_left_out_as_expected(self, rubric):
        assert self.compared(rubric, {}, ("q1",)).mismatches == ()
        assert len(self.compared(rubric, {}, ()).mismatches) == 3

    def test_what_is_there_all_the_same(self, rubric):
        mismatches = self.compared(rubric, PERFECT, ("q1",)).mismatches
        assert [one.expected for one in mismatches] == ["left out"] * 3
