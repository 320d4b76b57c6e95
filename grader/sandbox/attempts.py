"""What the self-check tries from inside a box. Standard library only: its text is run there.

Every attempt returns how it was stopped, or raises `BreachError`. Nothing is ever written where it
would do harm: files are opened for writing and closed again.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib.util
import json
import os
import platform
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

WRITABLE = ("/tmp", "/scratch", "/dev/shm")  # noqa: S108 - the box's own
NEW_USER_NAMESPACE = 0x10000000

SYSTEM_CALLS = {
    "x86_64": {
        "ptrace": (101, 0, 0, 0, 0),
        "process_vm_readv": (310, 1, 0, 0, 0, 0, 0),
        "mount": (165, b"none", b"/tmp", b"tmpfs", 0, 0),
        "unshare": (272, NEW_USER_NAMESPACE),
        "setns": (308, -1, 0),
        "keyctl": (250, 0, -3, 0, 0),
        "add_key": (248, b"user", b"x", b"x", 1, -3),
        "io_uring_setup": (425, 1, 0),
        "userfaultfd": (323, 1),
        "bpf": (321, 0, 0, 0),
        "perf_event_open": (298, 0, 0, -1, -1, 0),
        "kexec_load": (246, 0, 0, 0, 0),
        "open_by_handle_at": (304, -1, 0, 0),
        "memfd_create": (319, b"x", 0),
    },
    "aarch64": {
        "ptrace": (117, 0, 0, 0, 0),
        "process_vm_readv": (270, 1, 0, 0, 0, 0, 0),
        "mount": (40, b"none", b"/tmp", b"tmpfs", 0, 0),
        "unshare": (97, NEW_USER_NAMESPACE),
        "setns": (268, -1, 0),
        "keyctl": (219, 0, -3, 0, 0),
        "add_key": (217, b"user", b"x", b"x", 1, -3),
        "io_uring_setup": (425, 1, 0),
        "userfaultfd": (282, 1),
        "bpf": (280, 0, 0, 0),
        "perf_event_open": (241, 0, 0, -1, -1, 0),
        "kexec_load": (104, 0, 0, 0, 0),
        "open_by_handle_at": (265, -1, 0, 0),
        "memfd_create": (279, b"x", 0),
    },
}
"""Numbers and arguments that, without a filter, do nothing or fail otherwise."""

REFUSED = (errno.EPERM, errno.ENOSYS)


class BreachError(Exception):
    """The box did not hold."""


def read_file(path: str) -> str:
    """Read a file of the host by its name, and through other processes' roots."""
    told = []
    for prefix in ("", "/proc/1/root", "/proc/self/root"):
        try:
            text = Path(prefix + path).read_bytes()[:40]
        except OSError as error:
            told.append(str(error.strerror))
        else:
            raise BreachError(f"{prefix}{path} was read: {len(text)} bytes")
    return told[0]


def see_paths(paths: list[str]) -> str:
    """Look for what only the host may have."""
    seen = [path for path in paths if os.path.lexists(path)]
    if seen:
        raise BreachError("visible: " + ", ".join(seen[:5]))
    return "none of them is there"


def import_grader(names: list[str]) -> str:
    """Look for the grader's code among what can be imported."""
    for name in names:
        with contextlib.suppress(ImportError):
            if importlib.util.find_spec(name) is not None:
                raise BreachError(f"{name} can be imported")
    return "not importable"


def reach_network(address: str) -> str:
    """Connect to the world, by name and by number."""
    told = ""
    for family, target in ((socket.AF_INET, (address, 53)), (socket.AF_INET6, ("2001:db8::1", 53))):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                with socket.socket(family, kind) as one:
                    one.settimeout(1.0)
                    one.connect(target)
                    raise BreachError(f"connected to {target[0]}")
            except TimeoutError:
                raise BreachError("packets left the box, only nobody answered") from None
            except OSError as error:
                told = told or str(error.strerror or error)
    return told


def reach_service(where: int | str) -> str:
    """Connect to a service on the host: a port, a socket file, an abstract name (`@name`)."""
    target: Any = where
    if isinstance(where, int):
        family, target = socket.AF_INET, ("127.0.0.1", where)
    else:
        family, target = socket.AF_UNIX, "\0" + where[1:] if where.startswith("@") else where
    try:
        with socket.socket(family, socket.SOCK_STREAM) as one:
            one.settimeout(2.0)
            one.connect(target)
    except OSError as error:
        return str(error.strerror or error)
    raise BreachError(f"connected to the host's {where}")


def open_kernel_settings() -> str:
    """Open the kernel's settings for writing. Never writes."""
    names = ["sys/kernel/core_pattern", "sys/kernel/modprobe", "sys/kernel/hostname"]
    names += ["sys/vm/overcommit_memory", "sys/net/ipv4/ip_forward", "sysrq-trigger"]
    told = ""
    for name in names:
        try:
            os.close(os.open(f"/proc/{name}", os.O_WRONLY))
        except OSError as error:
            told = told or str(error.strerror)
        else:
            raise BreachError(f"/proc/{name} opened for writing")
    return told


def make_system_calls() -> str:
    """Make the system calls that must be refused."""
    libc = ctypes.CDLL(None, use_errno=True)
    calls = SYSTEM_CALLS[platform.machine()]
    for name, words in calls.items():
        pid = os.fork()  # one that gets through changes the process that made it
        if pid == 0:
            arguments = [word if isinstance(word, bytes) else ctypes.c_long(word) for word in words]
            result = libc.syscall(*arguments)
            os._exit(ctypes.get_errno() if result == -1 else 0)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code not in REFUSED:
            raise BreachError(f"{name}: {errno.errorcode.get(code, f'result {code}')}")
    for family in (40, 17, 38, 44):  # vsock, packets, kernel crypto, express data path
        try:
            socket.socket(family, socket.SOCK_DGRAM).close()
        except OSError as error:
            if error.errno != errno.EAFNOSUPPORT:
                raise BreachError(f"socket family {family}: {error.strerror}") from None
        else:
            raise BreachError(f"a socket of family {family} was opened")
    return f"{len(calls)} system calls and 4 socket families refused"


def write_mounts() -> str:
    """Create a file in every mounted folder that should be read-only, open every mounted file."""
    tried = 0
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        point = line.split()[4].encode().decode("unicode_escape")
        if point in {*WRITABLE, "/proc", "/dev/pts"} or point.startswith("/proc/"):
            continue
        if Path(point).is_dir():
            name = f"{point.rstrip('/')}/grader-self-check"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        elif Path(point).is_file():
            name, flags = point, os.O_WRONLY
        else:
            continue  # a device
        tried += 1
        try:
            os.close(os.open(name, flags))
        except OSError:
            continue
        if flags & os.O_CREAT:
            Path(name).unlink()
        raise BreachError(f"{point} can be written")
    if tried < 3:  # noqa: PLR2004 - system, Python, probes at least
        raise BreachError(f"only {tried} mounts found: this is not the box we know")
    return f"{tried} mounts are read-only"


def hold_descriptors(allowed: list[int]) -> str:
    """Look at what was inherited."""
    held = {int(name) for name in os.listdir("/proc/self/fd")}  # noqa: PTH208
    held = {fd for fd in held if os.path.lexists(f"/proc/self/fd/{fd}")}  # not the listing's own
    if extra := held - set(allowed):
        links = {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in extra}  # noqa: PTH115
        raise BreachError(f"inherited {links}")
    standard_input = os.readlink("/proc/self/fd/0")  # noqa: PTH115
    if standard_input != "/dev/null":
        raise BreachError(f"standard input is {standard_input}")
    return f"only {sorted(held)}"


def keep_power() -> str:
    """Look for a user, groups or capabilities worth having; try to become root."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        if int(status[name], 16):
            raise BreachError(f"{name} is {status[name]}")
    if "0" in status["Uid"].split() or "0" in status["Gid"].split():
        raise BreachError(f"uid {status['Uid']}, gid {status['Gid']}")
    if set(status["Groups"].split()) & {"0"}:
        raise BreachError(f"groups {status['Groups']}")
    if status["NoNewPrivs"] != "1" or status["Seccomp"] != "2":
        raise BreachError(f"no-new-privs {status['NoNewPrivs']}, seccomp {status['Seccomp']}")
    for become in (os.setuid, os.setgid):
        try:
            become(0)
        except OSError:
            continue
        raise BreachError("became root")
    return f"uid {os.getuid()}, no capabilities, no new privileges"


def see_processes() -> str:
    """Look for processes that are not the box's own."""
    pids = sorted(int(name) for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208
    others = [pid for pid in pids if pid != os.getpid()]
    if others not in ([], [1]):
        raise BreachError(f"{len(others)} others are visible")
    for pid in others:
        for name in ("environ", "mem", "maps", "fd/0"):
            try:
                os.close(os.open(f"/proc/{pid}/{name}", os.O_RDONLY))
            except OSError:
                continue
            raise BreachError(f"/proc/{pid}/{name} can be opened")
        with contextlib.suppress(PermissionError):
            os.kill(pid, 0)
            raise BreachError(f"process {pid} can be signalled")
    return "the box's first process, out of reach" if others else "none"


def overfill_disk(limit: int) -> str:
    """Write more than a memory file system may hold."""
    block = bytes(1 << 16)
    for folder in WRITABLE:
        name = Path(folder, "flood")
        written = 0
        try:
            with name.open("wb", buffering=0) as file:
                while written <= limit:
                    written += file.write(block)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise BreachError(f"{folder}: {error.strerror}") from None
        finally:
            name.unlink(missing_ok=True)
        if written > limit:
            raise BreachError(f"{folder} took {written} bytes, its limit is {limit}")
    return f"no space left at {limit} bytes"


def do_the_work(token: str, prefix: str) -> str:
    """Do what honest code needs: the positive control. Raises when it cannot."""
    if Path("/submission/token").read_text(encoding="ascii") != token:
        raise RuntimeError("the submission is not what was put there")
    if Path("/inputs/token").read_text(encoding="ascii") != token:
        raise RuntimeError("the inputs are not what was put there")
    for folder in WRITABLE:
        file = Path(folder, "control")
        file.write_text(token, encoding="ascii")
        if file.read_text(encoding="ascii") != token:
            raise RuntimeError(f"{folder} does not keep what is written")
        file.unlink()
    if sys.prefix != prefix:
        raise RuntimeError(f"Python's prefix is {sys.prefix}")
    sys.path.insert(0, "/opt/grader")
    if importlib.util.find_spec("inside.worker") is None:
        raise RuntimeError("the probes are not there")
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(1))
    thread.start()
    thread.join()
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    _, status = os.waitpid(pid, 0)
    if answers != [1] or os.waitstatus_to_exitcode(status) != 7:  # noqa: PLR2004
        raise RuntimeError("threads or processes do not work")
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=2).close()
    return "files, threads, processes and loopback work"


ATTEMPTS: dict[str, Callable[..., str]] = {
    function.__name__: function
    for function in (
        *(do_the_work, read_file, see_paths, import_grader, reach_network, reach_service),
        *(open_kernel_settings, make_system_calls, write_mounts, hold_descriptors, keep_power),
        *(see_processes, overfill_disk),
    )
}


def attempt(name: str, words: list[Any]) -> dict[str, Any]:
    """Try one and say how it went."""
    try:
        return {"stopped": True, "detail": ATTEMPTS[name](*words)}
    except BreachError as error:
        return {"stopped": False, "detail": str(error)}
    except Exception as error:  # noqa: BLE001 - an attempt that breaks proves nothing
        return {"stopped": False, "detail": f"{type(error).__name__}: {error}"}


def main(arguments: list[str]) -> None:
    """Try everything asked for and report on a descriptor.

    Args:
        arguments: The descriptor to report on, the one to wait on after it, and JSON
            `[[property, attempt, words], …]`.
    """
    report_fd, wait_fd = int(arguments[0]), int(arguments[1])
    results = {key: attempt(name, words) for key, name, words in json.loads(arguments[2])}
    if wait_fd >= 0:
        leave_a_daemon()
    os.write(report_fd, json.dumps(results).encode() + b"\n")
    if wait_fd >= 0:
        os.read(wait_fd, 1)


def leave_a_daemon() -> None:
    """Start a process that nobody waits for and that ignores being asked to end."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            os.closerange(0, 1024)
            threading.Event().wait()
        os._exit(0)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
