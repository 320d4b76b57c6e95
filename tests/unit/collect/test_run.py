import json

import pytest

from grader.collect.ends import DOUBTED_AT_MOST
from grader.collect.run import ATTEMPTS_AT_MOST
from grader.errors import HarnessError
from grader.model.evidence import ProbeRequest
from grader.model.outcome import ExitReason
from grader.model.rubric import Budget
from tests.unit.collect.conftest import CLAIMS, RUN, SOURCE
from tests.unit.collect.fake import FakeSandbox, fault, measured, unbound

FACTS = {
    "files": [],
    "imports": [],
    "frameworks": [],
    "placeholders": [],
}
EXECUTION = {
    "entry": "main.py",
    "cells": [],
    "finished": True,
    "ended_by": "end",
    "optimizer_steps": 3,
    "budget_ended_training": False,
    "losses": [],
    "figures": [],
    "stubbed_packages": [],
}
ALIVE = {
    "binding": {"role": "mlp", "how": "alive"},
    "class_name": "Net",
    "layers": [],
    "parameters": 1,
    "trainable": 1,
    "buffers": 0,
    "saved": [],
    "missing_keys": [],
    "unexpected_keys": [],
}
PAYLOADS = {"inspect_source": FACTS, "find_claims": {"claims": []}, "execute": EXECUTION}


def well(request):
    return measured(PAYLOADS[request["probe"]])


def test_every_probe_is_measured_once_in_one_box(make_collector, submission):
    sandbox = FakeSandbox(well)
    collected = make_collector(SOURCE, CLAIMS, RUN).collect(submission, lambda: sandbox)
    assert [e.state for e in collected.evidence.values()] == ["measured"] * 3
    assert len(sandbox.boxes) == 1
    assert collected.attempts[0].probes == ("inspect_source", "find_claims", "execute")
    assert collected.attempts[0].exit_reason is ExitReason.OK


def test_what_is_stored_is_not_measured_again(make_collector, submission):
    make_collector(SOURCE, CLAIMS).collect(submission, lambda: FakeSandbox(well))
    again = FakeSandbox(well)
    collected = make_collector(SOURCE, CLAIMS).collect(submission, lambda: again)
    assert again.boxes == []
    assert collected.reused
    assert len(collected.attempts) == 1


def test_a_new_request_runs_alone(make_collector, submission):
    make_collector(SOURCE).collect(submission, lambda: FakeSandbox(well))
    sandbox = FakeSandbox(well)
    collected = make_collector(SOURCE, CLAIMS).collect(submission, lambda: sandbox)
    assert sandbox.boxes[0].asked == [("find_claims", "")]
    assert [a.probes for a in collected.attempts] == [("inspect_source",), ("find_claims",)]


def test_fresh_measures_everything_again(make_collector, submission):
    make_collector(SOURCE).collect(submission, lambda: FakeSandbox(well))
    sandbox = FakeSandbox(well)
    make_collector(SOURCE, fresh=True).collect(submission, lambda: sandbox)
    assert len(sandbox.boxes) == 1


def test_a_killed_run_leaves_its_evidence_and_the_next_one_ends_the_same(
    make_collector, submission, store
):
    class Killed(BaseException):
        pass

    def killed(_submission, probe):
        if probe == "find_claims":
            raise Killed

    with pytest.raises(Killed):
        make_collector(SOURCE, CLAIMS, RUN, on_probe=killed).collect(
            submission, lambda: FakeSandbox(well)
        )
    assert store.load(submission, SOURCE) is not None
    resumed_sandbox = FakeSandbox(well)
    resumed = make_collector(SOURCE, CLAIMS, RUN).collect(submission, lambda: resumed_sandbox)
    assert resumed_sandbox.boxes[0].asked == [("find_claims", ""), ("execute", "")]
    assert [a.number for a in resumed.attempts] == [1]
    assert resumed.attempts[0].probes == ("inspect_source", "find_claims", "execute")


def test_a_box_that_dies_costs_one_probe(make_collector, submission):
    def dies(request):
        return "die" if request["probe"] == "find_claims" else well(request)

    sandbox = FakeSandbox(dies)
    collected = make_collector(SOURCE, CLAIMS, RUN).collect(submission, lambda: sandbox)
    found = collected.evidence.get_for(CLAIMS)
    assert found.state == "student_fault"
    assert found.exit_reason is ExitReason.KILLED
    assert collected.evidence.get_for(RUN).state == "measured"
    assert len(sandbox.boxes) == 3  # the one that died, the same again to be sure, the rest


def test_a_box_that_somebody_ends_costs_nothing(make_collector, submission):
    deaths = iter(["die"])

    def dies_once(request):
        return (request["probe"] == "find_claims" and next(deaths, None)) or well(request)

    sandbox = FakeSandbox(dies_once)
    collected = make_collector(SOURCE, CLAIMS, RUN).collect(submission, lambda: sandbox)
    assert [e.state for e in collected.evidence.values()] == ["measured"] * 3
    assert [a.exit_reason for a in collected.attempts] == [ExitReason.KILLED, ExitReason.OK]
    assert "measured again" in collected.attempts[0].detail


def test_a_submission_that_ends_its_boxes_gets_few_more_than_others(make_collector, submission):
    requests = [
        ProbeRequest(probe="find_claims", params={"name": str(n), "patterns": [], "files": []})
        for n in range(ATTEMPTS_AT_MOST * 3)
    ]
    seen = set()

    def every_other_time(request):
        name = request["params"]["name"]
        return well(request) if name in seen else (seen.add(name) or "die")

    sandbox = FakeSandbox(every_other_time)
    collected = make_collector(*requests).collect(submission, lambda: sandbox)
    assert len(sandbox.boxes) == ATTEMPTS_AT_MOST + DOUBTED_AT_MOST
    assert collected.evidence.get_for(requests[-1]).fault.kind == "not_reached"


def test_the_host_clock_ends_a_probe(make_collector, submission, store):
    collector = make_collector(SOURCE, CLAIMS)
    collector.budget = Budget(probe_seconds=0.3)
    sandbox = FakeSandbox(lambda r: "hang" if r["probe"] == "inspect_source" else well(r))
    collected = collector.collect(submission, lambda: sandbox)
    found = collected.evidence.get_for(SOURCE)
    assert found.exit_reason is ExitReason.TIMEOUT
    assert "0.3 s" in found.fault.message
    assert collected.evidence.get_for(CLAIMS).state == "measured"
    assert store.load(submission, SOURCE).exit_reason is ExitReason.TIMEOUT


def test_a_box_whose_time_is_over_is_killed_before_it_is_closed(make_collector, submission):
    """Closing waits for a worker that may be about to end: this one would be waited for again."""
    collector = make_collector(SOURCE)
    collector.budget = Budget(probe_seconds=0.3)
    sandbox = FakeSandbox(lambda _r: "hang")
    killed = []
    opened = sandbox.open

    def open_box(slot, limits):
        box = opened(slot, limits)
        close = box.close

        def closing():
            killed.append(box.killed.is_set())
            return close()

        box.close = closing
        return box

    sandbox.open = open_box
    collector.collect(submission, lambda: sandbox)
    assert killed == [True]


def test_a_submission_that_ends_every_box_is_given_up_and_stays_so(make_collector, submission):
    requests = [
        ProbeRequest(probe="find_claims", params={"name": str(n), "patterns": [], "files": []})
        for n in range(ATTEMPTS_AT_MOST + 2)
    ]
    collector = make_collector(*requests)
    collector.budget = Budget(probe_seconds=0.1)
    sandbox = FakeSandbox(lambda _r: "hang")
    collected = collector.collect(submission, lambda: sandbox)
    assert len(sandbox.boxes) == ATTEMPTS_AT_MOST
    states = [collected.evidence.get_for(r) for r in requests]
    assert {e.state for e in states} == {"student_fault"}
    assert [e.fault.kind for e in states[-2:]] == ["not_reached"] * 2
    assert "6 boxes" in states[-1].fault.message
    again = FakeSandbox(well)
    collector.collect(submission, lambda: again)
    assert again.boxes == []


def test_a_memory_limit_is_named(make_collector, submission):
    sandbox = FakeSandbox(lambda _r: "hang", limit=ExitReason.MEMORY)
    collected = make_collector(SOURCE).collect(submission, lambda: sandbox)
    # the limit is seen before the worker even says it is ready: nothing was measured
    assert collected.evidence.get_for(SOURCE).state == "harness"


def test_the_students_exception_is_evidence(make_collector, submission):
    sandbox = FakeSandbox(lambda _r: fault("ValueError", "shapes differ"))
    collected = make_collector(SOURCE).collect(submission, lambda: sandbox)
    assert collected.evidence.get_for(SOURCE).fault.kind == "ValueError"


def test_evidence_that_does_not_fit_is_ours_and_is_not_kept(make_collector, submission, store):
    sandbox = FakeSandbox(lambda _r: measured({"surprise": 1}))
    collected = make_collector(SOURCE).collect(submission, lambda: sandbox)
    assert collected.evidence.get_for(SOURCE).state == "harness"
    assert store.load(submission, SOURCE) is None


def test_an_unbound_role_is_tried_again_on_live_objects(make_collector, submission):
    layers = ProbeRequest(
        probe="describe_module", params={"role": {"name": "mlp"}, "source": "any"}
    )

    def answer(request):
        if request["probe"] != "describe_module":
            return well(request)
        live = request["params"]["source"] == "live"
        return measured(ALIVE) if live else unbound("no weights")

    sandbox = FakeSandbox(answer)
    collected = make_collector(layers, RUN).collect(submission, lambda: sandbox)
    assert sandbox.boxes[0].asked == [
        ("describe_module", "any"),
        ("execute", ""),
        ("describe_module", "live"),
    ]
    assert collected.evidence.get_for(layers).payload["binding"]["how"] == "alive"


@pytest.mark.parametrize("source", ["live", "any"])
def test_live_objects_are_there_again_after_a_kill(make_collector, submission, store, source):
    """The execution was measured and kept; what looks at its objects was not yet."""

    class Killed(BaseException):
        pass

    def killed(_submission, probe):
        if probe == "describe_module" and store.load(submission, RUN):
            raise Killed

    def answer(request):
        if request["probe"] != "describe_module":
            return well(request)
        live = request["params"]["source"] == "live"
        return measured(ALIVE) if live else unbound("nothing was executed")

    layers = ProbeRequest(
        probe="describe_module", params={"role": {"name": "mlp"}, "source": source}
    )
    plan = (layers, RUN) if source == "any" else (RUN, layers)
    with pytest.raises(Killed):
        make_collector(*plan, on_probe=killed).collect(submission, lambda: FakeSandbox(answer))
    kept = store.load(submission, RUN)
    sandbox = FakeSandbox(lambda r: answer(r) if r["probe"] != "execute" else other_run())
    collected = make_collector(*plan).collect(submission, lambda: sandbox)
    assert sandbox.boxes[0].asked[-2:] == [("execute", ""), ("describe_module", "live")]
    assert collected.evidence.get_for(layers).payload["binding"]["how"] == "alive"
    assert collected.evidence.get_for(RUN) == kept == store.load(submission, RUN)


def other_run():
    return measured(EXECUTION | {"optimizer_steps": 4})


def test_an_execution_that_failed_is_not_run_again_for_live_objects(make_collector, submission):
    layers = ProbeRequest(
        probe="describe_module", params={"role": {"name": "mlp"}, "source": "live"}
    )
    sandbox = FakeSandbox(lambda r: "die" if r["probe"] == "execute" else unbound("not executed"))
    collected = make_collector(RUN, layers).collect(submission, lambda: sandbox)
    assert [box.asked for box in sandbox.boxes] == [
        [("execute", "")],
        [("execute", "")],  # the first end is not believed
        [("describe_module", "live")],
    ]
    assert collected.evidence.get_for(layers).state == "unbound"


def test_unbound_stays_unbound_without_an_execution(make_collector, submission):
    layers = ProbeRequest(
        probe="describe_module", params={"role": {"name": "mlp"}, "source": "any"}
    )
    sandbox = FakeSandbox(lambda _r: unbound("no weights"))
    collected = make_collector(layers).collect(submission, lambda: sandbox)
    assert collected.evidence.get_for(layers).state == "unbound"


def test_missing_data_is_ours_and_the_rest_is_measured(make_collector, submission, monkeypatch):
    from grader.collect.inputs import Inputs
    from grader.errors import DatasetMissingError

    def missing(_self, reference):
        raise DatasetMissingError("not here", where=reference, mend="grade data fetch digits")

    monkeypatch.setattr(Inputs, "split", missing)
    predict = ProbeRequest(probe="predict", params={"dataset": "digits/test", "role": {}})
    sandbox = FakeSandbox(well)
    collected = make_collector(SOURCE, predict).collect(submission, lambda: sandbox)
    assert collected.evidence.get_for(predict).state == "harness"
    assert "grade data fetch" in collected.evidence.get_for(predict).fault.message
    assert collected.evidence.get_for(SOURCE).state == "measured"


def test_a_file_that_changed_since_intake_is_not_graded(make_collector, submission):
    (submission.root / "main.py").write_text("print('a longer program now')\n")
    with pytest.raises(HarnessError, match="changed"):
        make_collector(SOURCE).collect(submission, lambda: FakeSandbox(well))


def test_the_job_names_no_criterion_and_holds_no_label(make_collector, submission, monkeypatch):
    seen = []
    send = __import__("grader.collect.channel", fromlist=["Channel"]).Channel.send

    def spy(self, kind, payload):
        seen.append(json.dumps(payload))
        send(self, kind, payload)

    monkeypatch.setattr("grader.collect.channel.Channel.send", spy)
    make_collector(SOURCE, CLAIMS).collect(submission, lambda: FakeSandbox(well))
    assert seen
    assert not any(word in text for text in seen for word in ("criterion", "points", "label"))
