"""A session prepares once, whatever asks."""

import json
import subprocess
import sys
from pathlib import Path

CODE = """
import sys, types, torch
from grader.inside.session import Session
from grader.inside import shims

session = Session(JOB, types.ModuleType("__main__"))
before = torch.zeros
first = shims.installed(session)
once = torch.zeros
assert once is not before, "the submission speaks of cuda"
for _ in range(3):
    assert shims.installed(session) is first
    session.prepare()
assert torch.zeros is once, "patched again: a thousand rows would end in a RecursionError"
"""


def test_shims_are_installed_once(tmp_path):
    for name in ("submission", "scratch", "inputs"):
        (tmp_path / name).mkdir()
    (tmp_path / "submission" / "main.py").write_text("device = 'cuda'\n")
    job = {name: str(tmp_path / name) for name in ("submission", "scratch", "inputs")}
    done = subprocess.run(
        [sys.executable, "-c", f"JOB = {json.dumps(job)}\n{CODE}"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
