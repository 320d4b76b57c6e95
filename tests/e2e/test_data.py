"""Datasets through the whole harness: served, missing, private."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

from tests.e2e.conftest import call, needs_box
from tests.unit.datasets import made_up

HEAD = """\
schema = 1
[assignment]
id = "{name}"
title = "A small assignment"
"""

RUNS = """
[data]
serve = [{serve}]

[[task]]
id = "q1"
title = "It runs"
points = 1
[[task.criterion]]
id = "runs"
title = "It runs"
points = 1
check = "notebook.runs"
source = "your notebook runs"
"""

PRIVATE = """
[datasets.birds]
kind = "npz"
title = "Birds that no student has"
path = "private/birds.npz"
classes = ["owl", "wren"]

[roles.net]
kind = "module"
names = ["net", "Net"]
weights = ["*.pt"]
input_shape = [4]
output_shape = [2]

[data]
serve = ["flowers"]

[datasets.flowers]
kind = "csv"
path = "public/{split}.csv"
splits = ["train", "test"]
private = false

[[task]]
id = "q1"
title = "Birds"
points = 2
[[task.criterion]]
id = "accuracy"
title = "Right on birds"
points = 1
check = "accuracy.at_least"
source = "right on birds that nobody has seen"
with = { model = "net", dataset = "birds/test", bands = [{ at = 0.9, fraction = 1 }] }
[[task.criterion]]
id = "runs"
title = "It runs"
points = 1
check = "notebook.runs"
source = "your code runs"
"""

NET = """\
import csv, glob, os
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(4, 2)

    def forward(self, x):
        return self.last(x)

if __name__ == "__main__":
    rows = list(csv.DictReader(open("/data/flowers/public/test.csv")))
    print("LABELS", "".join(row["label"] for row in rows))
    found = [f for top in ("data", "submission", "scratch", "tmp", "inputs")
             for f in glob.glob(f"/{top}/**/*birds*", recursive=True)]
    print("SEEN", sorted(os.listdir("/data")), found)
"""

SAVE = """
import sys, torch
rows = torch.tensor([[1.0, 0, 0, 0], [-1.0, 0, 0, 0]])
weights = {"last.weight": rows, "last.bias": torch.zeros(2)}
torch.save(weights, sys.argv[1])
"""


def rubric(course, name, text):
    folder = course / "rubrics" / name
    folder.mkdir(parents=True)
    (folder / "rubric.toml").write_text(HEAD.format(name=name) + text)
    return folder


def submission(course, name, team, text):
    folder = course / "submissions" / name / team
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(text)
    return folder


@pytest.fixture
def small(tmp_path):
    """A course of two assignments, and no data."""
    for name, serve in (("needs-data", '"mnist", "cifar10"'), ("needs-none", "")):
        rubric(tmp_path, name, RUNS.format(serve=serve))
        submission(tmp_path, name, "team_1", "print('hello')\n")
    return tmp_path


def test_what_lacks_its_data_is_named_once_with_the_command(small):
    needs_box()
    result = call(
        small / "submissions", "--rubrics", small / "rubrics", out=small / "out",
        GRADE_DATA=str(small / "data"), XDG_CACHE_HOME=str(small / "cache"),
    )  # fmt: skip
    assert result.status == 1
    assert result.text.count("No data for needs-data (1 submission") == 1
    assert "grade data fetch mnist cifar10, or name the folder" in result.text
    assert "No data for needs-none" not in result.text
    (lost, fine) = sorted(result.grades["submissions"], key=lambda s: s["status"], reverse=True)
    assert (lost["status"], lost["points"], lost["pending_points"]) == ("provisional", 0, 1)
    assert (fine["status"], fine["points"]) == ("final", 1)


def test_data_that_is_named_and_not_there_is_refused(small):
    result = call(
        small / "submissions", "--rubrics", small / "rubrics", "--data", small / "nowhere",
        out=small / "out",
    )  # fmt: skip
    assert result.status == 2
    assert f"there is no folder '{small / 'nowhere'}'" in result.text
    assert not (small / "out").exists()


def test_what_lacks_its_data_can_be_left_out(small):
    needs_box()
    result = call(
        small / "submissions", "--rubrics", small / "rubrics", "--skip-missing-data",
        out=small / "out", GRADE_DATA=str(small / "data"),
    )  # fmt: skip
    assert result.status == 0
    assert "No data for needs-data (1 submission, not taken up)" in result.text
    assert "grade data fetch mnist" in result.text
    assert len(result.grades["submissions"]) == 1


DIGITS = """
[roles.net]
kind = "module"
names = ["net"]
input_shape = [64]
output_shape = [10]

[[task]]
id = "q2"
title = "Digits"
points = 1
[[task.criterion]]
id = "error"
title = "Few errors"
points = 1
check = "error.at_most"
source = "few errors"
with = { model = "net", dataset = "digits/test", bands = [{ at = 0.1, fraction = 1 }] }
"""


def test_what_needs_no_missing_data_is_graded_and_stays_so(tmp_path):
    needs_box()
    rubric(tmp_path, "two-parts", RUNS.format(serve='"svhn"') + DIGITS)
    submission(tmp_path, "two-parts", "digits_only", "print('hello')\n")
    code = "from torchvision.datasets import SVHN\nSVHN('.', download=True)\n"
    submission(tmp_path, "two-parts", "both_parts", code)
    args = ("--rubrics", tmp_path / "rubrics")
    env = {"GRADE_DATA": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    result = call(
        tmp_path / "submissions", *args, "--skip-missing-data", out=tmp_path / "out", **env
    )
    assert result.status == 0, result.text
    assert "1 not run, because the code reads it" in result.text
    wanted = {"q1/runs": "pass", "q2/error": "fail"}
    assert result.outcomes("digits_only") == wanted
    assert result.outcomes("both_parts") == {"q2/error": "fail"}, "its saved net is looked at"
    again = call("regrade", *args, out=tmp_path / "out", **env)
    assert again.status == 0, again.text
    assert again.outcomes("digits_only") == wanted


def write_birds(folder):
    """Ten birds whose first number tells their class, and flowers that everyone has."""
    labels = np.array([0, 1] * 5)
    inputs = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)
    inputs[:, 0] = np.where(labels == 0, 2, -2)
    (folder / "private").mkdir()
    np.savez(folder / "private" / "birds.npz", x=inputs, label=labels)
    (folder / "public").mkdir()
    for split in ("train", "test"):
        rows = "".join(f"{i},{i % 2}\n" for i in range(40))
        (folder / "public" / f"{split}.csv").write_text(f"x,label\n{rows}")


def test_a_private_test_set_is_measured_and_never_seen(tmp_path):
    """A course's own datasets, with nothing added to `grader/`."""
    needs_box()
    folder = rubric(tmp_path, "birds-hw", PRIVATE)
    write_birds(folder)
    team = submission(tmp_path, "birds-hw", "team_1", NET)
    subprocess.run([sys.executable, "-c", SAVE, str(team / "net.pt")], check=True)
    args = (tmp_path / "submissions", "--rubrics", tmp_path / "rubrics")
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "GRADE_DATA": str(tmp_path / "data")}
    result = call(*args, out=tmp_path / "out", **env)
    assert result.status == 0, result.text
    assert result.outcomes("team_1") == {"q1/accuracy": "pass", "q1/runs": "pass"}
    evidence = "".join(p.read_text() for p in (tmp_path / "out" / "evidence").rglob("*.json"))
    labels = re.search(r"LABELS ([01]+)", evidence)[1]
    assert (len(labels), labels.count("1")) == (40, 20)
    assert labels != "01" * 20, "the labels of a test split are permuted"
    assert "SEEN ['flowers'] ['/inputs/birds_test.bin']" in evidence, "inputs, and nothing more"

    (folder / "private" / "birds.npz").unlink()
    again = call(*args, "--fresh", out=tmp_path / "out", **env)
    assert again.status == 1
    assert "private test set 'birds' is not on this machine" in again.text
    assert again.outcomes("team_1") == {"q1/accuracy": "error", "q1/runs": "pass"}


def test_a_self_check_asks_nothing_of_private_data(tmp_path):
    folder = rubric(tmp_path, "birds-hw", PRIVATE.replace("/data/flowers", "."))
    write_birds(folder)
    (folder / "private" / "birds.npz").unlink()
    team = submission(tmp_path, "birds-hw", "team_1", "print('hello')\n")
    result = call(
        "check", team, "--rubrics", tmp_path / "rubrics", out=tmp_path / "out",
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )  # fmt: skip
    assert result.outcomes("team_1") == {"q1/runs": "pass"}
    assert result.status == 0


def test_lint_knows_a_rubrics_own_datasets(tmp_path):
    folder = rubric(tmp_path, "birds-hw", PRIVATE)
    assert "error" not in call("rubric", "lint", folder, out=None).text.replace("warning", "")
    text = (folder / "rubric.toml").read_text().replace("birds/test", "bird/test")
    (folder / "rubric.toml").write_text(text)
    result = call("rubric", "lint", folder, out=None)
    assert result.status != 0
    assert "unknown dataset 'bird/test'" in result.text
    assert "did you mean 'birds/test'" in result.text


def test_data_commands_on_a_course_with_mnist(tmp_path):
    made_up.write_mnist(tmp_path, counts=(3, 3))
    env = {"GRADE_DATA": str(tmp_path)}
    listed = call("data", "list", out=None, **env)
    assert listed.status == 0
    assert re.search(r"mnist\s+complete|mnist\s+partial", listed.text)
    verified = call("data", "verify", "mnist", out=None, **env)
    assert verified.status == 1, "made-up digits are not the published ones"
    assert "FAIL checksums" in verified.text
