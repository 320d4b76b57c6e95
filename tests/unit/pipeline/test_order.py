"""In which order submissions are graded."""

from __future__ import annotations

from pathlib import Path

from grader.pipeline import load_rubric
from grader.pipeline.grading import longest_first
from tests.made_up import a_submission

ROOT = Path(__file__).parents[3]


def test_short_runs_come_last_and_intakes_order_stays_within_an_assignment():
    rubrics = {n: load_rubric(ROOT / "rubrics" / n) for n in ("digits-svhn", "hw1")}
    digits, hw1 = (rubrics[name].rubric.budget.wall_seconds for name in rubrics)
    assert digits < hw1
    taken = [
        a_submission().model_copy(update={"assignment": assignment, "name": name})
        for assignment, name in (("digits-svhn", "b"), ("hw1", "z"), ("digits-svhn", "a"))
    ]
    assert [s.name for s in longest_first(taken, rubrics)] == ["z", "b", "a"]
