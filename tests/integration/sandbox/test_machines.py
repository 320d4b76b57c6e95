"""The whole of `grade doctor` on other machines than this one: an ordinary user's, one without
control groups, and both. What an account has to have is made here, or the reason is said."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import grader
from grader.sandbox.environment import may_enter
from tests.integration.sandbox.boxes import needs_bubblewrap

pytestmark = [
    needs_bubblewrap(),
    pytest.mark.box,
    pytest.mark.skipif(os.geteuid() != 0, reason="run as root: sudo make check"),
]

CHECKOUT = Path(grader.__file__).parents[1]
SYSTEM_PYTHON = "/usr/bin/python3"
AN_ORDINARY_USER = (
    "setpriv",
    "--reuid=65532",
    "--regid=65532",
    "--clear-groups",
    "--bounding-set=-all",
    "--inh-caps=-all",
)
NO_GROUPS = (
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount -t tmpfs -o mode=755 none /sys/fs/cgroup && exec "$@"',
    "sh",
)

DOCTOR = "from grader.cli.main import main; main()"
POWERLESS = """
import os, sys, pydantic, click, rich
os.listdir(sys.base_prefix)
assert "CapEff:\\t0000000000000000" in open("/proc/self/status").read()
print("fine")
"""
SMALL_BOX = """
import os, sys, tempfile
from pathlib import Path
from grader.sandbox import Limits, Slot, make_sandbox
with tempfile.TemporaryDirectory() as folder:
    slot = Slot(root=Path(folder, "slot"))
    for place in (slot.submission, slot.inputs):
        place.mkdir(parents=True)
    (slot.submission / "hw.py").write_text("print(6 * 7)")
    def command(job, report):
        code = "import os; exec(open('/submission/hw.py').read()); "
        code += f"os.write({report}, b'%d' % os.getuid())"
        return [sys.executable, "-I", "-B", "-c", code]
    box = make_sandbox("bubblewrap").open(slot, Limits(), command=command)
    told = os.read(box.evidence_fd, 100)
    ended = box.close()
    print(os.getuid(), told.decode(), ended.exit_reason.value, ended.output.decode().strip())
"""


def other(*before, python=sys.executable):
    """Run our Python as another machine or user would; the environment must be open to it."""

    def run(*words):
        return subprocess.run(
            [*before, python, "-B", *words],
            env={"PYTHONPATH": PATHS, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )

    return run


def packages():
    import pydantic_core

    return Path(pydantic_core.__file__).parents[1]


PATHS = f"{CHECKOUT}:{packages()}"


def as_an_ordinary_user(*more):
    """A Python of this version that every uid may read, with our packages."""
    if not may_enter(packages()) or not may_enter(CHECKOUT):
        pytest.skip("the checkout and its environment lie where no other user may read")
    own = [sys.executable] if may_enter(Path(sys.base_prefix)) else []
    for python in (*own, SYSTEM_PYTHON):
        run = other(*more, *AN_ORDINARY_USER, python=python)
        if run("-c", POWERLESS).stdout == "fine\n":
            break
    else:
        pytest.skip("no Python of this version that another user may run: apt install python3")
    words = [*AN_ORDINARY_USER, "bwrap", "--unshare-user", "--ro-bind", "/", "/", "true"]
    answer = subprocess.run(words, check=False, capture_output=True, text=True)
    if answer.returncode:
        pytest.skip(f"user namespaces are not for ordinary users here: {answer.stderr.strip()}")
    return run


def without_groups():
    answer = subprocess.run([*NO_GROUPS, "true"], check=False, capture_output=True, text=True)
    if answer.returncode:
        pytest.skip(f"no mount namespace to hide control groups in: {answer.stderr.strip()}")
    return NO_GROUPS


def report(run):
    answer = run("-c", DOCTOR, "doctor", "--json")
    assert answer.stdout, answer.stderr
    found = json.loads(answer.stdout)
    broken = [one for one in found["properties"] if not one["holds"]]
    assert broken == [], answer.stderr
    assert answer.returncode == 0
    return found


def in_use(found):
    (active,) = (one["name"] for one in found["mechanisms"] if one["holds"])
    assert active == found["limits"]["memory"]
    return active


def names(found):
    return {one["name"].split(" (")[0] for one in found["properties"]}


def test_an_ordinary_users_machine_is_checked_by_the_same_list():
    mine = report(as_an_ordinary_user())
    roots = report(other())
    assert names(roots) - names(mine) == {"uid as seen from outside"}
    assert names(mine) <= names(roots)


def test_an_ordinary_user_runs_a_real_box():
    answer = as_an_ordinary_user()("-c", SMALL_BOX)
    assert answer.stdout == "65532 1000 ok 42\n", answer.stderr


def test_a_machine_without_control_groups_has_the_watchdog_and_says_what_is_better():
    found = report(other(*without_groups()))
    assert in_use(found) == "watchdog and RLIMIT_DATA"
    better = {one["name"]: one["mend"] for one in found["mechanisms"] if not one["holds"]}
    assert set(better) == {"cgroup v2", "cgroup v1"}
    assert "systemd-run" in better["cgroup v2"]
    assert "root" in better["cgroup v1"]
    assert {"memory bomb", "fork bomb", "output flood"} <= names(found)


def test_an_ordinary_user_without_control_groups_may_grade():
    found = report(as_an_ordinary_user(*without_groups()))
    assert in_use(found) == "watchdog and RLIMIT_DATA"


def test_people_read_the_same_as_json_says():
    found = report(other())
    answer = other()("-c", DOCTOR, "doctor")
    assert answer.returncode == 0
    text = " ".join(answer.stdout.split())
    for one in found["properties"]:
        assert one["name"].split(" (")[0] in text
    assert f"limits by {in_use(found)}: in use" in text
