"""Which mechanism limits boxes on which machine, and that version 2 is used as the kernel has it.

The tree of version 2 is simulated: a folder that answers as the kernel's files do.
"""

import os
import subprocess
from pathlib import Path

import pytest

from grader.sandbox import limits
from grader.sandbox.box import Limits
from grader.sandbox.limits import cgroup, cgroup_v2, watchdog
from grader.sandbox.limits.cgroup_v1 import CgroupV1
from grader.sandbox.limits.cgroup_v2 import CgroupV2
from grader.sandbox.limits.watchdog import Watchdog


@pytest.fixture
def machine(monkeypatch):
    """A machine on which the named mechanisms work."""

    def make(*working):
        for kind in limits.MECHANISMS:
            made = kind.__new__(kind) if kind in working else None
            monkeypatch.setattr(kind, "probe", classmethod(lambda _cls, made=made: made))
        limits.choose_mechanism.cache_clear()
        return {one.name: one for one in limits.standings()}

    yield make
    limits.choose_mechanism.cache_clear()


def test_version_2_before_version_1_before_the_watchdog(machine):
    everything = machine(CgroupV2, CgroupV1, Watchdog)
    assert [name for name, one in everything.items() if one.holds] == ["cgroup v2"]
    one_only = machine(CgroupV1, Watchdog)
    assert [name for name, one in one_only.items() if one.holds] == ["cgroup v1"]
    assert "Delegate" in one_only["cgroup v2"].mend
    neither = machine(Watchdog)
    assert [name for name, one in neither.items() if one.holds] == [Watchdog.memory]
    assert "root" in neither["cgroup v1"].mend
    assert all(not one.mend for one in neither.values() if one.holds)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A simulated version 2: our group holds nobody but us, and hands nothing down yet."""
    monkeypatch.setattr(cgroup_v2, "ROOT", tmp_path)
    own = tmp_path / "user.slice"
    own.mkdir()
    (own / "cgroup.controllers").write_text("cpu memory pids\n")
    (own / "cgroup.procs").write_text(f"{os.getpid()}\n")
    (own / "cgroup.subtree_control").write_text("")
    (own / "cgroup.type").write_text("domain\n")
    monkeypatch.setattr(cgroup_v2, "own_group", lambda: own)
    monkeypatch.setattr(cgroup_v2, "candidates", lambda group: [group])

    def rmdir(group):
        """As in the kernel's tree: the files of a group go with it."""
        for file in group.iterdir():
            file.unlink()
        group.rmdir()

    monkeypatch.setattr(cgroup, "remove", rmdir)
    return own


def joins(status):
    def run(words, **_more):
        assert words[3:5] == ["sh", words[4]]
        assert words[-1] == "/bin/true"
        return subprocess.CompletedProcess(words, status)

    return run


def test_a_group_that_can_be_joined_is_used_and_nothing_of_the_trial_stays(tree, monkeypatch):
    monkeypatch.setattr(subprocess, "run", joins(0))
    mechanism = CgroupV2.probe()
    assert mechanism is not None
    assert (tree / "cgroup.subtree_control").read_text() == "+memory +pids"
    assert [path.name for path in tree.iterdir() if path.is_dir()] == ["grader-host"]
    enforcer = mechanism.enforce(Limits(memory_bytes=1 << 28, processes=64))
    assert Path(enforcer.prefix[4]).parent.parent == tree
    assert enforcer.data_bytes is None


def test_a_group_that_cannot_be_joined_is_not_used(tree, monkeypatch):
    """As for a user whose processes lie in another's scope."""
    monkeypatch.setattr(subprocess, "run", joins(125))
    assert CgroupV2.probe() is None
    assert [path.name for path in tree.iterdir() if path.is_dir()] == ["grader-host"]


@pytest.mark.usefixtures("tree")
def test_limits_that_cannot_be_written_are_not_pretended(monkeypatch):
    monkeypatch.setattr(subprocess, "run", joins(0))

    def refuse(path, _value):
        if path.name == "memory.max":
            raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(cgroup_v2, "_write", refuse)
    assert CgroupV2.probe() is None


def test_a_process_group_is_known_with_and_without_the_kernels_list(monkeypatch):
    """Some kernels do not name a process's children: every parent is asked instead."""
    above = os.getppid()
    found = watchdog._by_parents(above)
    assert found[0] == above
    assert os.getpid() in found
    listed = watchdog.descendants(above)
    monkeypatch.setattr(watchdog, "_lists_children", lambda: False)
    assert os.getpid() in listed
    assert watchdog.descendants(os.getpid())[0] == os.getpid()


def test_memory_of_what_is_gone_is_none():
    gone = 2**22 + 1
    assert watchdog.resident_bytes(gone) == watchdog.memory_of(gone) == 0
    assert watchdog.resident_bytes(os.getpid()) > 0
