"""The tiny course, and the grader in a process that can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.faults import quick
from tests.faults.course import make_course
from tests.faults.here import Here

ROOT = Path(__file__).parents[2]


MEMORY = Path("/dev/shm")


def folder_in_memory():
    """A temporary folder that is not slowed down by a disk, where there is one."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    return tempfile.TemporaryDirectory(dir=place, prefix="grade-faults-")


@pytest.fixture
def tmp_path():
    """Thousands of files are synced in these tests: 17 ms each on a slow disk."""
    with folder_in_memory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def memory():
    """Makes folders that last as long as the module's tests."""
    with folder_in_memory() as folder:

        def make(name):
            place = Path(folder) / name
            place.mkdir()
            return place

        yield make


@pytest.fixture
def submissions(tmp_path):
    return make_course(tmp_path / "course")


@pytest.fixture
def here(submissions, tmp_path, capsys, monkeypatch):
    """`grade` in this process, with boxes that answer at once."""
    from grader.sandbox import SANDBOXES

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setitem(SANDBOXES._entries, "none", SANDBOXES._entries["none"])
    return Here(submissions, tmp_path / "out", capsys, quick.install())


class Grader:
    """Runs `grade` in forks of a warm process."""

    def __init__(self, state: Path, temporary: Path):
        env = {"XDG_STATE_HOME": str(state), "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
        self.temporary = temporary
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("zygote.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **env},
        )

    def __call__(self, submissions: Path, out: Path, *more: str, **order):
        words = [str(submissions), "--rubrics", str(submissions.parent / "rubrics")]
        argv = [*words, "--out", str(out), "--sandbox", "none", "--jobs", "2", *more]
        self._process.stdin.write(json.dumps({"argv": argv, "watched": str(out), **order}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)


@pytest.fixture(scope="session")
def grader(tmp_path_factory):
    with folder_in_memory() as temporary:
        runner = Grader(tmp_path_factory.mktemp("state"), Path(temporary))
        yield runner
        runner.close()
