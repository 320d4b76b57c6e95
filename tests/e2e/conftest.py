"""The real CLI on real submissions in the real box, as a TA or CI would run it."""

from __future__ import annotations

import json
import os
import re
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

    def submission(self, name, assignment=None):
        (found,) = (
            s
            for s in self.grades["submissions"]
            if s["submission"] == name and assignment in {None, s["assignment"]}
        )
        return found

    def outcomes(self, name, assignment=None):
        return {
            f"{task['id']}/{criterion['id']}": criterion["outcome"]
            for task in self.submission(name, assignment)["tasks"]
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
        timeout=1800,
    )
    return Result(done.returncode, done.stdout + done.stderr, out)


def needs_box():
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: sudo apt-get install -y bubblewrap")


@pytest.fixture(scope="session")
def samples(tmp_path_factory):
    """Every sample submission, graded once for all tests of this session."""
    needs_box()
    out = tmp_path_factory.mktemp("samples") / "reports"
    return call("submissions/", "--skip-missing-data", out=out)


@pytest.fixture
def grade(tmp_path):
    needs_box()

    def run(*args, out=None, **env):
        return call(*args, out=out or tmp_path / "reports", **env)

    return run


def part_2(folder, **budget):
    """The rubric of part 2 of `digits-svhn`, which needs no data, below a folder of rubrics."""
    target = folder / "rubrics" / "digits-svhn"
    left_out = shutil.ignore_patterns("verify", "baselines.json")
    shutil.copytree(ROOT / "rubrics" / "digits-svhn", target, ignore=left_out)
    rubric = target / "rubric.toml"
    text = rubric.read_text()
    text = text[: text.index('[[task]]\nid = "svhn.1"')].replace('serve = ["svhn"]', "serve = []")
    for setting, value in budget.items():
        text = re.sub(rf"^{setting} = .*\n", "", text, flags=re.MULTILINE)
        text = text.replace("[budget]\n", f"[budget]\n{setting} = {value}\n")
    rubric.write_text(text)
    return folder / "rubrics"


@pytest.fixture
def course(tmp_path):
    """A course folder of its own: the rubric of part 2, no submissions yet."""
    part_2(tmp_path)
    (tmp_path / "submissions" / "digits-svhn").mkdir(parents=True)
    return tmp_path
