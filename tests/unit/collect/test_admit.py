import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.collect.admit import admit, fault_of_end
from grader.collect.inputs import secret_order
from grader.collect.probes import array_rules
from grader.model.evidence import ProbeRequest
from grader.model.outcome import ExitReason

ROLE = {"name": "mlp", "output_shape": [2]}
PREDICT = ProbeRequest(probe="predict", params={"role": ROLE, "dataset": "digits/test"})
ROWS = {"digits/test": 3}
ORDER = {"digits/test": (2, 0, 1)}
BINDING = {"role": "mlp", "how": "name"}
PAYLOAD = {"binding": BINDING, "output_is": "logits"}


def header(payload=PAYLOAD, arrays=None, **more):
    shape = {"name": "scores", "dtype": "float32", "shape": [3, 2]}
    whole = {
        "state": "measured",
        "payload": payload,
        "arrays": [shape] if arrays is None else arrays,
        "remarks": [],
        "fault": None,
        **more,
    }
    return json.dumps(whole).encode()


def scores(*values):
    return struct.pack(f"<{len(values)}f", *values)


def admitted(text, body):
    return admit(PREDICT, text, body, array_rules(PREDICT, ROWS), ORDER, 0.5)


def test_rows_come_back_in_the_original_order():
    evidence = admitted(header(), scores(20, 21, 0, 1, 10, 11))
    assert struct.unpack("<6f", evidence.arrays["scores"].data) == (0, 1, 10, 11, 20, 21)


@pytest.mark.parametrize(
    "body", [scores(1, 2, 3, 4, 5), scores(1, 2, 3, 4, 5, 6, 7), b"", b"x" * 24 + b"y"]
)
def test_any_other_size_is_refused(body):
    assert admitted(header(), body).state == "harness"


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_scores_that_are_not_finite_are_the_students(bad):
    evidence = admitted(header(), scores(1, 2, bad, 4, 5, 6))
    assert evidence.state == "student_fault"
    assert evidence.fault.kind == "not_finite"
    assert "1 of 6" in evidence.fault.message


@pytest.mark.parametrize(
    "arrays",
    [
        [],
        [{"name": "scores", "dtype": "float64", "shape": [3, 2]}],
        [{"name": "scores", "dtype": "float32", "shape": [2, 3]}],
        [{"name": "scores", "dtype": "float32", "shape": [-3, -2]}],
        [{"name": "other", "dtype": "float32", "shape": [3, 2]}],
        [{"name": "scores", "dtype": "float32", "shape": [3, 2]}] * 2,
    ],
)
def test_arrays_that_were_not_asked_for_are_refused(arrays):
    assert admitted(header(arrays=arrays), scores(1, 2, 3, 4, 5, 6)).state == "harness"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[" * 100_000,
        b"{" + b'"a":{' * 50_000,
        b'{"state": "pass"}',
        b"\xff\xfe",
        header(points=1),
        header(payload={**PAYLOAD, "weights_matter": "yes"}),
        header(payload={**PAYLOAD, "preprocessing": "x" * 10_000}),
        header(state="harness"),
        header(state="error"),
    ],
)
def test_json_that_does_not_fit_is_refused_and_never_raises(text):
    evidence = admitted(text, scores(1, 2, 3, 4, 5, 6))
    assert evidence.state == "harness"
    assert evidence.exit_reason is ExitReason.HARNESS


@given(st.binary(max_size=300), st.binary(max_size=100))
def test_no_bytes_raise(text, body):
    assert admitted(text, body).state in {"harness", "student_fault", "unbound", "measured"}


@given(st.integers(0, 200), st.binary(min_size=32, max_size=32))
def test_a_secret_order_is_a_permutation(count, secret):
    order = secret_order(secret, "digits/test", count)
    assert sorted(order) == list(range(count))
    assert order == secret_order(secret, "digits/test", count)


def test_another_secret_gives_another_order():
    assert secret_order(b"a" * 32, "d", 100) != secret_order(b"b" * 32, "d", 100)


@pytest.mark.parametrize(
    ("ended", "kind", "reason"),
    [
        ({"signal": 11, "exit_code": 0}, "signal", ExitReason.CRASH),
        ({"signal": 9, "exit_code": 0}, "signal", ExitReason.KILLED),
        ({"signal": 0, "exit_code": 0}, "exit", ExitReason.CRASH),
        (
            {"signal": 0, "exit_code": 0, "problem": "a frame too large"},
            "protocol",
            ExitReason.CRASH,
        ),
        ({"signal": 0, "exit_code": 0, "reached": False}, "not_reached", ExitReason.CRASH),
    ],
)
def test_how_a_step_died_is_told(ended, kind, reason):
    whole = {"problem": "", "reached": True, **ended}
    evidence = fault_of_end(PREDICT, json.dumps(whole).encode(), 0.1)
    assert evidence.fault.kind == kind
    assert evidence.exit_reason is reason
    assert evidence.state == "student_fault"


def test_a_worker_report_that_does_not_fit_is_ours():
    assert fault_of_end(PREDICT, b"{}", 0.1).state == "harness"


def nudged(*rows):
    arrays = [
        {"name": "scores", "dtype": "float32", "shape": [3, 2]},
        {"name": "nudged_rows", "dtype": "int64", "shape": [len(rows)]},
        {"name": "noisy", "dtype": "float32", "shape": [len(rows), 2]},
    ]
    body = scores(*range(6)) + struct.pack(f"<{len(rows)}q", *rows) + scores(*range(2 * len(rows)))
    return admitted(header(arrays=arrays), body)


def test_rows_that_were_asked_again_are_named_as_before_the_shuffle():
    evidence = nudged(0, 2)
    assert struct.unpack("<2q", evidence.arrays["nudged_rows"].data) == (2, 1)
    assert struct.unpack("<4f", evidence.arrays["noisy"].data) == (0, 1, 2, 3)


@pytest.mark.parametrize("rows", [(0, 0), (3,), (-1,), (0, 1, 2, 0)])
def test_rows_that_are_none_are_refused(rows):
    assert nudged(*rows).state == "harness"
