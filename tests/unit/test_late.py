"""What lateness costs: nothing, per day, with grace and cap, and never for what is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from grader.model.late import days_late
from tests.made_up import a_rubric, a_submission
from tests.unit.test_score import codes, criterion, grade

DUE = datetime(2024, 2, 28, 23, 59, tzinfo=UTC)
ASSIGNMENT = {"id": "digits", "title": "Digits", "due": DUE.isoformat()}


def card(minutes, *, marked_late=False, **late):
    assignment = {**ASSIGNMENT, **({"late": late} if late else {})}
    when = None if minutes is None else DUE + timedelta(minutes=minutes)
    submission = a_submission(submitted_at=when, marked_late=marked_late)
    return grade(
        criterion("a", "pass", 10),
        submission=submission,
        rubric_changes={"assignment": assignment},
    )


@pytest.mark.parametrize(
    ("minutes", "penalty"),
    [(-600, 0), (0, 0), (15, 0), (16, 1), (24 * 60, 1), (24 * 60 + 1, 2), (30 * 24 * 60, 4)],
)
def test_each_begun_day_costs_its_share_up_to_the_cap(minutes, penalty):
    found = card(minutes, grace_minutes=15, per_day="0.1", at_most="0.4")
    assert found.penalty == penalty
    assert found.points == 10 - penalty
    assert ("late" in codes(found)) == (penalty > 0)


def test_without_a_rule_lateness_is_told_and_costs_nothing():
    found = card(3000)
    assert found.penalty == 0
    assert "late" in codes(found)


@pytest.mark.parametrize("marked_late", [True, False])
def test_what_is_not_known_costs_nothing_and_is_told(marked_late):
    found = card(None, marked_late=marked_late, per_day="1/2")
    assert (found.penalty, found.points) == (0, 10)
    assert "late_unknown" in codes(found)


def test_points_do_not_fall_below_zero():
    assert card(10_000_000, per_day=1).points == 0


@given(st.integers(-(10**6), 10**6), st.integers(0, 10**4))
def test_later_is_never_cheaper_and_grace_never_costs(minutes, grace):
    when = DUE + timedelta(minutes=minutes)
    days = days_late(DUE, when, grace)
    assert days <= days_late(DUE, when + timedelta(minutes=1), grace)
    assert days <= days_late(DUE, when, 0)
    assert (days == 0) == (minutes <= grace or minutes <= 0)


def test_a_time_without_zone_is_in_that_of_the_date():
    assert days_late(DUE, datetime(2024, 2, 28, 23, 59)) == 0  # noqa: DTZ001 - that is the case


@pytest.mark.parametrize(
    "late", [{"per_day": 2}, {"per_day": "-1/2"}, {"per_day": "0.1", "at_most": 3}]
)
def test_shares_are_shares(late):
    with pytest.raises(ValidationError, match="shares"):
        a_rubric(assignment={**ASSIGNMENT, "late": late})


def test_days_are_counted_from_a_date():
    with pytest.raises(ValidationError, match="late needs due"):
        a_rubric(assignment={"id": "d", "title": "D", "late": {"per_day": str(Fraction(1, 10))}})
