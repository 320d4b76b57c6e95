from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.checks.base import Check, Seen
from grader.checks.phrases import without_points
from grader.checks.requests import describe_module, read_documents
from grader.model.base import Record
from grader.model.documents import Documents, Text
from grader.model.evidence import EvidenceSet, Place, ProbeRequest, Remark
from grader.model.measurements import SourceFacts
from grader.model.outcome import ExitReason, Outcome, Status
from grader.model.scorecard import CheckResult, Decision, Flag, Scorecard
from grader.score import score
from tests.made_up import (
    DIGEST,
    a_rubric,
    a_submission,
    a_truth,
    an_attempt,
    measured,
    our_fault,
    student_fault,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Nothing(Record):
    """Parameters of a made-up check."""


def check_that(judge: Callable[[Seen], CheckResult]) -> Check[Any]:
    return Check("made.up", Nothing, lambda _p, _r: (), lambda _p, seen: judge(seen))


def gives(outcome: Outcome, fraction: Any = 0, **more: Any) -> Check[Any]:
    result = CheckResult(outcome=outcome, fraction=Fraction(fraction), message="said", **more)
    return check_that(lambda _seen: result)


def breaks(_seen: Seen) -> CheckResult:
    msg = "list index out of range"
    raise IndexError(msg)


CHECKS: dict[str, Check[Any]] = {
    "made.pass": gives(Outcome.PASS, 1),
    "made.third": gives(Outcome.PARTIAL, Fraction(1, 3)),
    "made.fail": gives(Outcome.FAIL),
    "made.blocked": gives(Outcome.BLOCKED),
    "made.pending": gives(Outcome.PENDING),
    "made.error": gives(Outcome.ERROR, flags=(Flag(code="not_graded", message="disk full"),)),
    "made.broken": check_that(breaks),
    "made.generous": gives(Outcome.PASS, 7),
}


def criterion(name: str, check: str, points: Any = 1, **more: Any) -> dict[str, Any]:
    given_: dict[str, Any] = {"id": name, "points": str(points), "check": f"made.{check}"}
    return {**given_, "source": "the handout", **more}


def grade(
    *criteria: dict[str, Any],
    evidence: EvidenceSet | None = None,
    submission: Any = None,
    rubric_changes: Any = None,
    **more: Any,
) -> Scorecard:
    total = sum((Fraction(c["points"]) for c in criteria if not c.get("bonus")), Fraction(0))
    task = {"id": "q", "title": "Q", "points": str(total), "criterion": list(criteria)}
    rubric = a_rubric(**{"task": [task], **(rubric_changes or {})})
    given_: dict[str, Any] = {
        "params": {name: Nothing() for name in rubric.criteria()},
        "rubric_digest": DIGEST,
        "sandbox": "bubblewrap",
        "self_check": False,
        "checks": CHECKS,
    }
    given_ |= more
    return score(
        submission or a_submission(),
        rubric,
        evidence=evidence or EvidenceSet(),
        truth=a_truth(),
        **given_,
    )


def decide(points: Any, name: str = "q/a", **more: Any) -> Decision:
    given_: dict[str, Any] = {
        "assignment": "digits",
        "submission": "team-a",
        "criterion": name,
        "points": points,
        "decided_by": "ta",
        "decided_at": "2024-03-01T10:00:00+01:00",
    }
    return Decision(**{**given_, **more})


def codes(card: Scorecard) -> list[str]:
    return [flag.code for flag in card.flags]


class TestPoints:
    def test_they_are_exact(self) -> None:
        thirds = [criterion(f"c{i}", "third", "0.1") for i in range(3)]
        card = grade(*thirds)
        assert card.points == Fraction(1, 10)
        assert card.tasks[0].points == Fraction(1, 10)
        assert card.status is Status.FINAL

    def test_pending_and_error_stay_open_and_provisional(self) -> None:
        card = grade(
            criterion("a", "pass", 2),
            criterion("b", "pending", 3),
            criterion("c", "error", 4),
            criterion("d", "fail", 5),
            criterion("e", "blocked", 6),
        )
        assert (card.points, card.pending_points, card.max_points) == (2, 7, 20)
        assert card.status is Status.PROVISIONAL
        assert Flag(code="not_graded", message="q/c: disk full") in card.flags

    def test_what_carries_no_points_keeps_nothing_open(self) -> None:
        told = grade(criterion("a", "pass", 2), criterion("b", "pending", 0))
        assert told.status is Status.FINAL
        assert grade(criterion("a", "pass", 2), criterion("b", "error", 0)).status is (
            Status.PROVISIONAL
        )

    def test_bonus_comes_on_top(self) -> None:
        card = grade(criterion("a", "pass", 2), criterion("b", "third", 3, bonus=True))
        assert (card.points, card.bonus, card.max_points) == (3, 1, 2)

    def test_a_check_cannot_give_more_than_there_is(self) -> None:
        assert grade(criterion("a", "generous", 2)).points == 2

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["pass", "third", "fail", "blocked", "pending", "error", "broken"]),
                st.fractions(0, 10, max_denominator=60),
                st.booleans(),
            ),
            min_size=1,
            max_size=8,
        )
    )
    def test_sums_hold_for_any_rubric(self, drawn: list[tuple[str, Fraction, bool]]) -> None:
        entries = [
            criterion(f"c{index}", check, points, bonus=bonus)
            for index, (check, points, bonus) in enumerate(drawn)
        ]
        card = grade(*entries)
        share = {"pass": Fraction(1), "third": Fraction(1, 3)}
        worth = [share.get(check, Fraction(0)) * points for check, points, _ in drawn]
        assert card.points == sum(worth)
        assert card.bonus == sum(w for w, (_, _, bonus) in zip(worth, drawn, strict=True) if bonus)
        assert 0 <= card.points <= card.max_points + sum(p for _, p, bonus in drawn if bonus)
        open_ = {"pending", "error", "broken"}
        assert card.pending_points == sum(p for check, p, _ in drawn if check in open_)
        settled = not any(check in open_ and (check != "pending" or p) for check, p, _ in drawn)
        assert (card.status is Status.FINAL) == settled
        assert Scorecard.model_validate_json(card.model_dump_json(by_alias=True)) == card


class TestFaultsOfOurs:
    def test_a_check_that_breaks_is_an_error_and_never_a_zero(self) -> None:
        card = grade(criterion("a", "broken", 2), criterion("b", "pass"))
        broken = card.criterion("q/a")
        assert broken.outcome is Outcome.ERROR
        assert "not your fault" in broken.result.message
        assert (card.points, card.pending_points) == (1, 2)
        (flag,) = [flag for flag in card.flags if flag.code == "not_graded"]
        assert "q/a" in flag.message
        assert "IndexError: list index out of range" in flag.message

    def test_an_unknown_check_and_lost_parameters_are_errors(self) -> None:
        card = grade(criterion("a", "nonsense"))
        assert card.criterion("q/a").outcome is Outcome.ERROR
        card = grade(criterion("a", "pass"), params={})
        assert card.criterion("q/a").outcome is Outcome.ERROR


class TestRequires:
    def test_what_builds_on_nothing_is_blocked_and_says_on_what(self) -> None:
        card = grade(
            criterion("b", "pass", requires=["q/a"]), criterion("a", "fail", title="The net loads")
        )
        blocked = card.criterion("q/b")
        assert blocked.outcome is Outcome.BLOCKED
        assert blocked.result.message == (
            "Not graded, because it builds on 'The net loads', which earned no points."
        )
        assert blocked.result.hint == "Mend that first: said"
        assert blocked.result.builds_on == "q/a"

    def test_a_chain_names_its_root_and_says_it_once(self) -> None:
        card = grade(
            criterion("a", "fail", title="The net is there"),
            criterion("b", "pass", title="The net loads", requires=["q/a"]),
            criterion("c", "pass", title="The net is good", requires=["q/b"]),
        )
        last = card.criterion("q/c").result
        assert last.message == (
            "Not graded, because it builds on 'The net is there', which earned no points."
        )
        assert last.hint == "Mend that first: said"
        assert last.builds_on == "q/a"

    def test_what_carries_no_points_is_not_said_to_have_earned_none(self) -> None:
        card = grade(criterion("a", "fail", 0), criterion("b", "pass", requires=["q/a"]))
        assert "which is not reached yet." in card.criterion("q/b").result.message

    @pytest.mark.parametrize("before", ["pass", "third", "pending", "error"])
    def test_what_earned_something_or_is_open_blocks_nothing(self, before: str) -> None:
        card = grade(criterion("a", before), criterion("b", "pass", requires=["q/a"]))
        assert card.criterion("q/b").outcome is Outcome.PASS

    def test_a_decision_on_the_earlier_one_unblocks(self) -> None:
        entries = [criterion("a", "fail"), criterion("b", "pass", requires=["q/a"])]
        card = grade(*entries, decisions=[decide(1)])
        assert card.criterion("q/b").outcome is Outcome.PASS

    def test_circles_and_unknown_names_are_our_fault(self) -> None:
        card = grade(
            criterion("a", "pass", requires=["q/b"]), criterion("b", "pass", requires=["q/a"])
        )
        assert [c.outcome for c in card.tasks[0].criteria] == [Outcome.ERROR, Outcome.ERROR]
        card = grade(criterion("a", "pass", requires=["q/zzz"]))
        assert card.criterion("q/a").outcome is Outcome.ERROR


class TestDecisions:
    @pytest.mark.parametrize(
        ("points", "outcome", "given_"),
        [
            (2, Outcome.PASS, 2),
            ("1/2", Outcome.PARTIAL, Fraction(1, 2)),
            (0, Outcome.FAIL, 0),
            (9, Outcome.PASS, 2),
            (-1, Outcome.FAIL, 0),
        ],
    )
    @pytest.mark.parametrize("check", ["pass", "fail", "blocked", "pending", "error", "broken"])
    def test_a_person_overrides_any_outcome_within_the_points(
        self, check: str, points: Any, outcome: Outcome, given_: Any
    ) -> None:
        card = grade(criterion("a", check, 2), decisions=[decide(points, comment="seen")])
        decided = card.criterion("q/a")
        assert (decided.outcome, decided.points) == (outcome, given_)
        assert (card.points, card.pending_points) == (given_, 0)
        assert card.status is Status.FINAL
        assert decided.decision is not None
        assert decided.decision.comment == "seen"
        assert "not_graded" not in codes(card)
        assert ("decision_limited" in codes(card)) == (points in (9, -1))

    def test_the_last_one_counts_whatever_the_order_or_zone(self) -> None:
        early = decide(1, decided_at="2024-03-01T10:30:00+02:00")
        late = decide(2, decided_at="2024-03-01T09:00:00+00:00")
        for order in ([early, late], [late, early]):
            assert grade(criterion("a", "fail", 2), decisions=order).points == 2

    def test_those_about_others_are_passed_over(self) -> None:
        others = [decide(1, submission="team-b"), decide(1, assignment="hw2")]
        assert grade(criterion("a", "fail"), decisions=others).points == 0

    def test_one_about_a_criterion_that_is_gone_is_flagged(self) -> None:
        card = grade(criterion("a", "pass"), decisions=[decide(1, "q/gone")])
        assert "decision_without_criterion" in codes(card)


class TestFlagsAndRemarks:
    def test_team_size_files_notes_and_self_check(self) -> None:
        submission = a_submission(
            "main.py", student_ids=("1", "2", "3"), notes=("a link was left out",)
        )
        card = grade(
            criterion("a", "pass"),
            submission=submission,
            self_check=True,
            flags=[Flag(code="first", message="noticed before")],
        )
        assert [(flag.code, flag.message) for flag in card.flags] == [
            ("first", "noticed before"),
            (
                "self_check",
                (
                    "A self-check on a student's own machine, without isolation: not an official "
                    "grade."
                ),
            ),
            ("team_size", "3 students handed in together; 1 to 2 may."),
            ("files_missing", "Required files are missing: 'HW1_1_2_3.ipynb'."),
            ("intake", "a link was left out"),
        ]
        assert card.provenance.self_check

    def test_unknown_students_are_flagged(self) -> None:
        card = grade(criterion("a", "pass"), submission=a_submission(student_ids=()))
        assert "no_student_ids" in codes(card)

    def test_runs_that_ended_early_are_flagged(self) -> None:
        attempts = [
            an_attempt(exit_reason=ExitReason.MEMORY, detail="4 GiB"),
            an_attempt(number=2, environment={"torch": "2.4"}),
        ]
        card = grade(criterion("a", "pass"), attempts=attempts)
        assert Flag(
            code="run_memory", message="Run 1 ended early: it needed too much memory (4 GiB)."
        ) in (card.flags)
        assert card.provenance.environment == {"torch": "2.4"}
        assert len(card.attempts) == 2

    def test_equal_flags_are_said_once(self) -> None:
        same = Flag(code="x", message="y")
        assert codes(grade(criterion("a", "pass"), flags=[same, same])) == ["x"]

    def test_remarks_are_merged_once_and_in_the_files_order(self) -> None:
        facts = SourceFacts(files=(), imports=(), frameworks=(), placeholders=())
        late = Remark(code="a", message="m", place=Place(file="hw.ipynb", cell=9))
        early = Remark(code="z", message="m", place=Place(file="hw.ipynb", cell=2, line=4))
        general = Remark(code="k", message="no place")
        pieces = [
            measured(ProbeRequest(probe="inspect_source"), facts, (late, general)),
            measured(ProbeRequest(probe="bind_roles"), facts, (early, late)),
        ]
        for order in (pieces, pieces[::-1]):
            card = grade(criterion("a", "pass"), evidence=EvidenceSet.of(*order))
            assert card.remarks == (general, early, late)

    def test_the_scorecard_says_what_it_rests_on(self) -> None:
        request = ProbeRequest(probe="execute")
        card = grade(criterion("a", "pass"), evidence=EvidenceSet.of(our_fault(request)))
        assert card.provenance.evidence == {request.digest: "harness"}
        assert card.provenance.submission_digest == a_submission().digest


def test_equal_arguments_give_equal_scorecards_bit_for_bit() -> None:
    entries = [criterion("a", "third"), criterion("b", "broken"), criterion("c", "pending")]
    assert grade(*entries).model_dump_json() == grade(*entries).model_dump_json()


class TestTasksLeftOut:
    """Tasks that wait for a mark, and starred ones that nobody handed in."""

    def rubric(self, *, feedback_only: bool = False, **task: Any) -> Any:
        points = 0 if feedback_only else 1
        criterion = {"id": "a", "points": points, "check": "made.up", "source": "Do it."}
        one = {"id": "1", "title": "Structure", "points": points, "criterion": [criterion]}
        other = {**one, "id": "2", "title": "Speed", **task}
        assignment = {"id": "digits", "title": "Digits", "feedback_only": feedback_only}
        return a_rubric(assignment=assignment, task=[one, other])

    def graded(self, rubric: Any, check: Check[Any], *headings: str, **more: Any) -> Scorecard:
        texts = tuple(
            Text(place=Place(file="hw.ipynb", cell=i), kind="markdown", text=f"## {heading}\nx")
            for i, heading in enumerate(headings)
        )
        evidence = EvidenceSet.of(measured(read_documents(), Documents(texts=texts)))
        return score(
            a_submission(),
            rubric,
            {"1/a": Nothing(), "2/a": Nothing()},
            evidence,
            a_truth(),
            rubric_digest=DIGEST,
            sandbox="bubblewrap",
            self_check=False,
            checks={"made.up": check},
            **more,
        )

    MARKED = r"^X\s*2\."

    def test_an_unmarked_task_is_left_out_with_a_remark(self) -> None:
        card = self.graded(self.rubric(marked=self.MARKED), gives(Outcome.PASS, 1), "2. Speed")
        assert [task.id for task in card.tasks] == ["1"]
        assert (card.points, card.max_points) == (1, 1)
        assert card.remarks[0].code == "task.unmarked"
        assert "'Speed'" in card.remarks[0].message

    def test_a_marked_one_is_looked_at(self) -> None:
        card = self.graded(self.rubric(marked=self.MARKED), gives(Outcome.PASS, 1), "X 2. Speed")
        assert [task.id for task in card.tasks] == ["1", "2"]
        assert card.remarks == ()

    def test_a_mark_below_another_parts_heading_is_another_tasks(self) -> None:
        rubric = self.rubric(marked=self.MARKED, elsewhere="^Theory")
        other = self.graded(rubric, gives(Outcome.PASS, 1), "Theory\n### X 2. Loss")
        assert [task.id for task in other.tasks] == ["1"]
        own = self.graded(rubric, gives(Outcome.PASS, 1), "Theory\n### X 1.", "Code\n### X 2. Loss")
        assert [task.id for task in own.tasks] == ["1", "2"]

    def test_without_documents_everything_is_looked_at(self) -> None:
        rubric = self.rubric(marked=self.MARKED)
        card = score(
            a_submission(),
            rubric,
            {"1/a": Nothing(), "2/a": Nothing()},
            EvidenceSet(),
            a_truth(),
            rubric_digest=DIGEST,
            sandbox="bubblewrap",
            self_check=False,
            checks={"made.up": gives(Outcome.PASS, 1)},
        )
        assert [task.id for task in card.tasks] == ["1", "2"]

    def test_an_optional_task_that_is_not_there_costs_nothing(self) -> None:
        card = self.graded(self.rubric(optional=True), gives(Outcome.FAIL))
        assert [task.id for task in card.tasks] == ["1"]
        assert card.max_points == 1
        assert card.remarks[0].code == "task.not_handed_in"

    @pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.PENDING])
    def test_our_error_or_an_open_question_keeps_it(self, outcome: Outcome) -> None:
        card = self.graded(self.rubric(optional=True), gives(outcome))
        assert [task.id for task in card.tasks] == ["1", "2"]

    def test_what_was_handed_in_and_fails_is_told(self) -> None:
        request = describe_module(a_rubric(), "cnn", "any")
        check = Check("made.up", Nothing, lambda _p, _r: (request,), gives(Outcome.FAIL).judge)
        rubric = self.rubric(optional=True)
        there = EvidenceSet.of(student_fault(request))
        card = score(
            a_submission(),
            rubric,
            {"1/a": Nothing(), "2/a": Nothing()},
            there,
            a_truth(),
            rubric_digest=DIGEST,
            sandbox="bubblewrap",
            self_check=False,
            checks={"made.up": check},
        )
        assert [task.id for task in card.tasks] == ["1", "2"]

    def test_a_persons_decision_keeps_it(self) -> None:
        decision = Decision(
            assignment="digits",
            submission="team-a",
            criterion="2/a",
            points=Fraction(1),
            decided_by="ta",
            decided_at="2024-01-01T00:00:00+00:00",
        )
        card = self.graded(
            self.rubric(optional=True, marked=self.MARKED),
            gives(Outcome.FAIL),
            decisions=(decision,),
        )
        assert [task.id for task in card.tasks] == ["1", "2"]

    def test_feedback_only_is_said(self) -> None:
        card = self.graded(self.rubric(feedback_only=True), gives(Outcome.FAIL))
        assert card.feedback_only
        assert (card.points, card.max_points) == (0, 0)
        assert not self.graded(self.rubric(), gives(Outcome.FAIL)).feedback_only


@pytest.mark.parametrize(
    ("message", "without"),
    [
        ("It fits. This earns half of the points.", "It fits."),
        ("9 of 10 ran; this earns 33.3% of the points.", "9 of 10 ran."),
        ("By another. That earns full points. A person looks.", "By another. A person looks."),
        ("0.5 of 1. This earns full points: at least 0.65 was asked for.", "0.5 of 1."),
        ("Nothing about it.", "Nothing about it."),
    ],
)
def test_feedback_speaks_of_no_points(message: str, without: str) -> None:
    assert without_points(message) == without
