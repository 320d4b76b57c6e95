import json

import pytest
from click.testing import CliRunner

from grader.cli import doctor
from tests.integration.sandbox.boxes import needs_bubblewrap


def run(*words):
    return CliRunner().invoke(doctor.doctor, list(words))


@needs_bubblewrap()
@pytest.mark.box
def test_a_good_machine():
    answer = run("--json")
    assert answer.exit_code == 0, answer.output
    report = json.loads(answer.stdout)
    assert all(one["holds"] for one in report["properties"])
    assert report["limits"]["memory"]
    assert report["versions"]["torch"][0].isdigit()
    assert isinstance(report["gpu"], list)
    assert report["datasets"]


@needs_bubblewrap()
@pytest.mark.box
def test_for_people():
    answer = run()
    assert answer.exit_code == 0
    for word in ("network", "memory bomb", "limit: memory", "torch", "GPU", "may be graded"):
        assert word in answer.output


def test_a_machine_without_a_box_fails_with_the_mend(monkeypatch):
    monkeypatch.setattr("grader.sandbox.bubblewrap.tool", lambda _name: None)
    answer = run()
    assert answer.exit_code == 1
    assert "apt install" in " ".join(answer.output.split())
    assert "do not grade" in answer.output


def test_no_isolation_is_not_a_pass():
    answer = run("--sandbox", "none", "--json")
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["properties"][0]["mend"]


def test_help_has_an_example():
    assert "grade doctor --json" in " ".join(run("--help").output.split())


def test_a_missing_driver_is_no_gpu(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert doctor.gpu() == []
