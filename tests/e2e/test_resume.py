"""Nothing finished is lost, nothing unchanged runs again, and a resumed run ends the same."""

from __future__ import annotations

import copy
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from tests.e2e.conftest import GRADE, ROOT, needs_box, part_2

pytestmark = [pytest.mark.slow, pytest.mark.box]

TIMES = {"wall_seconds", "startup_seconds", "started_at", "generated_at", "peak_memory_bytes"}
GOOD = "314159265_271828182"
NAMES = (GOOD, "Team-Normal", "866025403")


def timeless(value):
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in TIMES}
    return [timeless(v) for v in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Three quick submissions in a folder of their own."""
    needs_box()
    folder = tmp_path_factory.mktemp("few")
    part_2(folder)
    for name in NAMES:
        source = ROOT / "submissions" / "digits-svhn" / name
        shutil.copytree(source, folder / "submissions" / "digits-svhn" / name)
    return folder / "submissions"


@pytest.fixture(scope="module")
def undisturbed(few, tmp_path_factory):
    from tests.e2e.conftest import call

    return call(*of(few), out=tmp_path_factory.mktemp("undisturbed") / "reports")


def of(few):
    """The arguments that grade them."""
    return few, "--rubrics", few.parent / "rubrics"


def evidence_count(out):
    return len([p for p in (out / "evidence").glob("*/*.json") if p.parent.name != "submissions"])


@pytest.mark.parametrize("pieces", [2, 20])
def test_a_run_killed_half_way_goes_on_and_ends_the_same(few, undisturbed, grade, tmp_path, pieces):
    out = tmp_path / "killed"
    victim = subprocess.Popen(
        [str(GRADE), *map(str, of(few)), "--out", str(out)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ,
    )
    deadline = time.monotonic() + 300
    while evidence_count(out) < pieces and victim.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert victim.poll() is None, "it ended before it could be killed"
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    kept = evidence_count(out)
    assert kept >= pieces
    resumed = grade(*of(few), out=out)
    assert resumed.status == undisturbed.status == 0, resumed.text
    assert timeless(resumed.grades) == timeless(undisturbed.grades)


def test_ctrl_c_keeps_what_is_finished_and_says_so(few, tmp_path):
    out = tmp_path / "interrupted"
    stopped = subprocess.Popen(
        [str(GRADE), *map(str, of(few)), "--out", str(out)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a shell lets its jobs in the background ignore it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads
    )
    deadline = time.monotonic() + 300
    while evidence_count(out) < 2 and stopped.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(stopped.pid, signal.SIGINT)
    _, said = stopped.communicate(timeout=120)
    assert stopped.returncode == 130
    assert "What was finished is kept" in said
    assert "Traceback" not in said
    assert evidence_count(out) >= 2


def test_unchanged_submissions_are_not_run_again(few, undisturbed, grade, tmp_path):
    out = tmp_path / "copy"
    shutil.copytree(undisturbed.out, out)
    again = grade(*of(few), out=out)
    assert f"{len(NAMES)} unchanged and not run again" in again.text
    assert "0 boxes opened" in again.text
    assert again.grades == undisturbed.grades


def test_regrade_after_a_changed_band_runs_nothing(undisturbed, grade, course, tmp_path):
    out = tmp_path / "copy"
    shutil.copytree(undisturbed.out, out)
    rubric = course / "rubrics" / "digits-svhn" / "rubric.toml"
    text = rubric.read_text()
    stricter = re.sub(r"at = 0\.\d+, fraction = 1 ", "at = 0.0001, fraction = 1 ", text)
    assert stricter != text
    rubric.write_text(stricter)
    again = grade("regrade", "--rubrics", course / "rubrics", out=out)
    assert "0 boxes opened" in again.text
    before, after = undisturbed.submission(GOOD), again.submission(GOOD)
    assert after["points"] < before["points"]
    same = copy.deepcopy(after)
    assert same["team"] == before["team"]


def test_a_decision_outlives_a_regrade(few, undisturbed, grade, tmp_path):
    out = tmp_path / "copy"
    shutil.copytree(undisturbed.out, out)
    pending = next(n for n, o in undisturbed.outcomes(GOOD).items() if o == "pending")
    comment = "Clear and complete."
    said = grade("decide", GOOD, pending, "0.5", "--comment", comment, "--by", "T", out=out)
    assert said.status == 0, said.text
    again = grade("regrade", "--rubrics", few.parent / "rubrics", out=out)
    assert again.outcomes(GOOD)[pending] in {"pass", "partial"}
    gained = again.submission(GOOD)["points"] - undisturbed.submission(GOOD)["points"]
    assert gained == pytest.approx(0.5)
    page = next((again.out / "feedback").glob(f"{GOOD}*.html")).read_text()
    assert comment in page
