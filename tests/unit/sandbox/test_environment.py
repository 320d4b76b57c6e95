import os
import sys
from pathlib import Path

import pytest

from grader.sandbox import environment
from grader.sandbox.environment import Form, PythonEnvironment, choose_form, may_enter


def test_the_environment_is_bound_and_never_its_parent():
    found = PythonEnvironment.detect()
    prefix = Path(sys.prefix)
    assert any(prefix.is_relative_to(folder) for folder in (*found.folders, Path("/usr")))
    for folder in found.folders:
        assert not Path(environment.__file__).is_relative_to(folder)
        assert folder not in prefix.parents


def test_folders_inside_others_are_bound_once():
    outermost = environment._outermost(
        [Path("/a/b"), Path("/a"), Path("/usr/lib/python3"), Path("/c"), Path("/a")]
    )
    assert outermost == (Path("/a"), Path("/c"))


def test_an_installed_grader_is_hidden(tmp_path, monkeypatch):
    site = tmp_path / "venv" / "site-packages"
    for name in ("grader", "reference"):
        (site / name).mkdir(parents=True)
        (site / name / "__init__.py").touch()
    (site / "rubrics").mkdir()
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    for name in [name for name in sys.modules if name.split(".")[0] in {"grader", "reference"}]:
        monkeypatch.delitem(sys.modules, name)
    hidden = environment._secrets([tmp_path / "venv"])
    assert set(hidden) == {site / "grader", site / "reference", site / "rubrics"}
    assert environment._secrets([tmp_path / "other"]) == ()


def test_a_closed_parent_closes_everything_below(tmp_path):
    inner = tmp_path / "home" / "python"
    inner.mkdir(parents=True, mode=0o755)
    inner.parent.chmod(0o700)
    assert not may_enter(inner)
    assert not may_enter(tmp_path / "missing")


def test_system_folders_may_be_entered():
    assert may_enter(Path("/usr"))


@pytest.mark.parametrize(
    ("uid", "needed", "expected"),
    [
        (1000, ["/usr"], Form.USER),
        (0, ["/usr"], Form.DROPPED_BEFORE),
        (0, ["/usr", "/nowhere"], Form.DROPPED_INSIDE),
    ],
)
def test_the_form_follows_from_who_we_are_and_what_others_may_read(
    monkeypatch, uid, needed, expected
):
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert choose_form(Path(one) for one in needed) is expected
