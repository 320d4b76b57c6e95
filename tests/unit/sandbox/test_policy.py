from pathlib import Path

import pytest

from grader.sandbox import policy
from grader.sandbox.box import Limits
from grader.sandbox.environment import Form, PythonEnvironment

PYTHON = PythonEnvironment(
    executable="/home/ta/course/.venv/bin/python",
    folders=(Path("/home/ta/course/.venv"), Path("/home/ta/python/3.12")),
)


def plan(**changes):
    words = {
        "form": Form.USER,
        "bwrap": "/usr/bin/bwrap",
        "setpriv": "/usr/bin/setpriv",
        "prlimit": "/usr/bin/prlimit",
        "python": PYTHON,
        "inside": Path("/home/ta/course/grader/inside"),
        "submission": Path("/var/slots/1/submission"),
        "inputs": Path("/var/slots/1/inputs"),
        "limits": Limits(disk_bytes=4096, processes=17, threads=3),
        "uid": 60007,
        "system_links": {"bin": "usr/bin", "lib32": ""},
        "seccomp_fd": 11,
        "status_fd": 12,
        "passwd_fd": 13,
        "group_fd": 14,
        "options_fd": 15,
    }
    return policy.Plan(**(words | changes))


def pairs(options, name, count=2):
    return [
        tuple(options[at + 1 : at + 1 + count]) for at, word in enumerate(options) if word == name
    ]


FORMS = list(Form)


@pytest.mark.parametrize("form", FORMS)
def test_every_namespace_is_its_own_and_the_box_dies_with_the_grader(form):
    options = policy.box_options(plan(form=form))
    for word in ("ipc", "pid", "net", "uts", "cgroup"):
        assert f"--unshare-{word}" in options
    assert {"--die-with-parent", "--new-session", "--clearenv"} <= set(options)
    assert "--share-net" not in options
    assert pairs(options, "--cap-drop", 1) == [("ALL",)]


@pytest.mark.parametrize("form", FORMS)
def test_only_the_slot_the_probes_and_the_environment_are_bound(form):
    options = policy.box_options(plan(form=form))
    assert "--bind" not in options
    assert "--dev-bind" not in options
    assert pairs(options, "--ro-bind") == [
        ("/usr", "/usr"),
        ("/lib32", "/lib32"),
        ("/home/ta/course/.venv", "/home/ta/course/.venv"),
        ("/home/ta/python/3.12", "/home/ta/python/3.12"),
        ("/home/ta/course/grader/inside", "/opt/grader/inside"),
        ("/var/slots/1/submission", "/submission"),
        ("/var/slots/1/inputs", "/inputs"),
    ]
    assert pairs(options, "--symlink") == [("usr/bin", "/bin")]


def test_parents_can_be_entered_and_are_made_before_what_is_in_them():
    options = policy.box_options(plan())
    made = [target for (target,) in pairs(options, "--dir", 1)]
    assert made == [
        *("/etc", "/home", "/home/ta", "/home/ta/course", "/home/ta/python"),
        *("/opt", "/opt/grader"),
    ]
    for at, word in enumerate(options):
        if word == "--dir":
            assert options[at - 2 : at] == ["--perms", "0755"]
    assert options.index("/opt/grader") < options.index("/opt/grader/inside")


def test_writable_memory_has_a_size_and_the_rest_becomes_read_only_last():
    options = policy.box_options(plan())
    for target in ("/tmp", "/scratch", "/dev/shm"):
        at = options.index(target, options.index("--tmpfs"))
        assert options[at - 5 : at] == ["--perms", "1777", "--size", "4096", "--tmpfs"]
    assert pairs(options, "--remount-ro", 1) == [("/dev",), ("/",)]
    last_mount = max(at for at, word in enumerate(options) if word in {"--ro-bind", "--file"})
    assert options.index("--remount-ro") > last_mount


def test_a_python_below_tmp_is_bound_after_tmp_is_made():
    python = PythonEnvironment(executable="/tmp/venv/bin/python", folders=(Path("/tmp/venv"),))
    options = policy.box_options(plan(python=python))
    assert options.index("/tmp") < options.index("/tmp/venv")
    assert ("/tmp",) not in pairs(options, "--dir", 1)


def test_overlays_cover_files_of_the_environment():
    target = "/home/ta/course/.venv/data/digits.csv.gz"
    options = policy.box_options(plan(overlays={target: Path("/var/slots/1/overlays/d.gz")}))
    assert ("/var/slots/1/overlays/d.gz", target) in pairs(options, "--ro-bind")
    assert options.index(target) > options.index("/home/ta/course/.venv")


def test_what_of_the_grader_lies_in_the_environment_is_covered():
    hidden = Path("/home/ta/course/.venv/lib/site-packages/grader")
    python = PYTHON.model_copy(update={"hidden": (hidden,)})
    options = policy.box_options(plan(python=python))
    at = options.index(str(hidden))
    assert options[at - 1] == "--tmpfs"
    assert (str(hidden),) in pairs(options, "--remount-ro", 1)
    assert at > options.index("/home/ta/course/.venv")


def test_without_a_gpu_there_is_no_sys_and_no_device():
    options = policy.box_options(plan())
    assert "/sys" not in options
    assert pairs(options, "--dev-bind-try") == []
    assert ("CUDA_VISIBLE_DEVICES", "") in pairs(options, "--setenv")


def test_with_a_gpu_its_devices_come_after_the_empty_dev():
    options = policy.box_options(plan(gpu=("/dev/nvidia0", "/dev/nvidiactl")))
    assert ("/sys", "/sys") in pairs(options, "--ro-bind-try")
    assert pairs(options, "--dev-bind-try") == [
        ("/dev/nvidia0", "/dev/nvidia0"),
        ("/dev/nvidiactl", "/dev/nvidiactl"),
    ]
    assert options.index("--dev-bind-try") > options.index("--dev")
    assert "CUDA_VISIBLE_DEVICES" not in options


def test_an_ordinary_users_box_has_a_user_namespace_and_no_way_to_another():
    options = policy.box_options(plan(form=Form.USER))
    assert {"--unshare-user", "--disable-userns", "--as-pid-1"} <= set(options)
    assert "--cap-add" not in options
    argv = policy.box_argv(plan(form=Form.USER), ["python"])
    assert argv[0] == "/usr/bin/bwrap"
    assert "/usr/bin/setpriv" not in argv


def test_root_drops_its_uid_before_where_others_may_read_the_environment():
    argv = policy.box_argv(plan(form=Form.DROPPED_BEFORE), ["python"])
    assert argv[: argv.index("/usr/bin/bwrap")] == [
        *("/usr/bin/setpriv", "--reuid", "60007", "--regid", "60007"),
        *("--clear-groups", "--no-new-privs"),
    ]
    assert "--unshare-user" in policy.box_options(plan(form=Form.DROPPED_BEFORE))


def test_root_drops_its_uid_inside_where_others_may_not():
    argv = policy.box_argv(plan(form=Form.DROPPED_INSIDE), ["python"])
    after = argv[argv.index("--") :]
    assert argv[0] == "/usr/bin/bwrap"
    assert after[after.index("/usr/bin/setpriv") :] == [
        *("/usr/bin/setpriv", "--reuid", "60007", "--regid", "60007"),
        *("--clear-groups", "--no-new-privs"),
        *("--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "python"),
    ]
    options = policy.box_options(plan(form=Form.DROPPED_INSIDE))
    assert "--unshare-user" not in options
    assert {capability for (capability,) in pairs(options, "--cap-add", 1)} == {
        *("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"),
    }


@pytest.mark.parametrize("form", FORMS)
def test_no_path_of_the_host_is_on_the_command_line(form):
    argv = policy.box_argv(plan(form=form), ["python"])
    assert not [word for word in argv if "/var/slots" in word or "/home" in word]
    assert argv[argv.index("--args") + 1] == "15"


def test_limits_are_set_inside():
    argv = policy.box_argv(plan(), ["python"])
    assert argv[argv.index("--") + 1 :] == ["/usr/bin/prlimit", "--nproc=17", "--core=0", "python"]
    argv = policy.box_argv(plan(data_bytes=123), ["python"])
    assert "--data=123" in argv


def test_the_seen_uid_says_nothing_about_this_machine():
    assert plan(form=Form.USER).seen_uid == policy.BOX_UID
    assert plan(form=Form.DROPPED_BEFORE).seen_uid == policy.BOX_UID
    assert plan(form=Form.DROPPED_INSIDE).seen_uid == 60007


def test_the_environment_is_ours_alone(monkeypatch):
    monkeypatch.setenv("SECRET", "token")
    variables = policy.environment("/venv/bin/python", 3, gpu=False)
    assert "SECRET" not in variables
    assert variables["GRADER_BOX"] == "1"
    assert variables["HOME"] == "/scratch"
    assert {variables[name] for name in variables if name.endswith("_NUM_THREADS")} == {"3"}


def test_the_worker_is_isolated_from_the_environment_and_finds_the_probes():
    words = policy.worker_command("/venv/bin/python", "/opt/grader", 4, 7)
    assert words[:5] == ["/venv/bin/python", "-I", "-B", "-u", "-c"]
    assert "sys.path.insert(0, '/opt/grader')" in words[5]
    assert words[5].endswith("main(4, 7)")
