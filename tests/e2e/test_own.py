"""A course adds a criterion, a check, a probe and a dataset; `grader/` stays as it is."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from tests.e2e.conftest import ROOT, call

RUBRIC = """
schema = 1
[assignment]
id = "dots"
title = "Dots"

[files.notebook]
pattern = "*.ipynb"
required = true

[datasets.dots]
kind = "csv"
title = "Dots in the plane"
path = "private/{split}.csv"
splits = ["test"]
classes = ["left", "right"]

[roles.net]
kind = "module"
names = ["net"]
weights = ["*.pt"]
input_shape = [2]
output_shape = [2]

[[task]]
id = "1"
title = "Dots"
points = 3

[[task.criterion]]
id = "accuracy"
title = "Test accuracy"
points = 1
check = "accuracy.at_least"
source = "Reach 90% on our dots."
with = { model = "net", dataset = "dots/test", bands = [{ at = 0.9, fraction = 1 }] }

[[task.criterion]]
id = "slope"
title = "The boundary is upright"
points = 1
check = "boundary.upright"
source = "The boundary should be upright."
with = { model = "net", steepest = 0.2 }

[[task.criterion]]
id = "comments"
title = "Comments"
points = 1
check = "comments.enough"
source = "Comment your code."
with = { lines = 2 }
"""

CHECKS = '''
"""What only this course asks for."""

from fractions import Fraction

from grader.checks.base import Seen, check, own_probe
from grader.checks.requests import role_params
from grader.checks.scores import numbers
from grader.collect.probes import ArrayRule, ProbeSpec
from grader.model.base import Record
from grader.model.scorecard import CheckResult


class Weights(Record):
    """Payload of `first_weight`. Array `weight`: float64 [2, 2]."""

    where: str


class Comments(Record):
    """Payload of `count_comments`."""

    lines: int


PROBES = {
    "first_weight": ProbeSpec(
        Weights, lambda request, rows: {"weight": ArrayRule("float64", (2, 2), 4)}
    ),
    "count_comments": ProbeSpec(Comments),
}


class Upright(Record):
    """Parameters of `boundary.upright`."""

    model: str
    """A role of kind `module`."""
    steepest: float
    """How much the second input may count against the first."""


def _weight(rubric, model):
    return own_probe(rubric, "first_weight", role=role_params(rubric, model))


@check("boundary.upright", Upright, needs=lambda p, r: (_weight(r, p.model),))
def upright(params: Upright, seen: Seen) -> CheckResult:
    """Your net decides by the first input."""
    evidence, payload = seen.measured(_weight(seen.rubric, params.model), Weights)
    weight = numbers(evidence, "weight")
    slope = abs(float(weight[1, 1] - weight[0, 1])) / abs(float(weight[1, 0] - weight[0, 0]))
    text = f"The second input counts {slope:.3f} of the first ({payload.where})."
    return CheckResult.banded(Fraction(slope <= params.steepest), text)


class Enough(Record):
    """Parameters of `comments.enough`."""

    lines: int
    """At least so many."""


@check("comments.enough", Enough, needs=lambda p, r: (own_probe(r, "count_comments"),))
def enough(params: Enough, seen: Seen) -> CheckResult:
    """Your code is commented."""
    _, found = seen.measured(own_probe(seen.rubric, "count_comments"), Comments)
    return CheckResult.banded(Fraction(found.lines >= params.lines), f"{found.lines} comments.")
'''

FIRST_WEIGHT = """
import torch

from ..binding.roles import bind_module


def first_weight(session, params, reply):
    bound = bind_module(session, params["role"], "saved")
    weight = next(torch.nn.Module.parameters(bound.module))
    reply.array("weight", weight.detach().double().numpy())
    reply.payload = {"where": bound.payload()["weights"]}
"""

COUNT_COMMENTS = """
def count_comments(session, params, reply):
    lines = [line for chunk in session.sources().chunks for line in chunk.text.split("\\n")]
    reply.payload = {"lines": sum(line.strip().startswith("#") for line in lines)}
"""


@pytest.fixture
def course(tmp_path):
    """A course's folders: rubrics, private data, two submissions."""
    folder = tmp_path / "rubrics" / "dots"
    (folder / "probes").mkdir(parents=True)
    (folder / "rubric.toml").write_text(RUBRIC)
    (folder / "checks.py").write_text(CHECKS)
    (folder / "probes" / "first_weight.py").write_text(FIRST_WEIGHT)
    (folder / "probes" / "count_comments.py").write_text(COUNT_COMMENTS)
    source = np.random.default_rng(0)
    points = source.uniform(-1, 1, (200, 2)).round(4)
    (folder / "private").mkdir()
    with (folder / "private" / "test.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["x", "y", "label"])
        writer.writerows([x, y, int(x > 0)] for x, y in points.tolist())
    submission(tmp_path / "submissions" / "dots" / "upright", [[-9.0, 0.1], [9.0, -0.1]], 3)
    submission(tmp_path / "submissions" / "dots" / "slanted", [[-9.0, 9.0], [9.0, -9.0]], 0)
    return tmp_path


def submission(folder, weight, comments):
    torch = pytest.importorskip("torch")
    folder.mkdir(parents=True)
    torch.save({"weight": torch.tensor(weight), "bias": torch.zeros(2)}, folder / "net.pt")
    code = "# a comment\n" * comments + "import torch\nnet = torch.nn.Linear(2, 2)"
    cell = {"cell_type": "code", "source": code, "metadata": {}, "outputs": []}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "hw.ipynb").write_text(json.dumps(notebook))


def test_own_criterion_check_probe_and_dataset(course):
    result = call(
        "run", course / "submissions", "--rubrics", course / "rubrics", out=course / "out"
    )
    assert result.status == 0, result.text
    assert set(result.outcomes("upright").values()) == {"pass"}
    assert result.outcomes("slanted") == {
        "1/accuracy": "fail",
        "1/slope": "fail",
        "1/comments": "fail",
    }
    slope = result.submission("upright")["tasks"][0]["criteria"][1]
    assert slope["message"] == "The second input counts 0.011 of the first (net.pt)."


def test_a_changed_probe_is_measured_again(course):
    arguments = ("run", course / "submissions", "--rubrics", course / "rubrics")
    call(*arguments, out=course / "out")
    probe = course / "rubrics" / "dots" / "probes" / "count_comments.py"
    probe.write_text(COUNT_COMMENTS.replace('startswith("#")', 'startswith("import")'))
    result = call(*arguments, out=course / "out")
    assert result.outcomes("upright")["1/comments"] == "fail"


def test_lint_and_schema_know_them(course):
    folder = course / "rubrics" / "dots"
    assert "error" not in call("rubric", "lint", folder, out=None).text
    schema = json.loads(call("rubric", "schema", folder, out=None).text)
    names = [one["const"] for one in schema["$defs"]["Criterion"]["properties"]["check"]["oneOf"]]
    assert "boundary.upright" in names
    assert "accuracy.at_least" in names
    text = (folder / "rubric.toml").read_text()
    (folder / "rubric.toml").write_text(text.replace("steepest = 0.2", "steepest = true"))
    wrong = call("rubric", "lint", folder, out=None)
    assert wrong.status == 1
    assert "steepest" in wrong.text


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('@check("boundary.upright"', '@check("accuracy.at_least"', "is a built-in check"),
        ('@check("boundary.upright"', '@check("comments.enough"', "registered twice"),
        ('"first_weight": ProbeSpec', '"other": ProbeSpec', "there is no probes/other.py"),
        ("from fractions import Fraction", "import nonsense", "No module named 'nonsense'"),
    ],
)
def test_mistakes_of_checks_py_are_told(course, old, new, told):
    file = course / "rubrics" / "dots" / "checks.py"
    file.write_text(CHECKS.replace(old, new, 1))
    result = call("rubric", "lint", file.parent, out=None)
    assert result.status == 1
    assert told in result.text


def test_nothing_of_it_is_in_the_package():
    assert not [p for p in (ROOT / "grader").rglob("*.py") if "boundary.upright" in p.read_text()]
