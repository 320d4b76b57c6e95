import os
from pathlib import Path

import pytest

from grader.sandbox.box import Limits
from grader.sandbox.limits import cgroup, cgroup_v1, cgroup_v2


def test_a_group_says_who_made_it():
    assert cgroup.alive(cgroup.group_name()) is True
    assert cgroup.group_name() != cgroup.group_name()


def test_a_dead_graders_group_is_known_by_its_start_time():
    namespace, pid = cgroup.pid_namespace(), os.getpid()
    started = cgroup.start_time(pid)
    assert cgroup.alive(f"grader-{namespace}-{pid}-{started}-1") is True
    assert cgroup.alive(f"grader-{namespace}-{pid}-{started - 1}-1") is False
    assert cgroup.alive(f"grader-{namespace}-{2**22 + 1}-5-1") is False


def test_groups_of_other_containers_are_none_of_our_business():
    assert cgroup.alive(f"grader-{cgroup.pid_namespace() + 1}-999999-5-1") is None
    assert cgroup.alive("user.slice") is None


def test_sweep_takes_only_the_groups_of_dead_graders(tmp_path):
    dead = tmp_path / f"grader-{cgroup.pid_namespace()}-{2**22 + 1}-5-1"
    own = tmp_path / cgroup.group_name()
    other = tmp_path / "grader-host"
    for folder in (dead, own, other):
        folder.mkdir()
    assert cgroup.sweep(tmp_path) == 1
    assert not dead.exists()
    assert own.exists()
    assert other.exists()


def test_counters_are_read_by_name(tmp_path):
    file = tmp_path / "memory.events"
    file.write_text("low 0\noom 3\noom_kill 2\n")
    assert cgroup.read_counter(file, "oom_kill") == 2
    assert cgroup.read_counter(file, "max") == 0
    assert cgroup.read_counter(tmp_path / "missing", "oom_kill") == 0


def test_removing_what_is_gone_is_fine(tmp_path):
    cgroup.remove(tmp_path / "gone")


def test_own_group_is_known_on_version_2_only(tmp_path):
    assert cgroup_v2.own_group(tmp_path) is None
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    found = cgroup_v2.own_group(tmp_path)
    assert found is None or found.is_relative_to(tmp_path)


def test_parents_are_tried_from_the_nearest_up(tmp_path):
    own = tmp_path / "user.slice" / "session.scope"
    assert cgroup_v2.candidates(own, tmp_path) == [own, own.parent, tmp_path]


def fake_group(folder, *, subtree="", members=(), controllers="cpu memory pids"):
    folder.mkdir(exist_ok=True)
    (folder / "cgroup.subtree_control").write_text(subtree)
    (folder / "cgroup.controllers").write_text(controllers)
    (folder / "cgroup.type").write_text("domain\n")
    (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in members))
    return folder


def test_a_parent_must_hand_down_both_controllers(tmp_path):
    assert cgroup_v2._hands_down(fake_group(tmp_path, subtree="cpu memory pids"))
    assert not cgroup_v2._hands_down(fake_group(tmp_path, subtree="memory"))
    assert not cgroup_v2._hands_down(tmp_path / "missing")


@pytest.mark.parametrize(
    ("members", "controllers", "taken"),
    [
        ([os.getpid()], "memory pids", True),
        ([os.getpid(), 1], "memory pids", False),
        ([os.getpid()], "memory", False),
        ([], "memory pids", False),
    ],
)
def test_a_group_is_taken_over_only_if_nobody_else_is_in_it(tmp_path, members, controllers, taken):
    group = fake_group(tmp_path, members=members, controllers=controllers)
    assert cgroup_v2._take_over(group) is taken
    assert (group / "grader-host" / "cgroup.procs").exists() is taken
    assert ("+memory +pids" in (group / "cgroup.subtree_control").read_text()) is taken


def test_the_root_of_all_groups_may_hold_others(tmp_path):
    group = fake_group(tmp_path, members=[os.getpid(), 1])
    (group / "cgroup.type").unlink()
    assert cgroup_v2._take_over(group)
    assert (group / "cgroup.subtree_control").read_text() == "+memory +pids"
    assert not (group / "grader-host").exists()


def test_limits_are_written_and_hits_are_read(tmp_path, monkeypatch):
    enforcer = cgroup_v2.CgroupV2(tmp_path).enforce(Limits(memory_bytes=12345, processes=6))
    group = enforcer.group
    assert (group / "memory.max").read_text() == "12345"
    assert (group / "memory.swap.max").read_text() == "0"
    assert int((group / "pids.max").read_text()) == 6 + cgroup_v1.OWN_PROCESSES
    assert not enforcer.memory_exceeded()
    (group / "memory.events").write_text("oom_kill 1\n")
    (group / "memory.peak").write_text("777\n")
    assert enforcer.memory_exceeded()
    assert enforcer.peak_memory_bytes() == 777
    removed = []
    monkeypatch.setattr(cgroup, "remove", removed.append)
    enforcer.close()
    assert removed == [group]
    assert (group / "cgroup.kill").read_text() == "1"


def test_joining_is_one_shell_that_becomes_the_command(tmp_path):
    words = cgroup.join_prefix([tmp_path / "memory", tmp_path / "pids"])
    assert words[:2] == ("/bin/sh", "-c")
    assert words[3:] == (
        "sh",
        str(tmp_path / "memory" / "cgroup.procs"),
        str(tmp_path / "pids" / "cgroup.procs"),
        "--",
    )


def test_version_1_needs_both_controllers(monkeypatch):
    monkeypatch.setattr(Path, "read_text", lambda *_a, **_k: "3:cpu:/\n0::/user.slice\n")
    assert cgroup_v1.own_groups() is None
