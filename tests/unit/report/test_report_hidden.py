"""Nothing of a criterion that a student may not see reaches anything made for that student."""

import base64
import io
import json
from fractions import Fraction

import pytest
from rich.console import Console

from grader.model.evidence import Place, Remark
from grader.model.outcome import Outcome, Visibility
from grader.model.scorecard import (
    Baseline,
    ConfusionMatrix,
    Curves,
    Decision,
    FigureShown,
    Flag,
    Interval,
    Series,
)
from grader.report import EXPORTERS, Audience
from grader.report.audience import view
from grader.report.charts.picture import png
from grader.report.contents import prepare
from grader.report.github import summary
from grader.report.terminal import submission_summary
from tests.unit.report import klass

MARK = "zqxmarker"
NUMBERS = ("0.7391", "0.8642", "0.5917", "0.1739", "321.09", "654.2")
"""Written nowhere else: of the hidden criterion's measurement and points."""
SEEN_BY = {
    Visibility.VISIBLE: set(Audience),
    Visibility.AFTER_DUE_DATE: set(Audience) - {Audience.STUDENT_NOW},
    Visibility.AFTER_PUBLISHED: {Audience.STUDENT_AFTER_PUBLISHED, Audience.STAFF},
    Visibility.HIDDEN: {Audience.STAFF},
}
CASES = [
    (visibility, audience)
    for visibility in Visibility
    if visibility is not Visibility.VISIBLE
    for audience in Audience
]


def hidden_result(outcome):
    figure = FigureShown(title=MARK, sha256=klass.PICTURE[0], height=120, width=200)
    matrix = ConfusionMatrix(title=MARK, labels=(MARK,), counts=((1,),))
    series = (Series(label=MARK, x=(0.0, 1.0), y=(1.0, 2.0)),)
    curves = Curves(title=MARK, x_label=MARK, y_label=MARK, series=series)
    return klass.result(
        outcome,
        Fraction(1, 2) if outcome is Outcome.PARTIAL else 0,
        f"{MARK} message",
        expected=f"{MARK} expected",
        hint=f"{MARK} hint",
        measured=0.7391,
        threshold=0.8642,
        unit=MARK,
        interval=Interval(low=0.5917, high=0.9),
        baseline=Baseline(mean=0.1739, spread=0.01, seeds=3, source=MARK),
        places=(Place(file=MARK, cell=1, line=2),),
        bound_by=MARK,
        flags=(
            Flag(code=MARK, message=f"{MARK} flag"),
            Flag(code="near_threshold", message=f"{MARK} near"),
        ),
        exhibits=(figure, matrix, curves),
    )


def card_with(visibility, outcome=Outcome.PARTIAL, *, decided=False):
    decision = Decision(
        assignment="a",
        submission="s",
        criterion=f"2/{MARK}",
        points=Fraction("321.09"),
        comment=MARK,
        decided_by=MARK,
        decided_at=MARK,
    )
    hidden = klass.criterion(
        MARK,
        f"{MARK} title",
        Fraction("642.18"),
        f"{MARK}.check",
        hidden_result(outcome),
        source=MARK,
        visibility=visibility,
        decision=decision if decided else None,
    )
    blocked = klass.criterion(
        "after",
        "What comes after",
        1,
        "a.check",
        klass.result(
            Outcome.BLOCKED,
            0,
            f"Not graded, because it builds on '{MARK} title', which earned no points.",
            hint=f"Mend that first: {MARK} message",
            builds_on=f"2/{MARK}",
        ),
    )
    shown = klass.criterion(
        "shown",
        "What is shown",
        "12.02",
        "a.check",
        klass.result(
            Outcome.FAIL,
            0,
            "It is not right.",
            flags=(Flag(code="suspicion", message=f"{MARK} suspicion"),),
        ),
    )
    alone = klass.task(f"{MARK}3", MARK, hidden.model_copy(update={"id": f"{MARK}2"}))
    tasks = (klass.task("1", "First", shown, blocked), klass.task("2", "Second", hidden), alone)
    plain = klass.scorecard("s", "the team", tasks)
    attempt = klass.attempt().model_copy(update={"probes": (MARK,), "detail": MARK})
    return plain.model_copy(
        update={
            "flags": (*plain.flags, Flag(code="not_graded", message=f"2/{MARK}: {MARK}")),
            "remarks": (
                *klass.REMARKS,
                Remark(code=f"{MARK}.code", message=MARK, place=Place(file=MARK)),
                Remark(code="predict.slow", message=f"{MARK} was slow"),
            ),
            "attempts": (attempt,),
            "provenance": plain.provenance.model_copy(update={"evidence": {"cd" * 32: MARK}}),
        }
    )


def everything_for(card, audience):
    contents = prepare((card,), (), pixels=klass.pixels, audience=audience, overview=audience)
    texts = {path: data.decode() for name in EXPORTERS for path, data in EXPORTERS[name](contents)}
    console = Console(file=io.StringIO(), width=300)
    console.print(submission_summary(card, audience))
    texts["terminal"] = console.file.getvalue()
    texts["github"] = summary((card,), audience=audience)
    return texts


@pytest.mark.parametrize(("visibility", "audience"), CASES)
@pytest.mark.parametrize("outcome", [Outcome.PARTIAL, Outcome.FAIL, Outcome.PENDING, Outcome.ERROR])
def test_nothing_of_a_hidden_criterion_is_anywhere(visibility, audience, outcome):
    for decided in (False, True):
        card = card_with(visibility, outcome, decided=decided)
        for where, text in everything_for(card, audience).items():
            if audience in SEEN_BY[visibility]:
                assert MARK in text or where == "grades.csv", where
                continue
            assert MARK not in text, where
            for number in NUMBERS:
                assert number not in text, (where, number)
            picture = base64.b64encode(png(*klass.PICTURE[1:])).decode()
            assert picture[:200] not in text, where
            assert klass.PICTURE[0] not in text, where


def test_a_staff_page_shows_the_numbers_that_the_test_above_looks_for():
    texts = everything_for(card_with(Visibility.HIDDEN, decided=True), Audience.STAFF)
    for number in NUMBERS[:5]:
        assert any(number in text for text in texts.values()), number


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.FAIL, Outcome.PENDING, Outcome.ERROR])
def test_a_page_does_not_depend_on_how_a_hidden_criterion_went(outcome):
    """Not by sorting, totals, status, counts, or anything else."""
    texts = []
    for index in (outcome, Outcome.PARTIAL):
        card = card_with(Visibility.HIDDEN, index)
        texts.append(everything_for(card, Audience.STUDENT_NOW))
    assert texts[0] == texts[1]


def test_a_filtered_page_shows_no_total_and_says_that_more_counts():
    card = card_with(Visibility.HIDDEN)
    seen = view(card, Audience.STUDENT_NOW)
    assert not seen.whole
    assert seen.scorecard.points == 0
    assert seen.scorecard.max_points == Fraction("13.02")
    page = everything_for(card, Audience.STUDENT_NOW)["feedback/s.html"]
    assert "More criteria count towards the grade" in page
    assert "of 13.02 points of the criteria shown here" in page


def test_a_student_who_sees_everything_sees_the_total_and_no_staff_flags():
    card = card_with(Visibility.VISIBLE)
    seen = view(card, Audience.STUDENT_NOW)
    assert seen.whole
    assert seen.scorecard.points == card.points
    assert seen.scorecard.flags == ()
    flags = [f.code for t in seen.scorecard.tasks for c in t.criteria for f in c.result.flags]
    assert set(flags) == {"near_threshold"}


@pytest.mark.parametrize("visibility", [Visibility.VISIBLE, Visibility.HIDDEN])
def test_a_self_check_says_so_to_everyone(visibility):
    card = card_with(visibility)
    marked = card.model_copy(update={"flags": (*card.flags, Flag(code="self_check", message="It"))})
    assert [f.code for f in view(marked, Audience.STUDENT_NOW).scorecard.flags] == ["self_check"]
    assert "self_check" in everything_for(marked, Audience.STUDENT_NOW)["grades.csv"]


def test_remarks_about_the_students_own_code_stay_when_criteria_are_hidden():
    seen = view(card_with(Visibility.HIDDEN), Audience.STUDENT_NOW)
    codes = {remark.code for remark in seen.scorecard.remarks}
    assert codes == {"shim.cuda", "compat.np_float"}


def test_a_blocked_criterion_keeps_its_message_when_nothing_hidden_is_in_it():
    card = klass.one(4)
    seen = view(card, Audience.STUDENT_NOW)
    blocked = seen.scorecard.criterion("2.2/cnn_error").result.message
    assert blocked == "This rests on 2.1/classify, which did not work."


def test_the_overview_for_the_staff_is_whole_whomever_the_feedback_is_for():
    card = card_with(Visibility.HIDDEN)
    contents = prepare(
        (card,),
        (),
        pixels=klass.pixels,
        audience=Audience.STUDENT_NOW,
        overview=Audience.STAFF,
    )
    ((_, data),) = EXPORTERS["json"](contents)
    assert json.loads(data)["submissions"][0]["points"] == 642.18
    ((_, page),) = EXPORTERS["feedback"](contents)
    assert MARK not in page.decode()
