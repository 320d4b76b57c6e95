"""Checks of documents, teams and dates, and of findings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from grader.checks.document import DeadlineMet
from grader.checks.requests import (
    compare_pdf,
    find_mistakes,
)
from grader.model.documents import Finding, Findings, PdfMatch
from grader.model.outcome import Outcome
from tests.made_up import (
    a_rubric,
    a_seen,
    a_submission,
    judged,
    measured,
)
from tests.unit.checks.pieces import PLACE, run

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult


class TestPdf:
    def graded(self, **changes: Any) -> CheckResult:
        given = {
            "pdf": "hw.pdf",
            "notebook": "hw.ipynb",
            "pages": 3,
            "has_text": True,
            "cells": 20,
            "found": 20,
        }
        evidence = measured(compare_pdf("*.pdf"), PdfMatch(**{**given, **changes}))
        return judged("pdf.matches", {}, a_seen(evidence))

    def test_an_export(self) -> None:
        assert self.graded().outcome is Outcome.PASS

    def test_missing_cells_cost(self) -> None:
        result = self.graded(found=17, missing=(PLACE,))
        assert result.fraction == 0.5
        assert "missing: hw.ipynb, cell 3" in result.message
        assert self.graded(found=5).outcome is Outcome.FAIL
        assert self.graded(cells=0, found=0).outcome is Outcome.FAIL

    def test_pictures_wait_for_a_person(self) -> None:
        assert self.graded(has_text=False, found=0).outcome is Outcome.PENDING

    def test_one_that_cannot_be_read(self) -> None:
        assert "cannot be read: broken." in self.graded(error="broken").message


class TestTeamAndDate:
    DUE = datetime(2024, 2, 28, 21, 59, tzinfo=UTC)

    def handed_in(self, after: timedelta | None, **params: Any) -> CheckResult:
        assignment = {"id": "x", "title": "X", "due": self.DUE.isoformat()}
        when = None if after is None else self.DUE + after
        seen = a_seen(
            rubric=a_rubric(assignment=assignment), submission=a_submission(submitted_at=when)
        )
        return judged("deadline.met", params, seen)

    def test_on_time(self) -> None:
        assert self.handed_in(timedelta(minutes=0)).outcome is Outcome.PASS
        assert self.handed_in(timedelta(minutes=1)).outcome is Outcome.FAIL
        assert self.handed_in(timedelta(minutes=5), grace_minutes=5).outcome is Outcome.PASS

    def test_days_late_earn_less(self) -> None:
        late = [{"days": 1, "fraction": 0.9}, {"days": 3, "fraction": 0.5}]
        shares = [
            float(self.handed_in(timedelta(hours=hours), late=late).fraction)
            for hours in (1, 24, 25, 72, 73)
        ]
        assert shares == [0.9, 0.9, 0.5, 0.5, 0]

    def test_an_unknown_time(self) -> None:
        assert self.handed_in(None).outcome is Outcome.PENDING
        assert self.handed_in(None, unknown="pass").outcome is Outcome.PASS

    def test_a_later_day_may_not_earn_more(self) -> None:
        with pytest.raises(ValueError, match="may not earn more"):
            DeadlineMet.model_validate(
                {"late": [{"days": 1, "fraction": 0.5}, {"days": 2, "fraction": 0.9}]}, strict=False
            )

    def test_team_sizes(self) -> None:
        def of(*ids: str) -> Outcome:
            seen = a_seen(submission=a_submission(student_ids=ids))
            return judged("team.size", {}, seen).outcome

        assert of("1", "2") is Outcome.PASS
        assert of("1", "2", "3") is Outcome.FAIL
        assert of() is Outcome.PENDING


class TestFinding:
    def finding(self, code: str) -> Finding:
        return Finding(
            code=code,
            place=PLACE,
            seen="softmax before the loss",
            why="It flattens gradients",
            mend="Remove it",
            how="static",
        )

    def graded(self, *codes: str, **params: Any) -> CheckResult:
        found = Findings(findings=tuple(self.finding(code) for code in codes))
        seen = a_seen(measured(find_mistakes(), found), run())
        return judged("finding.absent", {"codes": ["softmax", "eval"], **params}, seen)

    def test_absent_and_there(self) -> None:
        assert self.graded("other").outcome is Outcome.PASS
        result = self.graded("softmax")
        assert result.outcome is Outcome.FAIL
        assert "softmax before the loss (hw.ipynb, cell 3)" in result.message
        assert result.hint == "Remove it"
        assert self.graded("softmax", partial=True).fraction == 0.5
