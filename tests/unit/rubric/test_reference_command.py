"""`grade reference`: names and baselines are read as files, training is another process."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from grader.cli import reference
from grader.cli.main import cli
from grader.errors import ConfigurationError, UnknownNameError

BASELINE = {"task": "a", "seeds": [0, 1], "metrics": {"test_error": {"mean": 0.05, "spread": 0.01}}}


def grade(*arguments):
    return CliRunner().invoke(cli, ["reference", *arguments], standalone_mode=False)


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "baselines").mkdir()
    (tmp_path / "tasks.py").write_text('TASKS: dict[str, str] = {"a": "first", "bb": "second"}\n')
    (tmp_path / "baselines" / "a.json").write_text(json.dumps(BASELINE))
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(reference.importlib.util, "find_spec", lambda _name: spec)
    return tmp_path


@pytest.mark.usefixtures("package")
def test_list():
    assert grade("list").output.splitlines() == ["a   first", "bb  second"]
    assert json.loads(grade("list", "--format", "json").output) == {"a": "first", "bb": "second"}


def test_the_real_tasks_are_found_without_importing_them():
    before = set(sys.modules)
    result = grade("list")
    assert "digits_mlp" in result.output
    assert not {m for m in set(sys.modules) - before if m.split(".")[0] in {"reference", "torch"}}


@pytest.mark.usefixtures("package")
def test_baselines():
    text = grade("baseline").output
    assert "a  (2 seeds)" in text
    assert "0.0500 ± 0.0100" in text
    assert "bb: none yet; grade reference train bb" in text
    assert json.loads(grade("baseline", "--format", "json").output) == [BASELINE]


def test_one_seed_has_no_spread(package):
    one = {"task": "a", "seeds": [0], "metrics": {"error": {"mean": 0.05, "spread": 0.0}}}
    (package / "baselines" / "a.json").write_text(json.dumps(one))
    text = grade("baseline").output
    assert "a  (1 seed)" in text
    assert "±" not in text


def test_a_broken_baseline_is_named(package):
    (package / "baselines" / "a.json").write_text("{")
    error = grade("baseline").exception
    assert isinstance(error, ConfigurationError)
    assert "a.json" in error.where


@pytest.mark.usefixtures("package")
def test_train_passes_everything_on_and_gives_the_status_back(monkeypatch):
    called = []

    def run(argv, **_more):
        called.append(argv)
        return SimpleNamespace(returncode=3)

    monkeypatch.setattr(subprocess, "run", run)
    result = grade("train", "a", "--seeds", "0", "1", "--set", "lr=0.1", "--save")
    assert result.return_value == 3
    assert called == [
        [sys.executable, "-m", "reference.a", "--seeds", "0", "1", "--set", "lr=0.1", "--save"]
    ]


@pytest.mark.usefixtures("package")
def test_an_unknown_name_starts_nothing(monkeypatch):
    monkeypatch.setattr(subprocess, "run", None)
    error = grade("train", "b").exception
    assert isinstance(error, UnknownNameError)
    assert "bb" in error.mend


@pytest.mark.parametrize("spec", [None, SimpleNamespace(submodule_search_locations=["/nowhere"])])
def test_without_the_package_it_says_so(monkeypatch, spec):
    monkeypatch.setattr(reference.importlib.util, "find_spec", lambda _name: spec)
    error = grade("list").exception
    assert isinstance(error, ConfigurationError)
    assert "checkout" in error.mend


@pytest.mark.parametrize("text", ["x = 1\n", "TASKS: dict[str, str]\n"])
def test_a_package_without_tasks(package, text):
    (package / "tasks.py").write_text(text)
    assert isinstance(grade("list").exception, ConfigurationError)


def test_what_draws_figures_is_listed_and_started_but_has_no_baseline(package):
    with (package / "tasks.py").open("a") as file:
        file.write('FIGURES: dict[str, str] = {"gallery": "mistakes"}\n')
    assert "gallery  mistakes" in grade("list").output
    assert "gallery" not in grade("baseline").output
