import textwrap

import pytest
from pydantic import Field

from grader.errors import RubricError
from grader.model.base import Points, Record


class Band(Record):
    at: Points
    fraction: Points


class AtLeast(Record):
    """Parameters of a check that measures."""

    model: str
    dataset: str = ""
    bands: tuple[Band, ...] = Field(min_length=1)
    limit: float = 1.0


class Matches(Record):
    """Parameters of a check that compares with expected.py."""

    role: str
    accepted: tuple[str, ...]


class Manual(Record):
    """Parameters of a check that a person decides."""

    question: str = ""


PARAMS = {"accuracy.at_least": AtLeast, "function.matches": Matches, "manual.band": Manual}

GOOD = """\
schema = 1
[assignment]
id = "hw1"
title = "Backprop by hand"
team_size = { min = 1, max = 2 }
due = 2024-02-28T23:59:00+02:00

[files.notebook]
pattern = "HW1_{student_ids}.ipynb"

[roles.classifier]
kind = "module"
names = ["Net"]

[budget]
wall_seconds = 12.5

[[task]]
id = "q1"
title = "Train"
points = 3

[[task.criterion]]
id = "accuracy"
title = "Accuracy"
points = 2.5
check = "accuracy.at_least"
source = "reach 65% accuracy on the test set"
[task.criterion.with]
model = "classifier"
dataset = "digits/test"
bands = [
  { at = 0.65, fraction = 1 },
  { at = 0.1, fraction = "1/3" },
]

[[task.criterion]]
id = "why"
title = "Explained"
points = "1/2"
check = "manual.band"
source = "explain it well"
requires = ["q1/accuracy"]

[[task.criterion]]
id = "more"
title = "More"
points = 1
bonus = true
check = "manual.band"
visibility = "hidden"
source = "a bonus for more"
"""


@pytest.fixture
def params():
    return dict(PARAMS)


@pytest.fixture
def write(tmp_path):
    """Writes a rubric: the good one with replacements, or any text."""

    def make(*replacements, text=GOOD, expected=None, baselines=None):
        for old, new in replacements:
            assert text.count(old) >= 1, old
            text = text.replace(old, new, 1)
        folder = tmp_path / "hw1"
        folder.mkdir(exist_ok=True)
        (folder / "rubric.toml").write_text(textwrap.dedent(text), encoding="utf-8")
        if expected is not None:
            (folder / "expected.py").write_text(textwrap.dedent(expected))
        if baselines is not None:
            (folder / "baselines.json").write_text(baselines)
        return folder

    return make


@pytest.fixture
def needs():
    def ask(_check, record, rubric):
        name = getattr(record, "model", None) or getattr(record, "role", None)
        if name is not None and name not in rubric.roles:
            raise RubricError(f"there is no role '{name}'", mend="declare it")
        return ()

    return ask
