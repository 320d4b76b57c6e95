"""pretraining.used, where a run tells with which numbers nets began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.checks.requests import execute, scan_apis
from grader.model.evidence import Place
from grader.model.journal import StartSeen
from grader.model.outcome import Outcome
from tests.made_up import a_rubric, a_seen, judged, measured, student_fault
from tests.unit.checks.test_notebook import run
from tests.unit.checks.test_pretrained import uses

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult

PLACE = Place(file="hw.ipynb", cell=3, line=2)
NAMES = ("torch.nn.Module.load_state_dict", "copy.deepcopy")
USED = ((NAMES[0], "net.load_state_dict(kept)"),)
FIRST = StartSeen(place=PLACE, net="Coder", fresh=((128, 784), (784, 128)))
NEW = StartSeen(place=PLACE, net="MLP", fresh=((128, 784), (5, 10)))
COPY = StartSeen(
    place=PLACE, net="MLP", trained=((128, 784),), fresh=((5, 10),), sources=("Coder",)
)


def graded(*starts: StartSeen, used: Any = USED, more: Any = None, **params: Any) -> CheckResult:
    execution = measured(execute(a_rubric()), run(starts=starts, **(more or {})))
    seen = a_seen(measured(scan_apis(NAMES), uses(*used)), execution)
    return judged("pretraining.used", {"names": list(NAMES), **params}, seen)


def test_a_net_that_begins_with_trained_numbers() -> None:
    result = graded(FIRST, NEW, COPY)
    assert result.outcome is Outcome.PASS
    assert result.message == "1 net of your run began with the trained weights of Coder."
    assert graded(FIRST, COPY, used=()).outcome is Outcome.PASS
    assert graded(FIRST, COPY, NEW, at_least=2).outcome is Outcome.FAIL


def test_only_a_copy_of_the_shape_asked_for_counts() -> None:
    other = StartSeen(place=PLACE, net="CNN", trained=((6, 1, 5, 5),), sources=("CNN",))
    starts = (FIRST, NEW, other)
    assert graded(*starts).outcome is Outcome.PASS
    assert graded(*starts, shape=[128, 784]).outcome is Outcome.FAIL
    assert graded(*starts, COPY, shape=[128, 784]).outcome is Outcome.PASS


def test_a_call_that_copies_what_was_never_trained_earns_nothing() -> None:
    assert "2 nets began with new ones" in graded(FIRST, NEW).message
    assert graded(FIRST, NEW).outcome is Outcome.FAIL
    assert graded(FIRST, used=()).outcome is Outcome.FAIL
    assert graded(used=()).outcome is Outcome.FAIL


def test_what_cannot_be_told_waits_for_a_person() -> None:
    assert graded().outcome is Outcome.PENDING
    assert graded(FIRST).outcome is Outcome.PENDING
    for more in ({"unclear": ((128, 784),)}, {"own": ((128, 784),)}):
        start = StartSeen.model_validate({"place": PLACE, "net": "MLP", **more})
        assert graded(FIRST, NEW, start).outcome is Outcome.PENDING
        assert graded(FIRST, start, used=()).outcome is Outcome.PENDING
        assert graded(FIRST, NEW, start, shape=[5, 5]).outcome is Outcome.PENDING
    nameless = StartSeen(place=PLACE, fresh=((5, 10),))
    assert graded(FIRST, NEW, nameless).outcome is Outcome.PENDING


def test_a_run_that_came_to_nothing() -> None:
    cut = {"finished": False, "ended_by": "wall_clock"}
    assert graded(FIRST, NEW, more=cut).outcome is Outcome.ERROR
    assert graded(FIRST, COPY, more=cut).outcome is Outcome.PASS
    for used, outcome in ((USED, Outcome.PENDING), ((), Outcome.FAIL)):
        killed = student_fault(execute(a_rubric()), "memory", "")
        seen = a_seen(measured(scan_apis(NAMES), uses(*used)), killed)
        assert judged("pretraining.used", {"names": list(NAMES)}, seen).outcome is outcome
