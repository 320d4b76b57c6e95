"""How late something was handed in, in begun days."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["days_late", "minutes_late"]

MINUTES_A_DAY = 24 * 60


def minutes_late(due: datetime, submitted_at: datetime) -> float:
    """Minutes after the date; negative before it. A time without zone is in the date's."""
    if submitted_at.tzinfo is None:
        submitted_at = submitted_at.replace(tzinfo=due.tzinfo)
    return (submitted_at - due).total_seconds() / 60


def days_late(due: datetime, submitted_at: datetime, grace_minutes: float = 0) -> int:
    """Begun days after the date; 0 within the grace, which moves no later day."""
    late = minutes_late(due, submitted_at)
    return 0 if late <= max(grace_minutes, 0) else math.ceil(late / MINUTES_A_DAY)
