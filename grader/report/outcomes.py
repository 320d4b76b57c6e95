"""What outcomes are called on pages and on the terminal; docs/students.md explains each."""

from __future__ import annotations

from grader.model.outcome import Outcome

__all__ = ["WORDS"]

WORDS = {
    Outcome.PASS: "Passed",
    Outcome.PARTIAL: "Partly",
    Outcome.FAIL: "Not reached",
    Outcome.BLOCKED: "Blocked",
    Outcome.PENDING: "For a person",
    Outcome.ERROR: "Our error",
}
