"""What a careful author hears beyond what stops grading."""

import pytest

from grader.rubric.lint import lint
from tests.unit.rubric.conftest import GOOD

MANUAL = ("manual.band",)
FUNCTIONS = {"function.matches": "accepted"}

FUNCTION_CRITERION = """\

[[task]]
id = "q2"
title = "By hand"
points = 1
[[task.criterion]]
id = "gradient"
title = "Gradient"
points = 1
check = "function.matches"
source = "write the gradient by hand"
[task.criterion.with]
role = "classifier"
accepted = ["gradient", "transposed"]
"""


def prove(folder, name="worse", outcomes='"q1/accuracy" = "fail"'):
    case = folder / "verify" / name
    (case / "submission").mkdir(parents=True)
    (case / "expect.toml").write_text(f'description = "wrong"\n[outcomes]\n{outcomes}\n')
    return case


def texts(problems):
    return [p.message for p in problems]


def test_a_proven_rubric_has_nothing_to_mend(write, params, needs):
    folder = write()
    prove(folder)
    assert lint(folder, params, needs=needs, manual=MANUAL) == ()


def test_errors_come_first_and_alone(write, params):
    problems = lint(write(("points = 3\n", "points = 4\n")), params)
    assert [p.severity for p in problems] == ["error"]


def test_a_rubric_without_proof(write, params):
    (problem,) = lint(write(), params, manual=MANUAL)
    assert problem.severity == "warning"
    assert "nothing proves it" in problem.message


def test_an_automatic_criterion_that_no_case_loses(write, params):
    folder = write()
    prove(folder, outcomes="")
    (problem,) = lint(folder, params, manual=MANUAL)
    assert "loses criterion 'q1/accuracy'" in problem.message
    line = int(problem.where.rsplit(":", 1)[1])
    assert GOOD.splitlines()[line - 1] == "[[task.criterion]]"


@pytest.mark.parametrize(
    ("outcomes", "message", "mend"),
    [
        ('"q1/acuracy" = "fail"', "unknown criterion 'q1/acuracy'", "'q1/accuracy'"),
        ('"q1/accuracy" = "failed"', "expected 'pass'", ""),
        ('"q1/accuracy" = ', "not valid TOML", ""),
    ],
)
def test_a_wrong_expectation_is_an_error_with_its_line(write, params, outcomes, message, mend):
    folder = write()
    prove(folder)
    prove(folder, "other", outcomes)
    (problem,) = lint(folder, params, manual=MANUAL)
    assert problem.severity == "error"
    assert message in problem.message
    assert mend in problem.mend
    assert "other/expect.toml" in problem.where


def test_a_case_without_expectation(write, params):
    folder = write()
    (prove(folder) / "expect.toml").unlink()
    problems = lint(folder, params, manual=MANUAL)
    assert [p.severity for p in problems] == ["error", "warning"]
    assert "no such file" in problems[0].message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('id = "hw1"', 'id = "hw2"'), "its folder is 'hw1'"),
        (('title = "Accuracy"\n', ""), "'accuracy' has no title"),
        (('names = ["Net"]', ""), "neither names nor weights"),
        (
            ("[budget]", '[roles.other]\nkind = "class"\nnames = ["X"]\n[budget]'),
            "no criterion speaks of role 'other'",
        ),
        (("a bonus for more", "bonus"), "hidden criterion 'more' does not quote"),
    ],
)
def test_warnings(write, params, change, message):
    folder = write(change)
    prove(folder)
    (problem,) = lint(folder, params, manual=MANUAL)
    assert problem.severity == "warning"
    assert message in problem.message
    assert problem.mend
    assert ":" in problem.where


def test_functions_that_expected_py_does_not_have(write, params):
    folder = write(text=GOOD + FUNCTION_CRITERION, expected="def gradient(x): return x\n")
    prove(folder, outcomes='"q1/accuracy" = "fail"\n"q2/gradient" = "fail"')
    (problem,) = lint(folder, params, manual=MANUAL, functions=FUNCTIONS)
    assert problem.severity == "error"
    assert "no function 'transposed'" in problem.message
    (folder / "expected.py").write_text("def gradient(x): return x\ndef transposed(x): return x\n")
    assert lint(folder, params, manual=MANUAL, functions=FUNCTIONS) == ()


def test_expected_py_that_does_not_import(write, params):
    folder = write(expected="import nothing_of_this_name\n")
    prove(folder)
    (problem,) = lint(folder, params, manual=MANUAL, functions=FUNCTIONS)
    assert problem.severity == "error"
    assert "expected.py" in problem.message
    assert "nothing_of_this_name" in problem.message
