"""What lateness costs: nothing, per day, with grace and cap, and never for what is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

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


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("due", "handed_in", "days"),
    [
        # clocks go forward on 31 March 2024 at 2:00: the next midday is 23 hours later
        (datetime(2024, 3, 30, 12, tzinfo=BERLIN), datetime(2024, 3, 31, 13, tzinfo=BERLIN), 1),
        (datetime(2024, 3, 30, 12, tzinfo=BERLIN), datetime(2024, 3, 31, 13, 1, tzinfo=BERLIN), 2),
        # and back on 27 October at 3:00: it is 25 hours later
        (datetime(2024, 10, 26, 12, tzinfo=BERLIN), datetime(2024, 10, 27, 11, tzinfo=BERLIN), 1),
        (datetime(2024, 10, 26, 12, tzinfo=BERLIN), datetime(2024, 10, 27, 12, tzinfo=BERLIN), 2),
        # the same instant in another zone
        (datetime(2024, 3, 31, 1, tzinfo=UTC), datetime(2024, 3, 31, 3, tzinfo=BERLIN), 0),
        (datetime(2024, 3, 31, 1, tzinfo=UTC), datetime(2024, 3, 31, 3, 1, tzinfo=BERLIN), 1),
        # an hour that comes twice: where nothing tells, the earlier
        (
            datetime(2024, 10, 27, 0, 45, tzinfo=UTC),
            datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN),
            0,
        ),
        (
            datetime(2024, 10, 27, 0, 45, tzinfo=UTC),
            datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1),
            1,
        ),
    ],
)
def test_days_are_of_24_hours_whatever_the_clocks_do(due, handed_in, days):
    assert days_late(due, handed_in) == days


def test_a_microsecond_is_late_and_a_whole_day_is_one():
    assert days_late(DUE, DUE + timedelta(microseconds=1)) == 1
    for days in (1, 7, 333):
        assert days_late(DUE, DUE + timedelta(days=days)) == days
        assert days_late(DUE, DUE + timedelta(days=days, microseconds=1)) == days + 1
