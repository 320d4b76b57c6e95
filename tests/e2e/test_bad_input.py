"""What is wrong is said once, clearly; the rest is graded; nothing of ours is ever a zero."""

from __future__ import annotations

import shutil
import zipfile

import pytest

from tests.e2e.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.box]

REFERENCE = ROOT / "submissions/digits-svhn/314159265_271828182"


def change(course, old, new):
    rubric = course / "rubrics" / "digits-svhn" / "rubric.toml"
    text = rubric.read_text()
    assert old in text, old
    rubric.write_text(text.replace(old, new, 1))


def grade_in(grade, course, *args):
    return grade(course / "submissions", "--rubrics", course / "rubrics", *args)


def test_bad_submissions_stop_nobody(grade, course):
    folder = course / "submissions" / "digits-svhn"
    shutil.copytree(REFERENCE, folder / "good")
    (folder / "broken-json").mkdir()
    (folder / "broken-json" / "hw.ipynb").write_text('{"cells": [')
    with zipfile.ZipFile(folder / "nothing.zip", "w"):
        pass
    (folder / "not-a-zip.zip").write_bytes(b"PK\x03\x04 this is no archive")
    (folder / "empty").mkdir()
    result = grade_in(grade, course)
    assert result.status == 1
    graded = {s["submission"] for s in result.grades["submissions"]}
    assert {"good", "broken-json"} <= graded
    assert not {"nothing", "not-a-zip", "empty"} & graded
    for name in ("nothing", "not-a-zip", "empty"):
        assert name in result.text
    assert "pass" in result.outcomes("good").values()
    broken = result.submission("broken-json")
    messages = " ".join(c["message"] for t in broken["tasks"] for c in t["criteria"])
    assert "hw.ipynb" in messages
    assert "error" not in result.outcomes("broken-json").values()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("visibility =", "visibilty =", "visibility"),
        ('check = "weights.load"', 'check = "weights.laod"', "weights.load"),
        ("points = 0.5", "points = 0.75", "= 1.25"),
    ],
)
def test_a_wrong_rubric_is_named_by_file_and_line(grade, course, old, new, says):
    shutil.copytree(REFERENCE, course / "submissions" / "digits-svhn" / "good")
    change(course, old, new)
    result = grade_in(grade, course)
    assert result.status == 2
    assert "rubric.toml:" in result.text
    assert says in result.text
    assert "Traceback" not in result.text


def test_a_missing_dataset_is_never_a_zero(grade, course):
    shutil.copytree(REFERENCE, course / "submissions" / "digits-svhn" / "good")
    result = grade_in(grade, course, "--fresh")
    whole = result.submission("good")["points"]
    broken = grade(
        course / "submissions",
        "--rubrics",
        course / "rubrics",
        out=course / "without-data",
        PYTHONPATH=str(ROOT / "tests/e2e/without_digits"),
    )
    assert broken.status == 1
    card = broken.submission("good")
    assert "error" in broken.outcomes("good").values()
    assert card["status"] == "provisional"
    assert card["points"] + card["pending_points"] >= whole
    assert "digits" in broken.text + str(card)


def test_usage_errors(grade, tmp_path):
    assert grade("no-such-folder/").status == 2
    (tmp_path / "rubrics").mkdir()
    result = grade("submissions/", "--rubrics", tmp_path / "rubrics")
    assert result.status == 2
    assert "rubric new" in result.text
