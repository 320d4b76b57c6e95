"""The real CLI on real submissions in the real box, as a TA or CI would run it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GRADE = Path(sys.executable).with_name("grade")


@dataclass(frozen=True)
class Result:
    """What a call of the CLI printed, its status, and what it left in its folder."""

    status: int
    text: str
    out: Path

    @property
    def grades(self):
        return json.loads((self.out / "grades.json").read_text())

    def submission(self, name):
        return next(s for s in self.grades["submissions"] if s["submission"] == name)

    def outcomes(self, name):
        return {
            f"{task['id']}/{criterion['id']}": criterion["outcome"]
            for task in self.submission(name)["tasks"]
            for criterion in task["criteria"]
        }


def call(*args, out, cwd=ROOT, **env):
    done = subprocess.run(
        [str(GRADE), *map(str, args), *(("--out", str(out)) if out else ())],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", **env},
        timeout=900,
    )
    return Result(done.returncode, done.stdout + done.stderr, out)


def needs_box():
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: sudo apt-get install -y bubblewrap")


@pytest.fixture(scope="session")
def samples(tmp_path_factory):
    """Every sample submission, graded once for all tests of this session."""
    needs_box()
    return call("submissions/", out=tmp_path_factory.mktemp("samples") / "reports")


@pytest.fixture
def grade(tmp_path):
    needs_box()

    def run(*args, out=None, **env):
        return call(*args, out=out or tmp_path / "reports", **env)

    return run


@pytest.fixture
def course(tmp_path):
    """A course folder of its own: rubrics copied, no submissions yet."""
    shutil.copytree(ROOT / "rubrics", tmp_path / "rubrics")
    (tmp_path / "submissions" / "digits-svhn").mkdir(parents=True)
    return tmp_path
