"""Every attack is a real submission, run by the real CLI in the real box, beside an honest one."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import ROOT, call, needs_box

ATTACKS = ROOT / "tests" / "attacks"
HONEST = ROOT / "rubrics" / "digits-svhn" / "verify" / "reference" / "submission"
CASES = sorted(p.parent for p in ATTACKS.glob("*/expect.toml"))

BOX_UIDS = range(60000, 61000)
"""Of boxes that root makes: no other process of this machine has them."""

CGROUPS = Path("/sys/fs/cgroup")

pytestmark = [pytest.mark.slow, pytest.mark.box]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    needs_box()
    folder = tmp_path_factory.mktemp("attacks")
    course = folder / "submissions" / "digits-svhn"
    for case in CASES:
        shutil.copytree(case / "submission", course / case.name, symlinks=True)
    shutil.copytree(HONEST, course / "zz-honest")
    return call(folder / "submissions", "--rubrics", impatient(folder), out=folder / "reports")


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("honest") / "submissions" / "digits-svhn"
    shutil.copytree(HONEST, folder / "zz-honest")
    course = folder.parent.parent
    return call(folder.parent, "--rubrics", impatient(course), out=course / "reports")


def impatient(folder: Path) -> Path:
    """The rubrics, with less patience for endless loops."""
    shutil.copytree(ROOT / "rubrics" / "digits-svhn", folder / "rubrics" / "digits-svhn")
    rubric = folder / "rubrics" / "digits-svhn" / "rubric.toml"
    text = re.sub(
        r"^wall_seconds = .*", "wall_seconds = 30", rubric.read_text(), flags=re.MULTILINE
    )
    assert "wall_seconds = 30" in text
    rubric.write_text(text)
    return folder / "rubrics"


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
    assert not [p for p in psutil.process_iter() if in_a_box(p) and not has_a_grader(p)]
    for group in [*CGROUPS.glob("*/grader-*"), *CGROUPS.glob("grader-*")]:
        _, _, pid, *_ = group.name.split("-")
        assert psutil.pid_exists(int(pid)), f"{group} outlived its grader"


def in_a_box(process) -> bool:
    try:
        return process.uids().real in BOX_UIDS
    except psutil.NoSuchProcess:
        return False


def has_a_grader(process) -> bool:
    """Whether a living grader holds this box: another run on the same machine is no leftover."""
    try:
        above = [p.name() for p in process.parents() if not in_a_box(p)]
    except psutil.NoSuchProcess:
        return True
    return any(name.startswith(("python", "grade")) for name in above)


def test_the_honest_submission_is_graded_as_if_alone(attacked, honest):
    assert attacked.outcomes("zz-honest") == honest.outcomes("zz-honest")
    assert attacked.submission("zz-honest")["points"] == honest.submission("zz-honest")["points"]
