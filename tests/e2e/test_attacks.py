"""Every attack is a real submission, run by the real CLI in the real box, beside an honest one."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.e2e.conftest import ROOT, call, needs_box

if TYPE_CHECKING:
    from pathlib import Path

ATTACKS = ROOT / "tests" / "attacks"
CASES = sorted(p.parent for p in ATTACKS.glob("*/expect.toml"))

pytestmark = [pytest.mark.slow, pytest.mark.box]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    needs_box()
    folder = tmp_path_factory.mktemp("attacks")
    course = folder / "submissions" / "digits-svhn"
    for case in CASES:
        shutil.copytree(case / "submission", course / case.name, symlinks=True)
    shutil.copytree(ROOT / "rubrics/digits-svhn/verify/reference/submission", course / "zz-honest")
    return call(folder / "submissions", out=folder / "reports")


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("honest") / "submissions" / "digits-svhn"
    shutil.copytree(ROOT / "rubrics/digits-svhn/verify/reference/submission", folder / "zz-honest")
    return call(folder.parent, out=folder.parent.parent / "reports")


def test_there_are_attacks():
    assert len(CASES) >= 10


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.name)
def test_attack_is_contained(case: Path, attacked):
    expect = tomllib.loads((case / "expect.toml").read_text())["expect"]
    card = attacked.submission(case.name)
    assert card["points"] <= expect["points_at_most"]
    outcomes = attacked.outcomes(case.name)
    assert "error" not in outcomes.values(), outcomes
    if "criterion" in expect:
        assert outcomes[expect["criterion"]] == expect["outcome"], card
    if "exit_reason" in expect:
        reasons = {attempt["exit_reason"] for attempt in card["attempts"]}
        assert expect["exit_reason"] in reasons


def test_nothing_is_left_alive(attacked):
    assert attacked.out.exists()
    names = {p.info["name"] for p in psutil.process_iter(["name"])}
    assert "bwrap" not in names
    groups = subprocess.run(
        ["find", "/sys/fs/cgroup", "-maxdepth", "3", "-name", "grade-*"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert groups.stdout == ""


def test_the_honest_submission_is_graded_as_if_alone(attacked, honest):
    assert attacked.outcomes("zz-honest") == honest.outcomes("zz-honest")
    assert attacked.submission("zz-honest")["points"] == honest.submission("zz-honest")["points"]
