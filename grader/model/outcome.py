"""The closed vocabularies: outcomes, exit reasons, visibilities."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ExitReason", "Outcome", "Status", "Visibility"]


class Outcome(StrEnum):
    """What became of one criterion."""

    PASS = "pass"  # noqa: S105 - a word, not a secret
    PARTIAL = "partial"
    FAIL = "fail"
    BLOCKED = "blocked"
    """Something earlier in the same submission failed, so this could not be measured. No points."""
    PENDING = "pending"
    """A person must decide."""
    ERROR = "error"
    """Our fault. Never a zero: the scorecard stays provisional and the staff is told."""

    @property
    def decided(self) -> bool:
        """Whether the points of this criterion are settled."""
        return self not in (Outcome.PENDING, Outcome.ERROR)


class ExitReason(StrEnum):
    """How an attempt, or one probe in it, ended."""

    OK = "ok"
    CRASH = "crash"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT_LIMIT = "output_limit"
    KILLED = "killed"
    HARNESS = "harness"


class Visibility(StrEnum):
    """When a student may see a criterion."""

    VISIBLE = "visible"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"
    HIDDEN = "hidden"


class Status(StrEnum):
    """Whether a scorecard may still change without a new submission."""

    FINAL = "final"
    PROVISIONAL = "provisional"
