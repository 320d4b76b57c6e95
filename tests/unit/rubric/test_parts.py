"""What is left of a rubric where data is missing."""

from pathlib import Path

import pytest

from grader.checks import CHECKS
from grader.rubric.load import load
from grader.rubric.visible import measurable_part, without_tasks

TASK = """
[[task]]
id = "{name}"
title = "A net"
points = 1
[[task.criterion]]
id = "error"
points = 1
check = "error.at_most"
source = "a source"
{more}
with = {{ model = "net", dataset = "{name}/test", bands = [{{ at = 0.1, fraction = 1 }}] }}
"""
HEAD = """
schema = 1
[assignment]
id = "two"
title = "Two parts"
[data]
serve = ["svhn", "mnist"]
[roles.net]
kind = "module"
names = ["net"]
input_shape = [64]
output_shape = [10]
[[task]]
id = "words"
title = "Words"
points = 1
[[task.criterion]]
id = "answer"
points = 1
check = "manual.band"
source = "a source"
with = { question = "Is it answered?" }
"""


@pytest.fixture
def loaded(tmp_path):
    (tmp_path / "rubric.toml").write_text(
        HEAD
        + TASK.format(name="digits", more="")
        + TASK.format(name="svhn", more='requires = ["digits/error"]')
    )
    return load(Path(tmp_path), {name: entry.params for name, entry in CHECKS.items()})


def test_tasks_on_missing_data_go_and_the_others_stay(loaded):
    part = measurable_part(loaded, {"svhn"})
    assert [task.id for task in part.rubric.task] == ["words", "digits"]
    assert part.rubric.max_points == 2
    assert part.rubric.data.serve == ("mnist",)
    assert part.digest == loaded.digest


def test_tasks_that_build_on_what_is_left_out_go_too(loaded):
    assert [task.id for task in without_tasks(loaded, {"svhn"}).rubric.task] == ["words", "digits"]
    part = without_tasks(loaded, {"digits"})
    assert [task.id for task in part.rubric.task] == ["words"]
    assert without_tasks(loaded, {"words", "digits"}) is None


def test_without_any_data_nothing_is_graded(loaded):
    assert measurable_part(loaded, {"svhn", "digits"}) is None
