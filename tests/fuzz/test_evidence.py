"""Whatever a box writes becomes evidence or a refusal, read within its limits."""

import json
import os
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from grader.collect import channel as wire
from grader.collect.admit import admit
from grader.collect.deadline import Deadline
from grader.collect.probes import PROBES, array_rules
from grader.errors import ChannelError
from grader.model.evidence import Evidence, ProbeRequest
from tests.fuzz.mutations import JSON, broken_bytes, said
from tests.fuzz.profile import fuzzed

ROLE = {"name": "mlp", "output_shape": [2]}
ROWS = {"digits/test": 3}
ORDER = {"digits/test": (2, 0, 1)}
PREDICT = ProbeRequest(probe="predict", params={"role": ROLE, "dataset": "digits/test"})
REQUESTS = [
    PREDICT,
    *(ProbeRequest(probe=name, params={}) for name in ("inspect_source", "scan_apis", "execute")),
    *(ProbeRequest(probe=name, params={}) for name in ("find_claims", "bind_roles")),
]
GOOD = {
    "state": "measured",
    "payload": {"binding": {"role": "mlp", "how": "name"}, "output_is": "logits"},
    "arrays": [{"name": "scores", "dtype": "float32", "shape": [3, 2]}],
    "remarks": [{"code": "a.b", "message": "x", "place": {"file": "a.py", "cell": 1, "line": 2}}],
    "fault": None,
}
SHAPE = st.lists(st.one_of(st.integers(-3, 4), st.integers(-(2**66), 2**66), JSON), max_size=9)
ARRAYS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.one_of(st.sampled_from(["scores", "figure_0", "result_0"]), JSON),
            "dtype": st.one_of(st.sampled_from(["float32", "int64", "uint8"]), JSON),
            "shape": st.one_of(st.just([3, 2]), SHAPE),
        }
    ),
    max_size=3,
)
HEADERS = st.one_of(
    st.fixed_dictionaries(
        {
            "state": st.one_of(
                st.sampled_from(["measured", "student_fault", "unbound", "harness"]), JSON
            ),
            "payload": st.one_of(
                st.just(GOOD["payload"]), st.dictionaries(st.text(max_size=8), JSON), JSON
            ),
            "arrays": st.one_of(st.just(GOOD["arrays"]), ARRAYS, JSON),
            "remarks": st.one_of(st.just(GOOD["remarks"]), JSON),
            "fault": st.one_of(
                st.none(), st.fixed_dictionaries({"kind": JSON, "message": JSON}), JSON
            ),
        }
    ).map(lambda whole: json.dumps(whole).encode()),
    broken_bytes(json.dumps(GOOD).encode()),
    st.binary(max_size=60),
    st.integers(1, 4000).map(lambda n: b"[" * n),
    st.integers(1, 4000).map(lambda n: b'{"payload":' * n),
)


@fuzzed
@given(st.sampled_from(REQUESTS), HEADERS, st.binary(min_size=24, max_size=24) | st.binary())
def test_any_evidence_frame(request, text, body):
    assert request.probe in PROBES
    rules = array_rules(request, ROWS)
    evidence = admit(request, text, body, rules, ORDER, 0.5)
    assert isinstance(evidence, Evidence)
    assert evidence.request == request
    if evidence.state != "measured":
        assert not evidence.arrays
        assert not evidence.payload
    for name, array in evidence.arrays.items():
        assert len(array.data) <= min(rules[name].most_bytes, len(body))
    json.dumps(evidence.model_dump(mode="json", by_alias=True), allow_nan=False)


@dataclass
class Pipe:
    """A box that has written all it will."""

    evidence_fd: int

    def over_limit(self):
        return None


HEAD = st.builds(
    wire.HEADER.pack,
    st.binary(min_size=1, max_size=1),
    st.integers(0, 2**32 - 1),
    st.one_of(st.integers(0, 40), st.integers(0, 2**32 - 1)),
    st.one_of(st.integers(0, 40), st.integers(0, 2**64 - 1)),
)
BODY_LIMIT = 64


@fuzzed
@given(st.lists(st.one_of(HEAD, st.binary(max_size=80)), max_size=6).map(b"".join))
def test_any_bytes_on_the_pipe(data):
    out, into = os.pipe()
    try:
        os.write(into, data)
        os.close(into)
        channel = wire.Channel(Pipe(out))
        read = 0
        for _ in range(20):
            try:
                frame = channel.receive(Deadline.after(30), BODY_LIMIT)
            except wire.Interrupted as error:
                said(error)
                break
            assert len(frame.body) <= BODY_LIMIT
            read += wire.HEADER.size + len(frame.text) + len(frame.body)
            try:
                versions = wire.parse_versions(frame)
            except ChannelError as error:
                said(error)
            else:
                assert all(len(k) <= 40 and len(v) <= 80 for k, v in versions.items())
        else:
            raise AssertionError("frames came out of nothing")
        assert read <= len(data)
    finally:
        os.close(out)


@fuzzed
@given(st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=40)))
def test_any_introduction(text):
    try:
        wire.parse_versions(wire.Frame(wire.READY, 0, text, b""))
    except ChannelError as error:
        said(error)
