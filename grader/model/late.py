"""How late something was handed in, in begun days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["MINUTES_A_DAY", "days_late", "minutes_late"]

A_DAY = timedelta(days=1)
MINUTES_A_DAY = 24 * 60


def minutes_late(due: datetime, submitted_at: datetime) -> float:
    """Minutes after the date; negative before it. A time without zone is in the date's."""
    return _late(due, submitted_at).total_seconds() / 60


def days_late(due: datetime, submitted_at: datetime, grace_minutes: float = 0) -> int:
    """Begun days of 24 hours after the date; 0 within the grace, which moves no later day."""
    late = _late(due, submitted_at)
    if late <= timedelta(minutes=max(grace_minutes, 0)):
        return 0
    return -(-late // A_DAY)


def _late(due: datetime, submitted_at: datetime) -> timedelta:
    """What really passed: two times of one zone would be subtracted as their clocks show them."""
    if submitted_at.tzinfo is None:
        submitted_at = submitted_at.replace(tzinfo=due.tzinfo)
    return submitted_at.astimezone(UTC) - due.astimezone(UTC)
