"""Who the box runs as: an ordinary user, root that dropped before, root that dropped inside."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.model.outcome import ExitReason
from grader.sandbox import environment
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.environment import Form, PythonEnvironment, may_enter
from tests.integration.sandbox.boxes import members, needs_bubblewrap, read

pytestmark = [needs_bubblewrap(), pytest.mark.box]

SYSTEM_PYTHON = Path("/usr/bin/python3")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="run as root: sudo make check")
readable = pytest.mark.skipif(
    not SYSTEM_PYTHON.exists() or not may_enter(Path("/usr/bin")),
    reason="apt install python3: a Python that every uid may read",
)
IDENTITY = (
    "import os; os.write(report, f'{os.getuid()} {os.getgroups()}'.encode()); os.read(job, 1)"
)


def system_python():
    return PythonEnvironment(executable=str(SYSTEM_PYTHON), folders=())


def uids(box):
    found = set()
    for pid in members(box):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        found |= {
            int(w) for line in lines if line[:4] in {"Uid:", "Gid:"} for w in line.split()[1:]
        }
    return found


@as_root
def test_root_drops_inside_by_default_where_its_python_is_closed(boxes):
    box = boxes.open(IDENTITY, sandbox=Bubblewrap(form=Form.DROPPED_INSIDE))
    assert int(read(box.evidence_fd, 5)) >= 60000
    first, *rest = members(box)
    assert rest
    for pid in rest:
        assert "\t0" not in Path(f"/proc/{pid}/status").read_text().split("Uid:")[1].split("\n")[0]
    status = Path(f"/proc/{first}/status").read_text()
    capabilities = int(status.split("CapEff:\t")[1].split()[0], 16)
    assert capabilities & ~(1 << 6 | 1 << 7 | 1 << 8) == 0  # to drop the uid, and nothing else


@as_root
@readable
def test_root_drops_before_where_its_python_may_be_read(boxes, tmp_path):
    sandbox = Bubblewrap(python=system_python(), form=Form.DROPPED_BEFORE)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o755)
    box = boxes.open(IDENTITY, sandbox=sandbox)
    assert read(box.evidence_fd, 4) == b"1000"
    assert 0 not in uids(box)


@as_root
def test_every_box_has_a_uid_of_its_own_and_gives_it_back(boxes):
    code = "import os; os.write(report, str(os.getuid()).encode()); os.read(job, 1)"
    sandbox = Bubblewrap(form=Form.DROPPED_INSIDE)
    two = [boxes.open(code, sandbox=sandbox) for _ in range(2)]
    first, second = (int(read(box.evidence_fd, 5)) for box in two)
    assert first != second
    two[0].close()
    again = boxes.open(code, sandbox=sandbox)
    assert int(read(again.evidence_fd, 5)) == first


@as_root
def test_a_form_that_is_not_possible_makes_no_box(boxes, tmp_path):
    """A folder that the dropped uid may not enter: nothing runs, least of all as root."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "python").symlink_to(sys.executable)
    python = PythonEnvironment(executable=sys.executable, folders=(closed,))
    sandbox = Bubblewrap(python=python, form=Form.DROPPED_BEFORE)
    box = boxes.open("import os; os.write(report, b'ran')", sandbox=sandbox)
    assert read(box.evidence_fd) == b""
    result = box.close()
    assert result.exit_reason is ExitReason.HARNESS
    assert "Permission denied" in result.detail


def test_the_form_is_chosen_from_the_slot_too(boxes, monkeypatch):
    chosen = []

    def choose(needed):
        chosen.extend(needed)
        return environment.choose_form(chosen)

    monkeypatch.setattr("grader.sandbox.bubblewrap.choose_form", choose)
    slot = boxes.slot()
    boxes.open("pass", slot=slot)
    assert slot.submission in chosen
    assert slot.inputs in chosen


@as_root
@readable
def test_an_ordinary_user_passes_the_self_check():
    """A subprocess without any power, with the system's Python: what a TA's account has."""
    import pydantic_core

    packages = Path(pydantic_core.__file__).parent.parent
    checkout = Path(environment.__file__).parents[2]
    if not may_enter(packages) or not may_enter(checkout):
        pytest.skip("the checkout and its environment lie where no other user may read")
    probe = subprocess.run(
        [SYSTEM_PYTHON, "-c", "import pydantic"],
        env={"PYTHONPATH": str(packages)},
        capture_output=True,
        check=False,
    )
    if probe.returncode:
        pytest.skip("the system's Python is of another version than the environment's packages")
    code = (
        "from grader.sandbox import make_sandbox\n"
        "found = make_sandbox('bubblewrap').self_check()\n"
        "print(len(found), [one for one in found if not one.holds])"
    )
    answer = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", SYSTEM_PYTHON, "-Bc", code],
        env={"PYTHONPATH": f"{checkout}:{packages}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert answer.stdout.endswith(" []\n"), answer.stdout + answer.stderr
    assert int(answer.stdout.split()[0]) > 20
