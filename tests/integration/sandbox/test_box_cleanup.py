"""A grader that is killed leaves nothing running, and what it leaves lying the next one removes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from grader.sandbox.limits import cgroup
from grader.sandbox.limits.cgroup_v1 import CgroupV1, own_groups
from tests.integration.sandbox.boxes import needs_bubblewrap, wait_for

pytestmark = [needs_bubblewrap(), pytest.mark.box]

GRADER = """
import sys, time
from pathlib import Path
from tests.integration.sandbox.boxes import Boxes
boxes = Boxes(Path(sys.argv[1]))
code = '''
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: time.sleep(10000)
os.write(report, b".")
time.sleep(10000)
'''
box = boxes.open(code)
import os
os.read(box.evidence_fd, 1)
from tests.integration.sandbox.boxes import members
print(" ".join(f"{pid}:{started}" for pid, started in members(box).items()), flush=True)
time.sleep(10000)
"""


def killed_grader(tmp_path):
    """Start a grader with a box, kill it, return what was in the box."""
    root = str(Path(__file__).parents[3])
    process = subprocess.Popen(
        [sys.executable, "-c", GRADER, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    )
    with process:
        line = process.stdout.readline().decode()
        process.send_signal(signal.SIGKILL)
        process.wait()
    pairs = [word.split(":") for word in line.split()]
    return process.pid, {int(pid): int(started) for pid, started in pairs}


def test_a_killed_graders_box_dies_with_it(tmp_path):
    _, seen = killed_grader(tmp_path)
    assert len(seen) >= 2
    wait_for(lambda: all(cgroup.start_time(pid) != started for pid, started in seen.items()))


def test_the_next_grader_removes_its_groups(tmp_path):
    if CgroupV1.probe() is None:
        pytest.skip("needs root and control groups version 1")
    pid, _ = killed_grader(tmp_path)
    memory, pids = own_groups()
    left = [*memory.glob(f"grader-*-{pid}-*"), *pids.glob(f"grader-*-{pid}-*")]
    assert len(left) == 2
    own = [parent / cgroup.group_name() for parent in (memory, pids)]
    for group in own:
        group.mkdir()
    assert CgroupV1.probe() is not None
    assert not any(group.exists() for group in left)
    assert all(group.exists() for group in own)
    for group in own:
        cgroup.remove(group)


def test_a_group_is_removed_with_what_still_runs_in_it():
    """On the kernel's own files, of whichever version this machine has."""
    candidates = [Path("/sys/fs/cgroup", name) for name in ("unified", "pids", "")]
    parent = next((one for one in candidates if os.access(one / "cgroup.procs", os.W_OK)), None)
    if parent is None:
        pytest.skip("run as root: sudo make check")
    group = parent / cgroup.group_name()
    group.mkdir()
    sleeper = subprocess.Popen([*cgroup.join_prefix([group]), "sleep", "1000"])
    wait_for(lambda: str(sleeper.pid) in (group / "cgroup.procs").read_text().split())
    cgroup.remove(group)
    assert not group.exists()
    assert sleeper.wait() == -signal.SIGKILL


def test_a_process_that_cannot_join_never_runs(tmp_path):
    words = [*cgroup.join_prefix([tmp_path / "missing"]), "touch", str(tmp_path / "ran")]
    answer = subprocess.run(words, check=False, capture_output=True)
    assert answer.returncode == 125
    assert not (tmp_path / "ran").exists()
