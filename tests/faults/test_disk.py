"""Disk full, folder read-only, memory gone: said with the mend, and nothing finished is lost."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest

from grader.gradebook import Gradebook
from tests.faults.course import grades, pieces, timeless

REFUSALS = [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES]


def outcomes(here):
    return [c["outcome"] for card in here.cards() for t in card["tasks"] for c in t["criteria"]]


def whole(out):
    """Nothing half written lies in its final place, nor beside it."""
    for path in out.rglob("*.json"):
        json.loads(path.read_bytes())
    return not list(out.rglob(".writing-*"))


class Refuse:
    """Make a folder refuse new files from the n-th on."""

    def __init__(self, monkeypatch, where, after, code=errno.ENOSPC):
        self.left, self.code, self.failed = after, code, 0
        self.where, self.mkstemp, self.patch = where, tempfile.mkstemp, monkeypatch
        monkeypatch.setattr(tempfile, "mkstemp", self)

    def __call__(self, *args, **more):
        if self.where(Path(more.get("dir") or "/")):
            self.left -= 1
            if self.left < 0:
                self.failed += 1
                raise OSError(self.code, os.strerror(self.code), str(more["dir"]))
        return self.mkstemp(*args, **more)

    def mend(self):
        self.patch.setattr(tempfile, "mkstemp", self.mkstemp)


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("after", [0, 5, 23])
def test_no_room_for_evidence(here, monkeypatch, after, code):
    undisturbed = here(out=here.out.with_name("undisturbed"))
    assert undisturbed.status == 0
    evidence = here.out / "evidence"
    full = Refuse(monkeypatch, lambda folder: evidence in folder.parents, after, code)
    stopped = here()
    assert full.failed
    assert stopped.status == 1
    assert "For the staff, not a zero" in stopped.text
    flags = [flag["message"] for card in here.cards() for flag in card["flags"]]
    assert any(os.strerror(code) in text and "run the same command again" in text for text in flags)
    assert "fail" not in outcomes(here)
    kept = pieces(here.out)
    assert whole(here.out)
    full.mend()
    resumed = here()
    assert resumed.status == 0, resumed.text
    after_all = pieces(here.out)
    finished = [p for p in kept if "/arrays/" in p or len(Path(p).stem) == 64]
    assert all(after_all[p] == kept[p] for p in finished)
    assert here.points() == here.points(here.out.with_name("undisturbed"))


@pytest.mark.parametrize("folder", ["feedback", "."])
def test_no_room_for_the_report(here, monkeypatch, folder):
    place = here.out / folder
    full = Refuse(monkeypatch, lambda found: found == place, 1)
    stopped = here()
    assert full.failed
    assert stopped.status == 2
    assert "the report cannot be written: No space left on device" in stopped.text
    assert "mend: " in stopped.text
    assert whole(here.out)
    full.mend()
    again = here()
    assert (again.status, again.boxes) == (0, 0)
    assert len(grades(here.out)["submissions"]) == len(here.cards())


def test_no_room_for_the_gradebook(here, monkeypatch):
    """SQLite says so itself, when its file may not grow."""
    from sqlalchemy import event

    from grader.gradebook import engine

    connect = engine.connect

    undisturbed = here.out.with_name("undisturbed")
    assert here(out=undisturbed).status == 0
    with contextlib.closing(sqlite3.connect(undisturbed / "gradebook.db")) as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]

    def small(url, busy_seconds):
        made = connect(url, busy_seconds)

        @event.listens_for(made, "connect")
        def _on_connect(connection, _record):
            connection.execute(f"PRAGMA max_page_count = {pages - 2}")

        return made

    with monkeypatch.context() as patch:
        patch.setattr(engine, "connect", small)
        stopped = here()
    assert stopped.status == 1
    assert "disk is full" in stopped.text
    assert "make room on the disk and run again" in stopped.text
    kept = pieces(here.out)
    resumed = here()
    assert resumed.status == 0
    assert all(pieces(here.out)[p] == held for p, held in kept.items() if "/arrays/" in p)
    assert here.cards() == here.cards(here.out.with_name("undisturbed"))


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few hundred kilobytes."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root: run the tests as root in a container")
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(place)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"this machine mounts nothing for us: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("free", [0, 20, 80, 120, 160, 200, 260, 320])
def test_a_disk_that_is_really_full(here, small_disk, free):
    """Some kilobytes are left; what of a run fits differs, what comes of it in the end does not."""
    undisturbed = here.out.with_name("undisturbed")
    assert here(out=undisturbed).status == 0
    out, ballast = small_disk / "out", small_disk / "ballast"
    out.mkdir()
    disk = os.statvfs(small_disk)
    ballast.write_bytes(b"\0" * max(0, disk.f_bavail * disk.f_frsize - free * 1024))
    stopped = here(out=out)
    assert stopped.status in {1, 2}, stopped.text
    assert "Traceback" not in stopped.text
    assert "room" in stopped.text or "For the staff, not a zero" in stopped.text
    kept = pieces(out)
    assert whole(out)
    ballast.unlink()
    resumed = here(out=out)
    assert resumed.status == 0, resumed.text
    now = pieces(out)
    assert all(now[p] == kept[p] for p in kept if "/arrays/" in p or len(Path(p).stem) == 64)
    assert here.points(out) == here.points(undisturbed)
    assert len(grades(out)["submissions"]) == len(here.cards(undisturbed))


def test_a_read_only_folder_is_said_before_anything_is_run(here, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    refused = here(out=small_disk / "out")
    assert refused.status == 2
    assert refused.boxes == 0
    assert "Read-only file system" in refused.text
    assert "--out" in refused.text


def test_a_report_folder_that_became_read_only_is_said_before_anything_is_run(here, small_disk):
    assert here(out=small_disk).status == 0
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    refused = here(out=small_disk)
    assert refused.status == 2
    assert refused.boxes == 0
    assert "Read-only file system" in refused.text


def test_a_file_in_the_folders_place(here):
    here.out.write_text("")
    refused = here()
    assert refused.status == 2
    assert refused.boxes == 0


class Shortage:
    """Raise in place of a call, once."""

    def __init__(self, monkeypatch, target, name, error):
        self.call, self.error, self.raised = getattr(target, name), error, 0
        shortage = self

        def instead(*args, **more):
            if not shortage.raised:
                shortage.raised += 1
                raise shortage.error
            return shortage.call(*args, **more)

        monkeypatch.setattr(target, name, instead)


PLACES = [
    ("grader.collect.box_run", "admit"),
    ("grader.collect.box_run", "lay_submission"),
    ("grader.collect.store", "seal"),
]
ERRORS = [MemoryError(), OSError(errno.EMFILE, "Too many open files"), OSError(errno.ENOMEM, "no")]


@pytest.mark.parametrize("error", ERRORS, ids=["memory", "files", "fork"])
@pytest.mark.parametrize(("module", "name"), PLACES)
def test_the_hosts_shortage_costs_nobody_a_point(here, monkeypatch, module, name, error):
    import importlib

    undisturbed = here.out.with_name("undisturbed")
    assert here(out=undisturbed).status == 0
    with monkeypatch.context() as patch:
        short = Shortage(patch, importlib.import_module(module), name, error)
        stopped = here()
    assert short.raised
    assert stopped.status == 1
    assert "For the staff, not a zero" in stopped.text
    assert "fail" not in outcomes(here)
    assert here().status == 0
    assert here.points() == here.points(undisturbed)


def test_memory_that_runs_out_while_scoring(here, monkeypatch):
    from grader.pipeline import grading

    undisturbed = here.out.with_name("undisturbed")
    assert here(out=undisturbed).status == 0
    with monkeypatch.context() as patch:
        Shortage(patch, grading, "score", MemoryError())
        stopped = here()
    assert stopped.status == 1
    assert "Traceback" not in stopped.text
    (touched,) = [c for c in here.cards() if c["status"] == "provisional"]
    assert any("memory was used up" in flag["message"] for flag in touched["flags"])
    again = here()
    assert (again.status, again.boxes) == (0, 0)
    assert here.cards() == here.cards(undisturbed)


@pytest.mark.parametrize("error", [*ERRORS, OSError(errno.ENOSPC, "No space left on device")])
def test_a_shortage_outside_of_any_submission_is_said_with_the_mend(here, monkeypatch, error):
    with monkeypatch.context() as patch:
        Shortage(patch, Gradebook, "save", error)
        stopped = here()
    assert stopped.status == 1
    assert "mend: " in stopped.text
    assert "Traceback" not in stopped.text
    assert here().status == 0


def test_a_bug_of_ours_is_not_taken_for_a_shortage(here, monkeypatch):
    Shortage(monkeypatch, Gradebook, "save", FileNotFoundError(errno.ENOENT, "nothing"))
    with pytest.raises(FileNotFoundError):
        here()


def test_times_alone_are_left_out_of_comparisons(here):
    """These tests would see a difference: another submission has another scorecard."""
    here()
    first, second, *_ = here.cards()
    assert timeless(first) != timeless(second)
