"""`grade rubric`, in this process."""

import json

import pytest
from click.testing import CliRunner

from grader.cli.main import cli
from grader.rubric.verify import Verification


@pytest.fixture
def grade(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        return CliRunner().invoke(cli, list(arguments), standalone_mode=False)

    return call


def test_new_then_lint(grade, tmp_path):
    result = grade("rubric", "new", "hw2", "--title", "Two")
    assert result.exception is None
    assert "next: edit it" in result.output
    assert (tmp_path / "rubrics" / "hw2" / "rubric.toml").is_file()
    linted = grade("rubric", "lint", "--strict")
    assert (linted.return_value, linted.exception) == (0, None)
    assert "nothing to mend" in linted.output


def test_a_folder_of_rubrics_is_linted_as_its_rubrics(grade):
    for name in ("hw2", "hw3"):
        grade("rubric", "new", name)
    linted = grade("rubric", "lint", "rubrics")
    assert linted.return_value == 0
    assert linted.output.count("nothing to mend") == 2
    assert "no such file" in grade("rubric", "lint", ".").output


def test_lint_names_line_and_mend_and_fails(grade, tmp_path):
    grade("rubric", "new", "hw2")
    file = tmp_path / "rubrics" / "hw2" / "rubric.toml"
    file.write_text(file.read_text().replace("points = 1 ", "pionts = 1 ", 1))
    result = grade("rubric", "lint", str(file))
    assert result.return_value == 1
    assert "rubric.toml:" in result.output
    assert "did you mean 'points'?" in result.output
    as_json = grade("rubric", "lint", str(file), "--format", "json")
    assert as_json.return_value == 1
    assert json.loads(as_json.output)[0]["severity"] == "error"


def test_warnings_fail_only_when_asked(grade, tmp_path):
    grade("rubric", "new", "hw2")
    expect = tmp_path / "rubrics" / "hw2" / "verify"
    expect.rename(tmp_path / "elsewhere")
    assert grade("rubric", "lint").return_value == 0
    assert grade("rubric", "lint", "--strict").return_value == 1


def test_lint_without_rubrics_says_so(grade):
    assert "name a folder" in str(grade("rubric", "lint").exception)


def test_schema_is_json_and_can_be_written(grade, tmp_path):
    printed = json.loads(grade("rubric", "schema").output)
    grade("rubric", "schema", "--out", "deep/schema.json")
    assert json.loads((tmp_path / "deep" / "schema.json").read_text()) == printed


@pytest.mark.parametrize(
    ("fails", "status", "verdict"),
    [(False, 0, "cases came out as expected"), (True, 1, "expected pass, found nothing")],
)
def test_verify_shows_the_matrix_and_its_status(grade, monkeypatch, fails, status, verdict):
    """The boxes are tested elsewhere; here one case without automatic criteria is graded."""
    import grader.pipeline
    from grader.rubric import verify

    asked = {}

    def without_boxes(folder, options, _listener, _handed_in):
        asked.update(folder=folder, options=options)
        return {}

    def judged(_rubric, expectations, _scorecards, _manual):
        mismatch = verify.Mismatch("reference", "q1/explained", "pass", None, "a [red] message")
        return Verification(
            cases={case: entry.description for case, entry in expectations.items()},
            matrix={"q1/explained": {}},
            mismatches=(mismatch,) if fails else (),
            proofs={},
        )

    monkeypatch.setattr(grader.pipeline, "verify_rubric", without_boxes)
    monkeypatch.setattr(verify, "compare", judged)
    grade("rubric", "new", "hw2")
    result = grade("rubric", "verify", "rubrics/hw2", "--sandbox", "none", "--jobs", "1")
    assert result.exception is None
    assert result.return_value == status
    assert verdict in result.output
    assert ("a [red] message" in result.output) is fails
    assert str(asked["options"].out) == "reports/verify/hw2"
    assert (asked["options"].sandbox, asked["options"].jobs) == ("none", 1)
    plain = json.loads(grade("rubric", "verify", "rubrics/hw2", "--format", "json").output)
    assert plain["hw2"]["holds"] is not fails
    grade("rubric", "new", "hw3")
    both = grade("rubric", "verify", "rubrics/hw2", "rubrics/hw3")
    assert both.return_value == status
    summary = both.output[both.output.rindex("Rubrics") :]
    assert "hw2" in summary
    assert "hw3" in summary
    assert json.loads(grade("rubric", "verify", "--format", "json").output).keys() == {"hw2", "hw3"}


@pytest.mark.parametrize(
    "command",
    [
        ["rubric"],
        ["rubric", "lint"],
        ["rubric", "schema"],
        ["rubric", "new"],
        ["rubric", "verify"],
        ["doctor"],
        ["data"],
        ["data", "list"],
        ["data", "fetch"],
        ["data", "verify"],
        ["reference"],
        ["reference", "list"],
        ["reference", "train"],
        ["reference", "baseline"],
    ],
    ids=" ".join,
)
def test_every_help_page_has_an_example_on_its_own_line(grade, command):
    page = grade(*command, "--help").output
    assert "Example" in page
    assert f"\n    grade {command[0]}" in page
    assert "\\b" not in page
