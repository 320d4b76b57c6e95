from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from grader.checks.files import files_absent, in_words
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
        "There is no file 'HW1_11_22.ipynb' in your submission; it holds 1 file (main.py)."
    )
    assert result.expected == "'HW1_11_22.ipynb'."


def test_any_of_is_satisfied_by_one() -> None:
    assert present("main.py", any_of=["*.ipynb", "*.py"]).outcome is Outcome.PASS
    result = present("main.txt", any_of=["*.ipynb", "*.py"])
    assert "There is no .ipynb or .py file in your" in result.message
    assert result.expected == "A .ipynb or .py file."


@pytest.mark.parametrize(
    ("patterns", "said"),
    [
        (["HW1_{student_ids}.pkl"], ["'HW1_11_22.pkl'"]),
        (["HW1*.pkl", "*param*.pkl", "*.pkl", "*.pickle"], ["a .pkl or .pickle file"]),
        (["*mlp*.pt", "*fc*.pt"], ["a .pt file with 'mlp' or 'fc' in its name"]),
        (["*.pdf", "HW1_??_*.pt"], ["a .pdf file", "'HW1_…_….pt'"]),
    ],
)
def test_no_pattern_is_shown_as_it_is_written(patterns: list[str], said: list[str]) -> None:
    assert in_words(patterns, ("11", "22")) == said
    text = present("a.txt", any_of=patterns)
    assert not set("*?{") & set(text.message + text.expected)
    assert text.message.count(" no ") == len(said)


def test_two_names_are_not_both_asked_of_one_file() -> None:
    files = {n: {"pattern": f"*_*_{n}.pt", "required": True} for n in ("1", "2")}
    rubric = a_rubric(files=files)
    result = judged("files.named", {}, a_seen(submission=a_submission("model.pt"), rubric=rubric))
    assert result.message == (
        "No file is named '…_…_1.pt' or '…_…_2.pt'; your submission holds 'model.pt'."
    )
    assert result.expected == "'…_…_1.pt' and '…_…_2.pt' (… is any text)."
    assert result.hint == "Rename what is there, and add what is missing."


def test_two_missing_groups_are_each_said_to_be_missing() -> None:
    result = present("a.txt", rules=["notebook"], any_of=["*.pdf", "*.md"])
    assert "no file 'HW1_11_22.ipynb' and no .pdf or .md file in your" in result.message


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
