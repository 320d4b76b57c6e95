"""The same with real boxes: the grader is killed, a box is killed, its first process is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.e2e.conftest import GRADE, ROOT, needs_box
from tests.faults.course import PROBE, grades, make_course, pieces

pytestmark = [pytest.mark.slow, pytest.mark.box, pytest.mark.timeout(900)]

SEED = int(os.environ.get("GRADE_FAULT_SEED", "20240229"))
KILLS = 10
PARTS = 2
"""Each may have a core to itself, and while one waits the other computes."""
LONGEST_SECONDS = 9.0
SLOW = PROBE.replace("    text = ", "    time.sleep(0.2)\n    text = ").replace(
    "import hashlib\n", "import hashlib\nimport time\n"
)


@pytest.fixture(scope="module")
def course(memory):
    needs_box()
    submissions = make_course(memory("boxes"), ("ada", "grace"), criteria=4)
    (submissions.parent / "rubrics" / "tiny" / "probes" / "mark.py").write_text(SLOW)
    return submissions


def started(course, out):
    words = [str(course), "--rubrics", str(course.parent / "rubrics"), "--out", str(out)]
    return subprocess.Popen(
        [str(GRADE), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def ended(process):
    said, _ = process.communicate(timeout=200)
    return process.returncode, said


@pytest.fixture(scope="module")
def undisturbed(course, memory):
    out = memory("undisturbed") / "out"
    status, said = ended(started(course, out))
    assert status == 0, said
    return grades(out)


@pytest.mark.parametrize("part", range(PARTS))
def test_the_grader_is_killed_again_and_again(course, undisturbed, tmp_path, part):
    chance, out = random.Random(SEED + part), tmp_path / "out"
    kills, lost, kept = 0, [], {}
    while kills < KILLS / PARTS:
        victim = started(course, out)
        seconds = chance.uniform(0.5, LONGEST_SECONDS)
        try:
            victim.wait(seconds)
        except subprocess.TimeoutExpired:
            family = psutil.Process(victim.pid).children(recursive=True)
            victim.kill()
            kills += 1
            victim.communicate()
            _, alive = psutil.wait_procs(family, timeout=20)
            assert alive == [], "a box outlived its grader"
        else:
            victim.communicate()
            assert grades(out) == undisturbed, f"different after {kills} kills"
            out, kept = tmp_path / f"out-{kills}", {}
            continue
        now = pieces(out) if out.exists() else {}
        finished = {p for p in kept if len(p.rsplit("/", 1)[1]) >= 64}
        lost += [p for p in finished if now.get(p) != kept[p]]
        kept = now
    status, said = ended(started(course, out))
    assert status == 0, said
    sys.stdout.write(f"seed {SEED}: {kills} kills with real boxes, {len(lost)} lost\n")
    assert lost == []
    assert grades(out) == undisturbed


def box_processes(grader):
    """The processes of the box in work, from bubblewrap inwards."""
    return [p for p in psutil.Process(grader.pid).children(recursive=True) if p.is_running()]


@pytest.mark.parametrize("which", ["outermost", "first", "innermost"])
def test_somebody_kills_a_box_and_no_student_pays(course, undisturbed, tmp_path, which):
    out = tmp_path / "out"
    victim = started(course, out)
    until = time.monotonic() + 120
    while not list(out.glob("evidence/*/progress-*.json")) and time.monotonic() < until:
        assert victim.poll() is None
        time.sleep(0.02)
    family = box_processes(victim)
    assert family
    chosen = {"outermost": 0, "first": len(family) // 2, "innermost": -1}[which]
    family[chosen].send_signal(signal.SIGKILL)
    status, said = ended(victim)
    assert status in {0, 1}, said
    if status == 1:  # it was killed before it had begun
        assert "For the staff, not a zero" in said
        status, said = ended(started(course, out))
    assert status == 0, said
    points = {s["submission"]: s["points"] for s in undisturbed["submissions"]}
    assert {s["submission"]: s["points"] for s in grades(out)["submissions"]} == points
