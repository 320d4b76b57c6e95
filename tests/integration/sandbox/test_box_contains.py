"""What submissions try, and how each ends. After every attack the next box works."""

import os
import socket
import threading

import pytest

from grader.model.outcome import ExitReason
from grader.sandbox import Limits, make_sandbox
from grader.sandbox.limits import choose_mechanism
from grader.sandbox.limits.watchdog import Watchdog
from tests.integration.sandbox.boxes import (
    MIB,
    SMALL,
    alive,
    groups,
    members,
    needs_bubblewrap,
    read,
    wait_for,
)

pytestmark = [needs_bubblewrap(), pytest.mark.box]

TRY = """
import os
def attempt(function, *words):
    try:
        return "GOT THROUGH " + repr(function(*words))
    except OSError as error:
        return type(error).__name__
def tell(text):
    os.write(report, text.encode())
"""


@pytest.fixture(autouse=True)
def _the_next_box_works(boxes):
    yield
    boxes.close()
    box = boxes.open("import os; os.write(report, b'next')")
    assert read(box.evidence_fd) == b"next"
    assert box.close().exit_reason is ExitReason.OK
    assert groups() == []


@pytest.fixture(params=["here", "watchdog"])
def sandbox(request):
    """Boxes under what limits memory on this machine, and under what works everywhere."""
    from grader.sandbox.bubblewrap import Bubblewrap

    if request.param == "watchdog":
        if isinstance(choose_mechanism(), Watchdog):
            pytest.skip("the watchdog is what this machine has, and is tested as such")
        return Bubblewrap(mechanism=Watchdog())
    return make_sandbox("bubblewrap")


def test_the_network(boxes):
    code = TRY + (
        "import socket\n"
        "tell(attempt(socket.create_connection, ('192.0.2.1', 80), 5) + ' ')\n"
        "tell(attempt(socket.getaddrinfo, 'example.org', 80))"
    )
    box = boxes.open(code)
    connected, resolved = read(box.evidence_fd).decode().split(" ")
    assert connected == "OSError"
    assert resolved == "gaierror"


def test_a_service_of_the_host(boxes):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()
        code = (
            TRY + f"import socket; tell(attempt(socket.create_connection, ('127.0.0.1', {port})))"
        )
        box = boxes.open(code)
        assert read(box.evidence_fd) == b"ConnectionRefusedError"


@pytest.mark.parametrize("path", ["/etc/shadow", "/proc/1/root/etc/shadow", "/etc/hostname"])
def test_files_of_the_host(boxes, path):
    assert path.startswith("/proc") or os.path.lexists(path)
    box = boxes.open(TRY + f"tell(attempt(open, {path!r}))")
    assert read(box.evidence_fd) in {b"FileNotFoundError", b"PermissionError"}


def test_another_submission(boxes):
    other = boxes.slot()
    (other.submission / "answers.py").write_text("mine")
    box = boxes.open(TRY + f"tell(attempt(open, {str(other.submission / 'answers.py')!r}))")
    assert read(box.evidence_fd) == b"FileNotFoundError"


def test_no_folder_of_the_host_is_named_in_the_box(boxes):
    """Only the mount table may say where a slot lies: give slots neutral names."""
    slot = boxes.slot()
    box = boxes.open(
        "import os, pathlib\n"
        "seen = [pathlib.Path(f'/proc/{p}/{n}') for p in os.listdir('/proc') if p.isdecimal()\n"
        "        for n in ('cmdline', 'environ', 'comm', 'cgroup')]\n"
        "for file in seen:\n"
        "    try: os.write(report, file.read_bytes())\n"
        "    except OSError: pass",
        slot=slot,
    )
    assert str(slot.root).encode() not in read(box.evidence_fd)


def test_kernel_settings(boxes):
    code = TRY + "tell(attempt(os.open, '/proc/sys/kernel/core_pattern', os.O_WRONLY))"
    box = boxes.open(code)
    assert read(box.evidence_fd) in {b"PermissionError", b"OSError"}


def test_the_submission_and_the_probes_cannot_be_changed(boxes):
    code = TRY + (
        "for path in ('/submission/a', '/inputs/a', '/opt/grader/inside/a', '/usr/a', '/a'):\n"
        "    tell(attempt(open, path, 'w') + ' ')"
    )
    box = boxes.open(code)
    answers = read(box.evidence_fd).decode().split()
    assert len(answers) == 5
    assert set(answers) <= {"OSError", "PermissionError"}


def test_a_fork_bomb(boxes):
    code = (
        "import os, time\n"
        "def bomb():\n"
        "    while True:\n"
        "        try: os.fork()\n"
        "        except OSError:\n"
        "            try: os.write(report, b'.')\n"
        "            except OSError: pass\n"
        "            time.sleep(0.2)\n"
        "bomb()"
    )
    box = boxes.open(code)
    read(box.evidence_fd, 20)
    seen = members(box)
    assert 1 < len(seen) <= SMALL.processes + 4
    box.kill()
    assert box.close().exit_reason is ExitReason.KILLED
    assert alive(seen) == []


def test_one_allocation_of_20_gb(boxes, sandbox):
    code = "import os\ntry: x = bytearray(20 << 30)\nexcept MemoryError: os.write(report, b'clean')"
    box = boxes.open(code, sandbox=sandbox)
    wait_for(lambda: box.over_limit() is not None or box._wait_empty(0))
    answer = read(box.evidence_fd)
    result = box.close()
    # a control group kills at the limit; a limit on data refuses at once
    assert (result.exit_reason is ExitReason.MEMORY) != (answer == b"clean")


def test_memory_bit_by_bit(boxes, sandbox):
    code = "kept = []\nwhile True: kept.append(bytearray(1 << 20))"
    box = boxes.open(code, sandbox=sandbox)
    wait_for(lambda: box.over_limit() is ExitReason.MEMORY)
    result = box.close()
    assert result.exit_reason is ExitReason.MEMORY
    assert SMALL.memory_bytes / 2 < result.peak_memory_bytes < 4 * SMALL.memory_bytes


def test_memory_spread_over_processes(boxes, sandbox):
    code = (
        "import os, time\n"
        "for _ in range(8):\n"
        "    if os.fork() == 0:\n"
        "        kept = [bytearray(1 << 20) for _ in range(64)]\n"
        "        time.sleep(1000)\n"
        "time.sleep(1000)"
    )
    box = boxes.open(code, sandbox=sandbox)
    wait_for(lambda: box.over_limit() is ExitReason.MEMORY)
    seen = members(box)
    assert box.close().exit_reason is ExitReason.MEMORY
    assert alive(seen) == []


def test_shared_memory_is_not_counted_once_per_process(boxes, sandbox):
    """Forked data workers share what was loaded before: five times 100 MiB is 100 MiB."""
    code = (
        "import os, time\n"
        "data = bytes(bytearray(os.urandom(1)) * (100 << 20))\n"
        "children = []\n"
        "for _ in range(4):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        time.sleep(1.0); os._exit(0)\n"
        "    children.append(pid)\n"
        "for pid in children: os.waitpid(pid, 0)\n"
        "os.write(report, b'done')"
    )
    box = boxes.open(code, sandbox=sandbox, limits=SMALL.model_copy(update={"threads": 1}))
    assert read(box.evidence_fd) == b"done"
    assert box.close().exit_reason is ExitReason.OK


def test_memory_no_process_owns(boxes):
    """Memory that only a name or a descriptor holds escapes a watch over processes."""
    code = TRY + (
        "import ctypes\n"
        "tell(attempt(os.memfd_create, 'x') + ' ')\n"
        "libc = ctypes.CDLL(None)\n"
        "tell(str(libc.shmget(0, 4096, 0o1600)))"
    )
    box = boxes.open(code)
    assert read(box.evidence_fd) == b"OSError -1"


def test_10_gb_of_output(boxes):
    code = "import os\nblock = b'x' * (1 << 20)\nfor _ in range(10 * 1024): os.write(1, block)"
    box = boxes.open(code)
    wait_for(lambda: box.over_limit() is ExitReason.OUTPUT_LIMIT)
    result = box.close()
    assert result.exit_reason is ExitReason.OUTPUT_LIMIT
    assert len(result.output) == SMALL.output_bytes


@pytest.mark.parametrize("folder", ["/tmp", "/scratch", "/dev/shm"])
def test_a_full_disk(boxes, folder):
    code = (
        "import os, errno\n"
        f"with open('{folder}/x', 'wb', buffering=0) as file:\n"
        "    try:\n"
        "        while True: file.write(bytes(65536))\n"
        "    except OSError as error:\n"
        "        os.write(report, f'{errno.errorcode[error.errno]} {file.tell()}'.encode())"
    )
    box = boxes.open(code)
    assert read(box.evidence_fd) == b"ENOSPC %d" % SMALL.disk_bytes


def test_a_daemon_that_left_its_session(boxes):
    code = (
        "import os, signal, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "        os.write(report, b'.'); os.closerange(0, 100)\n"
        "        time.sleep(10000)\n"
        "    os._exit(0)\n"
        "os.wait(); os.read(job, 1)"
    )
    box = boxes.open(code)
    read(box.evidence_fd, 1)
    seen = members(box)
    assert len(alive(seen)) >= 2
    os.write(box.job_fd, b".")
    assert box.close().exit_reason is ExitReason.OK
    assert alive(seen) == []


def test_a_worker_killed_by_its_step(boxes):
    """Either the kernel protects it, or the box ends as a crash: never as done."""
    code = (
        "import os, signal\n"
        "worker = os.getpid()\n"
        "if os.fork() == 0:\n"
        "    os.kill(worker, signal.SIGKILL); os._exit(0)\n"
        "os.wait(); os.write(report, b'alive')"
    )
    box = boxes.open(code)
    answer = read(box.evidence_fd)
    expected = ExitReason.OK if answer == b"alive" else ExitReason.CRASH
    assert box.close().exit_reason is expected


def test_boxes_do_not_see_each_other(boxes):
    shout = (
        "import os, socket, time\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('\\0covert')\n"
        "t = socket.create_server(('127.0.0.1', 5555))\n"
        "open('/dev/shm/covert', 'w').write('x'); open('/tmp/covert', 'w').write('x')\n"
        "os.write(report, b'.'); time.sleep(1000)"
    )
    listen = TRY + (
        "import socket\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "tell(attempt(s.connect, '\\0covert') + ' ')\n"
        "tell(attempt(socket.create_connection, ('127.0.0.1', 5555)) + ' ')\n"
        "tell(attempt(open, '/dev/shm/covert') + ' ' + attempt(open, '/tmp/covert'))"
    )
    first = boxes.open(shout)
    read(first.evidence_fd, 1)
    second = boxes.open(listen)
    answers = read(second.evidence_fd).decode().split()
    assert answers == [*["ConnectionRefusedError"] * 2, *["FileNotFoundError"] * 2]


def test_overlays_replace_files_of_the_environment(boxes, tmp_path):
    import pydantic

    sandbox = make_sandbox("bubblewrap")
    target = pydantic.__file__
    mask = tmp_path / "mask"
    mask.write_text("masked")
    mask.chmod(0o644)
    slot = boxes.slot().model_copy(update={"overlays": {target: mask}})
    code = f"import os; os.write(report, open({target!r}).read().encode())"
    box = boxes.open(code, sandbox=sandbox, slot=slot)
    assert read(box.evidence_fd) == b"masked"


def test_an_overlay_that_covers_nothing_is_our_fault_not_the_students(boxes, tmp_path):
    slot = boxes.slot().model_copy(update={"overlays": {"/usr/no/such/file": tmp_path / "gone"}})
    box = boxes.open("pass", slot=slot)
    assert read(box.evidence_fd) == b""
    result = box.close()
    assert result.exit_reason is ExitReason.HARNESS
    assert "gone" in result.detail


def test_killing_from_another_thread_while_closing(boxes):
    for _ in range(10):
        box = boxes.open("import time; time.sleep(1000)", limits=Limits(memory_bytes=64 * MIB))
        killer = threading.Thread(target=box.kill)
        killer.start()
        assert box.close().exit_reason is ExitReason.KILLED
        killer.join()
