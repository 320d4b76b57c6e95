"""The clock jumps: nothing is graded differently, and the latest scorecard is the latest."""

from __future__ import annotations

import datetime as dt
import random
import time

import pytest

from tests.faults.course import timeless


class Jumping(dt.datetime):
    """A clock that leaps years ahead and back between any two looks at it."""

    chance = random.Random(20240229)

    @classmethod
    def now(cls, tz=None):
        return dt.datetime(cls.chance.randrange(1971, 2037), 6, 1, tzinfo=tz)


@pytest.fixture
def jumping(monkeypatch):
    for module in ("grader.collect.box_run", "grader.pipeline.grading"):
        monkeypatch.setattr(f"{module}.datetime", Jumping)
    monkeypatch.setattr(time, "time", lambda: Jumping.now(dt.UTC).timestamp())


def test_a_jumping_clock_changes_no_scorecard(here, request):
    undisturbed = here.out.with_name("undisturbed")
    assert here(out=undisturbed).status == 0
    request.getfixturevalue("jumping")
    assert here().status == 0
    assert here.cards() == here.cards(undisturbed)


def test_the_last_run_counts_whatever_its_clock_says(here, monkeypatch):
    """A later run with another rubric, hours before by its clock."""
    assert here().status == 0
    before = here.cards()
    rubric = here.submissions.parent / "rubrics" / "tiny" / "rubric.toml"
    rubric.write_text(rubric.read_text().replace("Mark 1", "Another mark"))
    monkeypatch.setattr("grader.pipeline.grading._now", lambda: "1971-01-01T00:00:00+00:00")
    again = here()
    assert (again.status, again.boxes) == (0, 0)
    titles = [c["title"] for card in here.cards() for t in card["tasks"] for c in t["criteria"]]
    assert "Another mark" in titles
    assert len(here.cards()) == len(before)


def test_a_regrade_years_before_gives_the_same(here, request):
    assert here().status == 0
    before = here.cards()
    request.getfixturevalue("jumping")
    again = here()
    assert (again.status, again.boxes) == (0, 0)
    assert timeless(here.cards()) == before
