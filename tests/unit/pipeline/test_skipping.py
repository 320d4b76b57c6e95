"""What is graded where data is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.datasets import DATASETS
from grader.model.submission import SubmittedFile
from grader.pipeline import Lacking, load_rubric, skipping
from grader.pipeline.skipping import Remembered, reads, skip
from tests.made_up import a_submission

ROOT = Path(__file__).parents[3]


def notebook(code, markdown="", output=""):
    cells = [
        {"cell_type": "markdown", "source": [markdown]},
        {"cell_type": "code", "source": [code], "outputs": [{"text": output}]},
    ]
    return json.dumps({"cells": cells})


@pytest.fixture
def handed_in(tmp_path):
    def make(name, assignment="digits-svhn", **files):
        root = tmp_path / name
        root.mkdir()
        listed = []
        for stem, text in files.items():
            path = f"{stem}.ipynb" if text.startswith("{") else f"{stem}.py"
            (root / path).write_text(text)
            listed.append(SubmittedFile(path=path, size_bytes=len(text), sha256="0" * 64))
        named = {"assignment": assignment, "name": name, "root": root, "files": tuple(listed)}
        return a_submission().model_copy(update=named)

    return make


def skipped(assignment, dataset, submissions, remembered=None):
    rubric = load_rubric(ROOT / "rubrics" / assignment)
    names = tuple(s.name for s in submissions)
    lacking = [Lacking(assignment, {dataset: "gone"}, (), names, skipped=False)]
    found = skip(
        lacking, {assignment: rubric}, submissions, {assignment: DATASETS},
        remembered or Remembered(),
    )  # fmt: skip
    return found, rubric


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("data = torchvision.datasets.SVHN('.')", True),
        ("open('/data/svhn/train_32x32.mat')", True),
        ("load_digits()", False),
        (notebook("SVHN('.')"), True),
        (notebook("load_digits()", markdown="Part 3: SVHN", output="svhn"), False),
        ("{ no notebook, SVHN", True),
    ],
)
def test_code_that_reads_a_dataset_names_it(handed_in, text, told):
    assert reads(handed_in("ada", main=text), ["svhn"]) == told
    assert reads(handed_in("bob", main="CIFAR10('.')"), ["cifar10"])


def test_what_is_too_large_to_look_into_counts_as_reading(handed_in, monkeypatch):
    monkeypatch.setattr(skipping, "SOURCE_BYTES", 3)
    assert reads(handed_in("ada", main="load_digits()"), ["svhn"])


def test_part_2_needs_no_data_unless_the_code_reads_part_3s(handed_in):
    ada = handed_in("ada", main="load_digits()")
    bob = handed_in("bob", main="load_digits(); SVHN('.')")
    found, rubric = skipped("digits-svhn", "svhn", [ada, bob])
    whole, unrun = found.whole["digits-svhn"].rubric, found.unrun["digits-svhn"].rubric
    part_2 = [t.id for t in rubric.rubric.task if t.id.startswith("digits.")]
    assert [t.id for t in whole.task if t.id.startswith("digits.")] == part_2
    assert "svhn.2" not in {t.id for t in whole.task}
    assert whole.data.serve == ()
    checks = {c.check for t in unrun.task for c in t.criterion}
    assert "notebook.runs" in {c.check for t in whole.task for c in t.criterion} - checks
    assert not found.reads(ada)
    assert found.reads(bob)
    assert not found.leaves_out(ada)
    assert not found.leaves_out(bob)
    (flag,) = found.flags(ada, rubric)
    assert "svhn.2" in flag.message
    assert "digits.classifier" not in flag.message
    (flag,) = found.flags(bob, rubric)
    assert "digits.classifier" in flag.message


def test_a_part_of_a_missing_dataset_is_missing_too(handed_in):
    ada = handed_in("ada", "fashion-transfer", main="print()")
    found, _ = skipped("fashion-transfer", "fashion", [ada])
    assert found.lacking[0].skipped
    assert found.leaves_out(ada)


def test_whose_code_it_was_is_remembered_where_the_code_is_gone(handed_in, tmp_path):
    bob = handed_in("bob", main="SVHN('.')")
    found, _ = skipped("digits-svhn", "svhn", [bob])
    Remembered(skipping=True, reading=set(found.reading)).keep(tmp_path)
    gone = bob.model_copy(update={"root": tmp_path / "gone"})
    again, _ = skipped("digits-svhn", "svhn", [gone], Remembered.of(tmp_path))
    assert again.reads(gone)
    Remembered().keep(tmp_path)
    assert not Remembered.of(tmp_path).skipping
