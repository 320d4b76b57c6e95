"""Every mechanism that limits boxes, forced in turn, stops the same bombs for the same reasons."""

import pytest

from grader.model.outcome import ExitReason
from grader.sandbox.bubblewrap import Bubblewrap
from tests.integration.sandbox.boxes import (
    SMALL,
    alive,
    groups,
    members,
    needs_bubblewrap,
    read,
    wait_for,
)
from tests.integration.sandbox.mechanisms import NAMES, forced

pytestmark = [needs_bubblewrap(), pytest.mark.box]

MEMORY = (
    "import os\n"
    "if os.fork() == 0:\n"
    "    kept = []\n"
    "    while True: kept.append(bytearray(1 << 20))\n"
    "os.wait()"
)
SPREAD = (
    "import os, time\n"
    "for _ in range(8):\n"
    "    if os.fork() == 0:\n"
    "        kept = [bytearray(b'x' * (1 << 20)) for _ in range(64)]\n"
    "        time.sleep(1000)\n"
    "time.sleep(1000)"
)
FORKS = (
    "import os, time\n"
    "made = 0\n"
    "try:\n"
    "    while made < 2000:\n"
    "        if os.fork() == 0: time.sleep(1000)\n"
    "        made += 1\n"
    "except OSError: pass\n"
    "os.write(report, b'%d\\n' % made); time.sleep(1000)"
)
EMPTY = (
    "import os\n"
    "made = 0\n"
    "while True:\n"
    "    os.close(os.open(f'/scratch/{made}', os.O_CREAT | os.O_EXCL))\n"
    "    made += 1"
)
FLOOD = "import os\nwhile True: os.write(1, b'x' * 65536)"


@pytest.fixture(params=NAMES)
def sandbox(request):
    made = Bubblewrap(mechanism=forced(request.param))
    yield made
    assert groups() == []


def test_the_whole_self_check_holds(sandbox):
    found = sandbox.self_check()
    assert [one for one in found if not one.holds] == []
    assert sandbox.limit_mechanisms()["memory"] == sandbox.mechanism.memory


@pytest.mark.parametrize("code", [MEMORY, SPREAD], ids=["one process", "eight processes"])
def test_a_memory_bomb_ends_for_its_memory(boxes, sandbox, code):
    box = boxes.open(code, sandbox=sandbox)
    wait_for(lambda: box.over_limit() is ExitReason.MEMORY)
    seen = members(box)
    result = box.close()
    assert result.exit_reason is ExitReason.MEMORY
    assert "memory" in result.detail
    assert result.peak_memory_bytes > SMALL.memory_bytes / 2
    assert alive(seen) == []


@pytest.mark.parametrize("sandbox", [n for n in NAMES if "cgroup" in n], indirect=True)
def test_empty_files_without_end_count_as_memory(boxes, sandbox):
    box = boxes.open(EMPTY, sandbox=sandbox)
    wait_for(lambda: box.over_limit() is not None)
    assert box.close().exit_reason is ExitReason.MEMORY


def test_a_fork_bomb_gets_no_more_than_its_processes_and_goes(boxes, sandbox):
    box = boxes.open(FORKS, sandbox=sandbox)
    data = b""
    while not data.endswith(b"\n"):
        data += read(box.evidence_fd, 1)
    assert 0 < int(data) <= SMALL.processes
    seen = members(box)
    assert len(seen) > 1
    box.kill()
    assert box.close().exit_reason is ExitReason.KILLED
    assert alive(seen) == []


def test_a_flood_of_output_ends_for_its_output(boxes, sandbox):
    box = boxes.open(FLOOD, sandbox=sandbox)
    wait_for(lambda: box.over_limit() is not None)
    result = box.close()
    assert result.exit_reason is ExitReason.OUTPUT_LIMIT
    assert len(result.output) == SMALL.output_bytes


def test_honest_work_ends_well(boxes, sandbox):
    code = "import os; kept = bytearray(64 << 20); os.write(report, b'done')"
    box = boxes.open(code, sandbox=sandbox)
    assert read(box.evidence_fd) == b"done"
    assert box.close().exit_reason is ExitReason.OK
