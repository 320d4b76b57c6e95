from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from grader.checks.files import files_absent
from grader.model.outcome import Outcome
from tests.made_up import a_rubric, a_seen, a_submission, judged

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult


def named(*paths: str, ids: tuple[str, ...] = ("11", "22"), **params: Any) -> CheckResult:
    seen = a_seen(submission=a_submission(*paths, student_ids=ids))
    return judged("files.named", params, seen)


def present(*paths: str, **params: Any) -> CheckResult:
    return judged("files.present", params, a_seen(submission=a_submission(*paths)))


def test_ids_may_stand_in_any_order() -> None:
    assert named("HW1_11_22.ipynb").outcome is Outcome.PASS
    assert named("HW1_22_11.ipynb").outcome is Outcome.PASS
    assert named("team/HW1_22_11.ipynb").outcome is Outcome.PASS


def test_a_wrong_name_says_the_right_one_and_what_is_there() -> None:
    result = named("hw1_11_22.ipynb", "notes.txt")
    assert result.outcome is Outcome.FAIL
    assert result.message == (
        "No file is named 'HW1_11_22.ipynb'; your submission holds 'hw1_11_22.ipynb'."
    )
    assert named("HW1_11.ipynb").outcome is Outcome.FAIL
    assert named("HW1_11_22_33.ipynb").outcome is Outcome.FAIL


def test_unknown_or_very_many_ids_are_not_held_against_anyone() -> None:
    assert named("HW1_anyone.ipynb", ids=()).outcome is Outcome.PASS
    assert named("HW1_x.ipynb", ids=tuple("abcdefghijkl")).outcome is Outcome.PASS


def test_an_id_is_text_and_not_a_pattern() -> None:
    assert named("HW1_xyz.ipynb", ids=("*",)).outcome is Outcome.FAIL
    assert named("HW1_a.ipynb", ids=("[a-z]",)).outcome is Outcome.FAIL


def test_present_forgives_names_and_case() -> None:
    assert present("HW1_other.IPYNB").outcome is Outcome.PASS
    assert present("sub/hw1_.ipynb").outcome is Outcome.PASS
    result = present("main.py")
    assert result.outcome is Outcome.FAIL
    assert result.message == (
        "There is no file 'HW1_{student_ids}.ipynb' in your submission; it holds 1 file (main.py)."
    )


def test_any_of_is_satisfied_by_one() -> None:
    assert present("main.py", any_of=["*.ipynb", "*.py"]).outcome is Outcome.PASS
    result = present("main.txt", any_of=["*.ipynb", "*.py"])
    assert "no file '*.ipynb' or '*.py'" in result.message


def test_a_share_for_each_file_when_the_rubric_says_so() -> None:
    result = present("a.model", rules=["notebook", "weights"], partial=True)
    assert result.fraction == Fraction(1, 2)
    assert present("a.model", rules=["notebook", "weights"]).fraction == 0


def test_a_rule_that_the_rubric_lacks_is_our_fault() -> None:
    assert present("a", rules=["nonsense"]).outcome is Outcome.ERROR
    assert named("a", rules=["nonsense"]).outcome is Outcome.ERROR


def test_a_slash_in_a_pattern_means_the_whole_path() -> None:
    rule = {"n": {"pattern": "out/*.txt", "required": True}}
    rubric = a_rubric(files=rule)
    assert files_absent(rubric, a_submission("out/a.txt")) == ()
    assert files_absent(rubric, a_submission("a.txt")) == ("out/*.txt",)
    assert files_absent(rubric, a_submission("out/b/a.txt")) == ("out/*.txt",)
    deep = a_rubric(files={"n": {"pattern": "**/a?.txt", "required": True}})
    assert files_absent(deep, a_submission("x/y/a1.txt")) == ()
    assert files_absent(deep, a_submission("a1.txt")) == ()
