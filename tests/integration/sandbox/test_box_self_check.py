"""The self-check must fail when any part of the policy is missing: else it is none."""

import os
from pathlib import Path

import pytest

from grader.sandbox import attempts, launch, make_sandbox, policy, self_check, unboxed_check
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.environment import Form, PythonEnvironment
from grader.sandbox.promises import PROMISES
from tests.integration.sandbox.boxes import needs_bubblewrap

pytestmark = [needs_bubblewrap(), pytest.mark.box]


def failed(sandbox=None):
    found = (sandbox or make_sandbox("bubblewrap")).self_check()
    assert all(one.mend for one in found if not one.holds)
    return {one.name.split(" (")[0] for one in found if not one.holds}


def without(monkeypatch, *words):
    """Take options away from every box."""
    options = policy.box_options

    def fewer(plan):
        return [word for word in options(plan) if word not in words]

    monkeypatch.setattr(policy, "box_options", fewer)


def with_more(monkeypatch, *words):
    """Give every box more options."""
    options = policy.box_options
    monkeypatch.setattr(policy, "box_options", lambda plan: [*options(plan), *words])


def test_this_machine_passes():
    found = make_sandbox("bubblewrap").self_check()
    assert [one for one in found if not one.holds] == []
    assert len({one.name for one in found}) == len(found) > 20


def test_a_network_is_noticed(monkeypatch):
    without(monkeypatch, "--unshare-net")
    assert {"host service, port", "host service, abstract socket"} <= failed()


def test_a_missing_filter_is_noticed(monkeypatch):
    monkeypatch.setattr("grader.sandbox.seccomp.program", lambda: bytes.fromhex("060000000000ff7f"))
    assert failed() == {"system calls"}


def test_a_visible_host_is_noticed(monkeypatch):
    with_more(monkeypatch, "--ro-bind", "/", "/tmp")
    assert failed() & {"disk", "control: honest work"}
    monkeypatch.undo()
    with_more(monkeypatch, "--tmpfs", "/etc", "--ro-bind", "/etc/passwd", "/etc/shadow")
    assert "password hashes" in failed()


def test_visible_sources_are_noticed(monkeypatch):
    checkout = str(Path(self_check.__file__).parents[2])
    with_more(monkeypatch, "--ro-bind", checkout, checkout)
    assert "rubrics and the grader's code" in failed()


def test_a_writable_mount_is_noticed(monkeypatch, tmp_path):
    tmp_path.chmod(0o777)
    with_more(monkeypatch, "--bind", str(tmp_path), "/opt/grader")
    found = failed()
    assert "read-only mounts" in found
    assert list(tmp_path.iterdir()) == [tmp_path / "inside"] or list(tmp_path.iterdir()) == []


def test_visible_processes_are_noticed():
    """Tried here and not in a box: without its namespace a box's bombs would stay."""
    with pytest.raises(attempts.BreachError):
        attempts.see_processes()


def test_a_disk_without_a_size_is_noticed(monkeypatch):
    options = policy.box_options

    def roomy(plan):
        bigger = plan.limits.model_copy(update={"disk_bytes": 64 * 1024**2})
        return options(plan.model_copy(update={"limits": bigger}))

    monkeypatch.setattr(policy, "box_options", roomy)
    assert failed() == {"disk"}


def test_missing_process_limits_are_noticed(monkeypatch):
    class Loose:
        memory = processes = "none"

        def enforce(self, _limits):
            return self

        prefix = ()
        data_bytes = None

        def started(self, _pid, _kill):
            pass

        def memory_exceeded(self):
            return False

        def peak_memory_bytes(self):
            return None

        def close(self):
            pass

    monkeypatch.setattr(self_check, "SECONDS", 2.0)
    monkeypatch.setattr(self_check, "MEMORY_BOMB", "import time; time.sleep(1000)")
    monkeypatch.setattr(policy, "_limits", lambda plan: [plan.prlimit, "--nproc=200"])
    assert failed(Bubblewrap(mechanism=Loose())) >= {"memory bomb", "fork bomb"}


@pytest.mark.skipif(os.geteuid() != 0, reason="run as root: sudo make check")
def test_root_that_keeps_its_uid_is_noticed(monkeypatch):
    monkeypatch.setattr(policy, "_inside", lambda _plan: [])
    assert {"power", "uid as seen from outside"} <= failed(Bubblewrap(form=Form.DROPPED_INSIDE))


@pytest.mark.skipif(os.geteuid() != 0, reason="run as root: sudo make check")
def test_root_that_only_renames_its_uid_is_noticed(monkeypatch):
    """Inside a user namespace uid 0 may be called 1000 and still be root outside."""
    monkeypatch.setattr(policy, "_before", lambda _plan: [])
    assert "uid as seen from outside" in failed(Bubblewrap(form=Form.DROPPED_BEFORE))


@pytest.mark.parametrize("program", ["/usr/bin/true", "/usr/bin/false", "/nowhere/python"])
def test_a_box_that_can_do_nothing_does_not_pass(program):
    python = PythonEnvironment.detect().model_copy(update={"executable": program})
    found = failed(Bubblewrap(python=python))
    assert "control: honest work" in found
    assert {"network", "system calls", "memory bomb"} <= found


def test_attempts_that_never_work_do_not_pass(monkeypatch):
    monkeypatch.setattr(
        self_check, "_attempts_text", lambda: "import os, sys\nos.write(int(sys.argv[1]), b'{}\\n')"
    )
    assert "control: the attempts work" in failed()


def test_without_bubblewrap_nothing_passes(monkeypatch):
    monkeypatch.setattr("grader.sandbox.bubblewrap.tool", lambda _name: None)
    found = make_sandbox("bubblewrap").self_check()
    assert not any(one.holds for one in found if not one.name.startswith("control"))
    assert any("apt install bubblewrap" in one.mend for one in found)


def test_a_bubblewrap_that_fails_is_reported_in_its_own_words(monkeypatch):
    with_more(monkeypatch, "--no-such-option")
    found = make_sandbox("bubblewrap").self_check()
    broken = [one for one in found if not one.holds]
    assert any("no-such-option" in one.detail for one in broken)


def test_bubblewrap_answers_for_the_whole_list():
    found = {one.name.split(" (")[0] for one in make_sandbox("bubblewrap").self_check()}
    assert found - {"uid as seen from outside"} == set(PROMISES)


def test_no_sandbox_answers_for_the_whole_list_and_holds_what_was_tried_only():
    first, *found = make_sandbox("none").self_check()
    assert (first.name, first.holds) == ("isolation", False)
    assert [one.name for one in found] == list(PROMISES)
    assert {one.name for one in found if one.holds} == {
        "control: the attempts work",
        "control: honest work",
        "descriptors",
        "output flood",
    }
    assert all("--sandbox bubblewrap" in one.mend for one in found if not one.holds)


def test_without_isolation_a_flood_that_is_not_stopped_is_noticed(monkeypatch):
    monkeypatch.setattr(unboxed_check, "FLOOD", "print('quiet')")
    monkeypatch.setattr(unboxed_check, "SECONDS", 1.0)
    (flood,) = (one for one in make_sandbox("none").self_check() if one.name == "output flood")
    assert not flood.holds


def test_a_leaked_descriptor_is_noticed_without_isolation(monkeypatch):
    with Path("/proc/self/status").open() as leaked:
        start = launch.start

        def leaky(words, *, pass_fds, **more):
            return start(words, pass_fds=(*pass_fds, leaked.fileno()), **more)

        monkeypatch.setattr(launch, "start", leaky)
        found = make_sandbox("none").self_check()
    (descriptors,) = (one for one in found if one.name == "descriptors")
    assert not descriptors.holds
