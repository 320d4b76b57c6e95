"""cnn-vgg16: which headings mark which questions."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.checks.taking_part import Heading, unmarked
from grader.pipeline import load_rubric

TASKS = load_rubric(Path(__file__).parents[3] / "rubrics" / "cnn-vgg16").rubric.task


def marked(*headings: Heading) -> set[str]:
    return {task.id for task in TASKS if task.marked and not unmarked(task, headings)}


@pytest.mark.parametrize(
    ("title", "above", "expected"),
    [
        ("X 2. SGD with momentum", (), {"implementation.2"}),
        ("X 2. When is cross-entropy largest?", (), {"theory.2"}),
        ("X 6. Error analysis", (), {"implementation.6"}),
        ("X 5. Inference time", (), {"implementation.5"}),
        ("X 5. Why no translation?", (), {"theory.5"}),
        ("X 8. Batches", (), {"theory.8"}),
        ("X 10.", (), {"theory.10"}),
        ("X 1.", (), {"theory.1", "implementation.1"}),
        ("X 1.", ("1.1 Theory",), {"theory.1"}),
        ("X 1. Subsampling", ("Notebook", "Theory"), {"theory.1"}),
        ("X 1. Pool of layers", ("Implementation",), {"implementation.1"}),
        ("X 3.", ("1.2 Implementation",), {"implementation.3", "training"}),
        ("x) 4 - our own idea", ("Implementation",), {"implementation.4", "training"}),
        ("X 1.1 Theory", (), {f"theory.{n}" for n in range(1, 11)}),
        ("X Theory", (), {f"theory.{n}" for n in range(1, 11)}),
        ("X Implementation", (), {*(f"implementation.{n}" for n in range(1, 7)), "training"}),
        ("1. The layers", ("Implementation",), set()),
        ("Exercise 1", (), set()),
        ("X-ray images", (), set()),
    ],
)
def test_a_mark_counts_for_its_question(
    title: str, above: tuple[str, ...], expected: set[str]
) -> None:
    assert marked(Heading(title, above)) == expected
