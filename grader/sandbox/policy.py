"""The policy as data: what a box sees and may do, turned into one argv. Pure.

The box's root folder, all of it read-only but the three marked *:

    /usr, /bin, /lib…     the system's programs and libraries
    <the Python>          at its own path, so that it finds itself
    /submission, /inputs  from the slot
    /opt/grader/inside    the probes
    /tmp*, /scratch*, /dev/shm*   memory file systems of a fixed size, gone with the box
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from grader.model.base import Record
from grader.sandbox.box import DATA, Limits
from grader.sandbox.environment import Form, PythonEnvironment

__all__ = ["BOX_UID", "Plan", "box_argv", "box_options", "environment", "worker_command"]

BOX_UID = 1000
"""What the student's code sees inside a user namespace. Outside it is another, powerless one."""

INSIDE = "/opt/grader"
SUBMISSION = "/submission"
INPUTS = "/inputs"
SCRATCH = "/scratch"

SYSTEM_LINKS = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime")

CAPABILITIES_TO_DROP_UID = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")

USERS = "root:x:0:0::/:/usr/sbin/nologin\nstudent:x:{uid}:{uid}::/scratch:/bin/sh\n"
GROUPS = "root:x:0:\nstudent:x:{uid}:\n"


class Plan(Record):
    """Everything that decides the argv of one box."""

    form: Form
    bwrap: str
    setpriv: str
    prlimit: str
    python: PythonEnvironment
    inside: Path
    """The host's folder with the probes."""
    submission: Path
    inputs: Path
    overlays: Mapping[str, Path] = {}
    data: Mapping[str, Path] = {}
    """Name of a served dataset → its folder on the host."""
    limits: Limits
    uid: int = BOX_UID
    """Who the box runs as outside. Ignored by an ordinary user's box."""
    data_bytes: int | None = None
    """RLIMIT_DATA of each process, where no control group counts memory."""
    system_links: Mapping[str, str] = {}
    """Top-level name → target, such as `lib` → `usr/lib`; empty target: bind the folder."""
    gpu: tuple[str, ...] = ()
    seccomp_fd: int = -1
    """The descriptors are given when the box starts."""
    options_fd: int = -1
    status_fd: int = -1
    passwd_fd: int = -1
    group_fd: int = -1

    @property
    def seen_uid(self) -> int:
        """The uid that the student's code sees."""
        return self.uid if self.form is Form.DROPPED_INSIDE else BOX_UID


def worker_command(python: str, library: str, job_fd: int, evidence_fd: int) -> list[str]:
    """Return the command of the box's worker.

    Args:
        python: The interpreter.
        library: The folder that holds `inside/`.
        job_fd: Read end of the job pipe.
        evidence_fd: Write end of the evidence pipe.
    """
    code = (
        f"import sys; sys.path.insert(0, {library!r}); "
        f"from inside.worker import main; main({job_fd}, {evidence_fd})"
    )
    return [python, "-I", "-B", "-u", "-c", code]


def environment(python: str, threads: int, *, gpu: bool) -> dict[str, str]:
    """Return every variable a box has."""
    cores = str(threads)
    variables = {
        "GRADER_BOX": "1",
        "HOME": SCRATCH,
        "USER": "student",
        "LOGNAME": "student",
        "PATH": f"{Path(python).parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",  # noqa: S108 - the box's own
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": "/tmp/mpl",  # noqa: S108
        "XDG_CACHE_HOME": "/tmp/cache",  # noqa: S108
        "TORCH_HOME": "/tmp/torch",  # noqa: S108
        "IPYTHONDIR": "/tmp/ipython",  # noqa: S108
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": cores,
        "MKL_NUM_THREADS": cores,
        "OPENBLAS_NUM_THREADS": cores,
    }
    if not gpu:
        variables["CUDA_VISIBLE_DEVICES"] = ""
    return variables


def box_argv(plan: Plan, command: Sequence[str]) -> list[str]:
    """Return the argv: dropped uid, bubblewrap, limits, command.

    The options go through a descriptor, because a command line can be read from inside, and it
    would name the host's folders.
    """
    return [
        *_before(plan),
        *(plan.bwrap, "--args", str(plan.options_fd), "--"),
        *_limits(plan),
        *_inside(plan),
        *command,
    ]


def box_options(plan: Plan) -> list[str]:
    """Return bubblewrap's options."""
    return [
        *_namespaces(plan),
        *_environment(plan),
        *_mounts(plan),
        *("--chdir", SCRATCH),
        *("--seccomp", str(plan.seccomp_fd), "--json-status-fd", str(plan.status_fd)),
    ]


def _drop_uid(plan: Plan) -> list[str]:
    uid = str(plan.uid)
    return [plan.setpriv, "--reuid", uid, "--regid", uid, "--clear-groups", "--no-new-privs"]


def _before(plan: Plan) -> list[str]:
    return _drop_uid(plan) if plan.form is Form.DROPPED_BEFORE else []


def _inside(plan: Plan) -> list[str]:
    if plan.form is not Form.DROPPED_INSIDE:
        return []
    return [*_drop_uid(plan), "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"]


def _limits(plan: Plan) -> list[str]:
    # inside, because outside the count of processes is shared by everything of the uid
    words = [plan.prlimit, f"--nproc={plan.limits.processes}", "--core=0"]
    if plan.data_bytes is not None:
        words.append(f"--data={plan.data_bytes}")
    return words


def _namespaces(plan: Plan) -> list[str]:
    words = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    words += ["--unshare-cgroup", "--hostname", "box"]
    words += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if plan.form is Form.DROPPED_INSIDE:
        # bubblewrap stays the first process: it has another uid than the student's code, and the
        # kernel lets it die with the grader, which it would not let a process of a lesser uid
        for capability in CAPABILITIES_TO_DROP_UID:
            words += ["--cap-add", capability]
    else:
        # the worker is the first process, so nothing in the box can signal it, and nothing of
        # bubblewrap, whose memory names the host's folders, stays inside under the same uid
        words += ["--as-pid-1", "--unshare-user", "--disable-userns"]
        words += ["--uid", str(BOX_UID), "--gid", str(BOX_UID)]
    return words


def _environment(plan: Plan) -> list[str]:
    words = ["--clearenv"]
    variables = environment(plan.python.executable, plan.limits.threads, gpu=bool(plan.gpu))
    for name, value in variables.items():
        words += ["--setenv", name, value]
    return words


def _mounts(plan: Plan) -> list[str]:
    size = str(plan.limits.disk_bytes)
    words = [*_parents(["/usr", "/etc/x"]), "--ro-bind", "/usr", "/usr"]
    for name, link in plan.system_links.items():
        words += ["--symlink", link, f"/{name}"] if link else _bind(f"/{name}", f"/{name}")
    for file in SYSTEM_FILES:
        words += ["--ro-bind-try", file, file]
    words += ["--proc", "/proc", "--dev", "/dev"]
    for path in ("/tmp", SCRATCH, "/dev/shm"):  # noqa: S108 - the box's own
        words += ["--perms", "1777", "--size", size, "--tmpfs", path]
    binds = {str(folder): folder for folder in plan.python.folders}
    binds |= {f"{INSIDE}/inside": plan.inside}
    binds |= {SUBMISSION: plan.submission, INPUTS: plan.inputs}
    binds |= {f"{DATA}/{name}": folder for name, folder in plan.data.items()}
    words += _parents(binds)
    for target, folder in binds.items():
        words += _bind(folder, target)
    for target, overlay in plan.overlays.items():
        words += _bind(overlay, target)
    for hidden in plan.python.hidden:
        words += ["--perms", "0555", "--size", "4096", "--tmpfs", str(hidden)]
        words += ["--remount-ro", str(hidden)]
    words += ["--perms", "0444", "--file", str(plan.passwd_fd), "/etc/passwd"]
    words += ["--perms", "0444", "--file", str(plan.group_fd), "/etc/group"]
    if plan.gpu:
        words += ["--ro-bind-try", "/sys", "/sys"]  # without it the driver does not initialise
    for device in plan.gpu:
        words += ["--dev-bind-try", device, device]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/"]


def _bind(source: Path | str, target: str) -> list[str]:
    return ["--ro-bind", str(source), target]


def _parents(targets: Iterable[str]) -> list[str]:
    """Make every parent enterable: bubblewrap would make them 0700, and the uid is dropped."""
    words: list[str] = []
    for folder in _ordered_parents(targets):
        words += ["--perms", "0755", "--dir", folder]
    return words


def _ordered_parents(targets: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for target in targets:
        for parent in reversed(Path(target).parents):
            if str(parent) not in {"/", "/tmp"} and str(parent) not in seen:  # noqa: S108
                seen.add(str(parent))
                yield str(parent)
