"""What this machine lacks data for is ours: an `error` for what needs it, never a zero."""

import pytest

from grader.checks.faults import ours
from grader.collect.inputs import Inputs
from grader.collect.run import Collector
from grader.collect.serving import Serving
from grader.datasets.halves import Half
from grader.errors import DatasetMissingError, HarnessError
from grader.model.evidence import ProbeRequest
from grader.model.rubric import Budget
from grader.registry import Registry
from tests.unit.collect.conftest import RUN, SOURCE
from tests.unit.collect.fake import FakeSandbox, measured, unbound
from tests.unit.collect.test_run import EXECUTION, FACTS
from tests.unit.datasets import made_up

ROLE = {"name": "net"}
LIVE = ProbeRequest(probe="describe_module", params={"role": ROLE, "source": "live"})
ANY = ProbeRequest(probe="describe_module", params={"role": ROLE, "source": "any"})
SAVED = ProbeRequest(probe="describe_module", params={"role": ROLE, "source": "saved"})
MODULE = {
    "binding": {"role": "net", "how": "weights"},
    "class_name": "Net",
    "layers": [],
    "parameters": 1,
    "trainable": 1,
    "buffers": 0,
    "saved": [],
    "missing_keys": [],
    "unexpected_keys": [],
}


def well(request):
    payloads = {"inspect_source": FACTS, "execute": EXECUTION, "describe_module": MODULE}
    return measured(payloads[request["probe"]])


@pytest.fixture
def known(tmp_path):
    registry = Registry("dataset")
    registry.register("mnist", made_up.write_mnist(tmp_path / "root", counts=(3, 3)))
    return registry


@pytest.fixture
def make(known, store, tmp_path):
    def made(*plan, root=tmp_path / "root", names=("mnist",)):
        inputs = Inputs(root, b"s" * 32, known)
        serving = Serving(inputs, names, tmp_path / "cache")
        budget = Budget(probe_seconds=5.0)
        return Collector(plan=plan, budget=budget, store=store, inputs=inputs, serving=serving)

    return made


class Watching(FakeSandbox):
    """Remembers what each box had at hand."""

    def __init__(self, answers):
        super().__init__(answers)
        self.data = []

    def open(self, slot, limits):
        self.data.append(dict(slot.data))
        return super().open(slot, limits)


def test_a_box_finds_what_is_served(make, submission):
    sandbox = Watching(well)
    collected = make(SOURCE, RUN).collect(submission, lambda: sandbox)
    assert {e.state for e in collected.evidence.values()} == {"measured"}
    (data,) = sandbox.data
    assert (data["mnist"] / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").is_file()


def test_nothing_is_made_when_all_is_known_already(make, submission, tmp_path):
    make(SOURCE, RUN).collect(submission, lambda: FakeSandbox(well))
    for copy in (tmp_path / "cache").iterdir():
        copy.rename(tmp_path / "away")
    again = FakeSandbox(well)
    assert make(SOURCE, RUN).collect(submission, lambda: again).reused
    assert list((tmp_path / "cache").iterdir()) == []


def test_without_its_data_nothing_is_executed_and_the_rest_is_measured(make, submission, tmp_path):
    sandbox = FakeSandbox(well)
    plan = (SOURCE, SAVED, RUN, LIVE)
    collected = make(*plan, root=tmp_path / "empty").collect(submission, lambda: sandbox)
    states = {request: collected.evidence.get_for(request).state for request in plan}
    assert states == {SOURCE: "measured", SAVED: "measured", RUN: "harness", LIVE: "harness"}
    assert "grade data fetch mnist" in collected.evidence.get_for(RUN).fault.message
    assert sandbox.boxes[0].asked == [("inspect_source", ""), ("describe_module", "saved")]


def test_a_role_that_only_a_run_could_bind_is_not_the_students_fault(make, submission, tmp_path):
    def answer(request):
        return unbound("no weights") if request["probe"] == "describe_module" else well(request)

    for root, state in ((tmp_path / "empty", "harness"), (tmp_path / "root", "unbound")):
        collector = make(SOURCE, ANY, RUN, root=root)
        collector.fresh = True
        collected = collector.collect(submission, lambda: FakeSandbox(answer))
        assert collected.evidence.get_for(ANY).state == state


def test_what_was_missing_is_measured_once_it_is_here(make, submission, tmp_path):
    make(SOURCE, RUN, root=tmp_path / "empty").collect(submission, lambda: FakeSandbox(well))
    sandbox = FakeSandbox(well)
    collected = make(SOURCE, RUN).collect(submission, lambda: sandbox)
    assert sandbox.boxes[0].asked == [("execute", "")]
    assert collected.evidence.get_for(RUN).state == "measured"


def test_bytes_that_are_not_the_known_ones_are_served_to_nobody(make, submission, tmp_path):
    file = tmp_path / "root" / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    collected = make(SOURCE, RUN).collect(submission, lambda: FakeSandbox(well))
    assert collected.evidence.get_for(SOURCE).state == "measured"
    assert "known bytes" in collected.evidence.get_for(RUN).fault.message


def test_a_picture_that_goes_while_it_is_read_costs_one_submission(
    make, known, submission, tmp_path
):
    known.register("grocery", made_up.write_grocery(tmp_path / "root"))
    role = {"name": "net", "output_shape": [43]}
    predict = ProbeRequest(probe="predict", params={"dataset": "grocery/test", "role": role})
    next((tmp_path / "root").rglob("test/**/*.jpg")).unlink()
    with pytest.raises(HarnessError, match="cannot be read"):
        make(predict, names=()).collect(submission, lambda: FakeSandbox(well))


def test_every_missing_dataset_is_named_once_with_its_mend(make, tmp_path):
    predict = ProbeRequest(probe="predict", params={"dataset": "mnist/test", "role": {}})
    assert make(predict, RUN).missing_datasets() == {}
    missing = make(predict, RUN, root=tmp_path / "empty").missing_datasets()
    assert list(missing) == ["mnist"]
    assert "grade data fetch mnist" in missing["mnist"]


def test_students_are_shown_no_place_of_this_machine(make, tmp_path):
    request = ProbeRequest(probe="predict", params={"dataset": "mnist/test", "role": {}})
    (why,) = make(request, root=tmp_path / "empty").missing_datasets().values()
    damaged = DatasetMissingError("does not hold the known bytes", where="/srv/mnist", mend="fetch")
    for said in (why, str(damaged)):
        result = ours(said)
        assert not set(result.message) & set("/\n")
        assert "fetch" not in result.message
        assert result.flags[0].message == said
    assert str(tmp_path / "empty") in why
    assert "/srv/mnist" in str(damaged)


def test_halves_are_fetched_as_the_whole(known, make, tmp_path):
    for name, originals in (("even", (0,)), ("odd", (1,))):
        known.register(name, Half(name, known["mnist"], originals))
    plan = [
        ProbeRequest(probe="predict", params={"dataset": f"{name}/test", "role": {}})
        for name in ("even", "odd", "mnist")
    ]
    assert list(make(*plan, root=tmp_path / "empty").missing_datasets()) == ["mnist"]
