"""What every backend must do, whatever it promises."""

import os
import threading
from pathlib import Path

import pytest

from grader.errors import UnknownNameError
from grader.model.outcome import ExitReason
from grader.sandbox import Limits, make_sandbox
from grader.sandbox.limits.cgroup import start_time
from tests.integration.sandbox.boxes import SMALL, alive, read, wait_for

HELLO = "import os; os.write(report, b'hello'); print('said')"
WAIT = "import time; import os; os.write(report, b'.'); time.sleep(1000)"


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_an_unknown_sandbox_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match="bubblewrap"):
        make_sandbox("bublewrap")


def test_it_runs_reports_and_ends_well(boxes, sandbox_name):
    box = boxes.open(HELLO, sandbox=sandbox_name)
    assert read(box.evidence_fd) == b"hello"
    result = box.close()
    assert result.exit_reason is ExitReason.OK
    assert result.output == b"said\n"


def test_the_worker_says_ready_and_ends_without_a_job(boxes, sandbox_name):
    box = make_sandbox(sandbox_name).open(boxes.slot(), Limits())
    try:
        assert read(box.evidence_fd, 1) == b"R"
    finally:
        assert box.close().exit_reason is ExitReason.OK


def test_a_job_goes_in(boxes, sandbox_name):
    echo = "import os; os.write(report, os.read(job, 100))"
    box = boxes.open(echo, sandbox=sandbox_name)
    os.write(box.job_fd, b"do this")
    assert read(box.evidence_fd) == b"do this"


def test_the_slot_may_be_filled_after_the_box_started(boxes, sandbox_name):
    code = "import os; os.read(job, 1); path = os.read(job, 4096).decode()\n"
    code += "os.write(report, open(path).read().encode())"
    slot = boxes.slot()
    box = boxes.open(code, sandbox=sandbox_name, slot=slot)
    (slot.submission / "net.py").write_text("late")
    os.write(box.job_fd, b".")
    os.write(box.job_fd, f"{box.submission_path}/net.py".encode())
    assert read(box.evidence_fd) == b"late"


def test_inputs_are_there_and_scratch_can_be_written(boxes, sandbox_name):
    code = "import os; inputs, scratch = os.read(job, 4096).decode().split('|')\n"
    code += "open(scratch + '/x', 'w').write(open(inputs + '/n').read())\n"
    code += "os.write(report, open(scratch + '/x').read().encode())"
    slot = boxes.slot()
    (slot.inputs / "n").write_text("numbers")
    box = boxes.open(code, sandbox=sandbox_name, slot=slot)
    os.write(box.job_fd, f"{box.inputs_path}|{box.scratch_path}".encode())
    assert read(box.evidence_fd) == b"numbers"


@pytest.mark.parametrize(
    "code",
    ["raise SystemExit(3)", "import os; os._exit(1)", "import os; os.abort()", "1/0"],
)
def test_a_worker_that_dies_is_a_crash(boxes, sandbox_name, code):
    box = boxes.open(code, sandbox=sandbox_name)
    read(box.evidence_fd)
    assert box.close().exit_reason is ExitReason.CRASH


def test_what_we_end_is_killed(boxes, sandbox_name):
    box = boxes.open(WAIT, sandbox=sandbox_name)
    read(box.evidence_fd, 1)
    box.kill()
    box.kill()
    assert box.close().exit_reason is ExitReason.KILLED


def test_a_worker_that_does_not_end_is_ended_by_closing(boxes, sandbox_name):
    box = boxes.open(WAIT, sandbox=sandbox_name)
    read(box.evidence_fd, 1)
    result = box.close()
    assert result.exit_reason is ExitReason.KILLED
    assert box.close() is result
    assert box.job_fd == box.evidence_fd == -1  # these numbers may be other files' by now


def test_a_flood_of_output_ends_the_box(boxes, sandbox_name):
    code = "import os\nfor _ in range(10 * 1024 * 16): os.write(1, b'x' * 65536)"
    box = boxes.open(code, sandbox=sandbox_name)
    wait_for(lambda: box.over_limit() is ExitReason.OUTPUT_LIMIT)
    result = box.close()
    assert result.exit_reason is ExitReason.OUTPUT_LIMIT
    assert result.output == b"x" * SMALL.output_bytes


def test_output_just_below_the_limit_is_fine(boxes, sandbox_name):
    code = f"import os; os.write(2, b'y' * 65536)  # {SMALL.output_bytes}"
    box = boxes.open(code, sandbox=sandbox_name)
    read(box.evidence_fd)
    result = box.close()
    assert result.exit_reason is ExitReason.OK
    assert len(result.output) == SMALL.output_bytes


def test_nothing_of_ours_leaks_into_the_box_and_nothing_stays_open(boxes, sandbox_name):
    secret = os.memfd_create("secret")
    os.set_inheritable(secret, True)
    for _ in range(2):  # the launcher and the mechanism are made once
        boxes.open("pass", sandbox=sandbox_name).close()
    before = descriptors()
    code = (
        "import os; held = [int(n) for n in os.listdir('/proc/self/fd')]\n"
        "held = [n for n in held if os.path.lexists(f'/proc/self/fd/{n}')]\n"
        "os.write(report, repr(sorted(set(held) - {0, 1, 2, job, report})).encode())"
    )
    box = boxes.open(code, sandbox=sandbox_name)
    assert read(box.evidence_fd) == b"[]"
    box.close()
    os.close(secret)
    assert descriptors() == before - 1


def test_a_box_outlives_the_thread_that_opened_it(boxes, sandbox_name):
    opened = []
    code = "import os; os.write(report, os.read(job, 1))"
    thread = threading.Thread(target=lambda: opened.append(boxes.open(code, sandbox=sandbox_name)))
    thread.start()
    thread.join()
    os.write(opened[0].job_fd, b"z")
    assert read(opened[0].evidence_fd) == b"z"
    assert opened[0].close().exit_reason is ExitReason.OK


def test_many_threads_open_boxes_at_once(boxes, sandbox_name):
    reasons = []

    def one():
        box = boxes.open(HELLO, sandbox=sandbox_name)
        answer = read(box.evidence_fd)
        reasons.append((answer, box.close().exit_reason))

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reasons == [(b"hello", ExitReason.OK)] * 6


def test_every_limit_says_what_enforces_it(sandbox_name):
    mechanisms = make_sandbox(sandbox_name).limit_mechanisms()
    assert set(mechanisms) == {"memory", "processes", "disk", "output", "wall time"}
    assert all(mechanisms.values())


def test_an_isolating_sandbox_marks_its_boxes_and_no_other_does(boxes, sandbox_name, monkeypatch):
    monkeypatch.setenv("GRADER_BOX", "1")
    code = "import os; os.write(report, os.environ.get('GRADER_BOX', '').encode())"
    box = boxes.open(code, sandbox=sandbox_name)
    assert bool(read(box.evidence_fd)) is make_sandbox(sandbox_name).isolated


def test_a_process_that_ignores_requests_to_end_is_gone(boxes, sandbox_name):
    code = (
        "import os, signal, time\n"
        "for n in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:\n"
        "    signal.signal(n, signal.SIG_IGN)\n"
        "os.write(report, b'.')\n"
        "while True: time.sleep(1)"
    )
    box = boxes.open(code, sandbox=sandbox_name)
    read(box.evidence_fd, 1)
    pid = getattr(box, "pid", None) or box._process.pid
    seen = {pid: start_time(pid)}
    assert alive(seen)
    box.kill()
    assert box.close().exit_reason is ExitReason.KILLED
    assert alive(seen) == []


def test_without_isolation_only_the_probes_can_be_imported(boxes):
    """Beside the probes lie `model`, `report` and others: names that students use too."""
    sandbox = make_sandbox("none")
    slot = boxes.slot()
    box = sandbox.open(slot, Limits())
    assert read(box.evidence_fd, 1) == b"R"
    box.close()
    assert [path.name for path in (slot.root / "library").iterdir()] == ["inside"]
    assert Path(slot.root / "library" / "inside" / "worker.py").is_file()
