"""How many numbers a source holds: written out, in text, in blobs."""

from __future__ import annotations

import base64
import types

import pytest

from grader.inside.session import Session
from grader.inside.source.literals import literals, numbers_in


def found(tmp_path, text):
    (tmp_path / "main.py").write_text(text)
    job = {"submission": str(tmp_path), "scratch": str(tmp_path), "inputs": str(tmp_path)}
    session = Session(job, types.ModuleType("__main__"))
    return literals(session.sources().chunks)


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        (str([0.5] * 120), 120),
        (str([[-1.5, 2]] * 60), 120),
        (str({n: float(n) for n in range(60)}), 120),
        (str({n: f"class {n}" for n in range(1000)}), 0),
        ("[True] * 3 + " + str(["word"] * 500), 0),
        (repr(" ".join(["0.25", "-1e-3"] * 60)), 120),
        (repr(base64.b64encode(bytes(480)).decode()), 128),
        (repr(bytes(480)), 120),
        (repr("A sentence, and 3 numbers. " * 200), 0),
        (repr("https://example.org/" + "a/b" * 50), 0),
    ],
)
def test_numbers_of_one_literal(tmp_path, expression, count):
    told = found(tmp_path, f"\nx = {expression}\n")
    assert sum(one["numbers"] for one in told) == count
    if count:
        assert told[0]["place"] == {"file": "main.py", "cell": None, "line": 2}
        assert told[0]["size_bytes"] == len(f"\nx = {expression}\n")


def test_many_small_lists_are_added_up(tmp_path):
    (told,) = found(tmp_path, "x = {}\n" + "".join(f"x[{n}] = [1, 2, 3]\n" for n in range(50)))
    assert told["numbers"] == 150


def test_ordinary_source_holds_next_to_none(tmp_path):
    text = "import torch\nnet = torch.nn.Linear(64, 10)\nmean, std = [0.5, 0.5], [1, 1]\n"
    assert found(tmp_path, text) == []


def test_a_long_text_takes_no_long_time():
    assert numbers_in("1 " * 100_000) == 100_000
    assert numbers_in("a" * 1_000_000) == 200_000
