"""A submission is not measured for tasks that it takes no part in."""

import pytest

from grader.checks.requests import read_documents
from grader.collect.needed import EVERYTHING, Needed
from grader.collect.plan import plan
from grader.model.documents import Documents, Text
from grader.model.evidence import Place
from grader.pipeline import load_rubric
from tests.made_up import measured
from tests.unit.collect.fake import FakeSandbox
from tests.unit.collect.fake import measured as answered

RUBRIC = """
schema = 1
[assignment]
id = "hw"
title = "Pick some"
feedback_only = true

[roles.net]
kind = "module"
names = ["Net"]

[[task]]
id = "a"
title = "Task 1"
points = 0
marked = '^X 1'
[[task.criterion]]
id = "layers"
title = "Has a convolution"
points = 0
check = "module.layers"
source = "use a convolution"
with = { model = "net", contains = ["Conv2d"] }

[[task]]
id = "b"
title = "Task 2"
points = 0
marked = '^X 2'
[[task.criterion]]
id = "runs"
title = "It runs"
points = 0
check = "notebook.runs"
source = "it runs"
requires = [{requires}]
"""


@pytest.fixture
def rubric(tmp_path):
    def make(requires=""):
        (tmp_path / "rubric.toml").write_text(RUBRIC.replace("{requires}", requires))
        return load_rubric(tmp_path)

    return make


def asked(loaded, have, **more):
    needed = Needed.of(loaded.rubric, loaded.params)
    requests = plan(loaded.rubric, loaded.params)
    return [r.probe for r in needed.among(requests, have, **more)]


def heading(text):
    place = Place(file="a.ipynb", cell=1)
    piece = measured(
        read_documents(), Documents(texts=(Text(place=place, kind="markdown", text=text),))
    )
    return {read_documents().digest: piece}


def test_before_documents_are_read_everything_is_asked_and_they_come_first(rubric):
    loaded = rubric()
    found = asked(loaded, {})
    assert {"describe_module", "execute", "read_documents"} <= set(found)
    assert found.index("read_documents") < found.index("find_mistakes")


def test_only_marked_tasks_are_measured(rubric):
    loaded = rubric()
    assert "describe_module" not in asked(loaded, heading("# X 2"))
    assert "execute" in asked(loaded, heading("# X 2"))
    assert "execute" not in asked(loaded, heading("# X 1"))
    assert {"find_mistakes", "read_documents"} <= set(asked(loaded, heading("# nothing")))


def test_what_a_marked_task_requires_of_another_is_measured(rubric):
    loaded = rubric('"a/layers"')
    assert {"describe_module", "execute"} <= set(asked(loaded, heading("# X 2")))


def test_a_task_that_a_person_decided_is_measured(rubric):
    loaded = rubric()
    assert "describe_module" in asked(loaded, heading("# X 2"), decided=["a/layers"])


def test_a_rubric_without_marks_needs_everything(tmp_path):
    text = RUBRIC.replace("{requires}", "")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("marked"))
    (tmp_path / "rubric.toml").write_text(text)
    loaded = load_rubric(tmp_path)
    assert Needed.of(loaded.rubric, loaded.params) is EVERYTHING
    assert "execute" in asked(loaded, heading("# nothing"))


def test_the_box_is_not_asked_and_a_second_run_opens_none(rubric, make_collector, submission):
    loaded = rubric()
    requests = plan(loaded.rubric, loaded.params)
    needed = Needed.of(loaded.rubric, loaded.params)
    payload = heading("# X 1")[read_documents().digest].payload
    layers = {
        "binding": {"role": "net", "how": "name"}, "class_name": "Net", "layers": [],
        "parameters": 1, "trainable": 1, "buffers": 0, "saved": [],
        "missing_keys": [], "unexpected_keys": [],
    }  # fmt: skip
    payloads = {
        "read_documents": payload,
        "describe_module": layers,
        "find_mistakes": {"findings": []},
        "inspect_source": {"files": [], "imports": [], "frameworks": [], "placeholders": []},
    }
    sandbox = FakeSandbox(lambda r: answered(payloads[r["probe"]]))
    collector = make_collector(*requests, needed=needed)
    collected = collector.collect(submission, lambda: sandbox)
    assert "execute" not in [probe for probe, _ in sandbox.boxes[0].asked]
    assert {e.request.probe for e in collected.evidence.values()} == {
        probe for probe, _ in sandbox.boxes[0].asked
    }
    again = FakeSandbox(lambda r: answered(payloads[r["probe"]]))
    assert collector.collect(submission, lambda: again).reused
    assert again.boxes == []
