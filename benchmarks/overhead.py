"""What the grader adds to a student's own compute, as ratios measured in one run.

    python benchmarks/overhead.py [--runs 3]

Compared, for the rubric's reference submission:

- start-up: `grade --help` against a bare interpreter
- the box: ready with torch imported against `python -c "import torch"` outside
- grading one submission, and regrading it, against executing its notebook from top to bottom, as
  graders do that run everything again for every change of a rubric
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "rubrics" / "digits-svhn" / "verify" / "reference" / "submission"
GRADE = Path(sys.executable).with_name("grade")


def median_seconds(runs: int, *argv: str, cwd: Path = ROOT) -> float:
    """Median wall seconds of a command over some runs, after one that is not counted."""
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run(argv, cwd=cwd, check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def box_seconds(runs: int) -> float:
    """Median seconds until a box says that torch is imported."""
    code = """
import tempfile, time
from pathlib import Path
from grader.collect.channel import Channel
from grader.sandbox import make_sandbox
from grader.sandbox.box import Limits, Slot
with tempfile.TemporaryDirectory() as folder:
    Path(folder).chmod(0o711)
    slot = Slot(root=Path(folder))
    slot.submission.mkdir()
    box = make_sandbox("bubblewrap").open(slot, Limits())
    Channel(box).receive(time.monotonic() + 300, 0)
    box.close()
"""
    return median_seconds(runs, sys.executable, "-c", code)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    rows = []

    bare = median_seconds(runs, sys.executable, "-c", "pass")
    rows.append(("grade --help", median_seconds(runs, str(GRADE), "--help"), "python", bare))

    bare = median_seconds(runs, sys.executable, "-c", "import torch")
    rows.append(("a box, opened to closed", box_seconds(runs), "import torch", bare))

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "digits-svhn" / "reference"
        shutil.copytree(REFERENCE, work)
        notebook = next(work.glob("*.ipynb"))
        execute = ("-m", "nbconvert", "--execute", "--to", "notebook", "--stdout", notebook.name)
        bare = median_seconds(1, sys.executable, *execute, cwd=work)
        shutil.rmtree(work)
        shutil.copytree(REFERENCE, work)
        out = str(Path(folder) / "reports")
        graded = median_seconds(runs, str(GRADE), str(work.parents[0]), "--out", out, "--fresh")
        regraded = median_seconds(runs, str(GRADE), "regrade", "--out", out)
    rows.append(("grade, everything run", graded, "notebook executed", bare))
    rows.append(("regrade, nothing run", regraded, "notebook executed", bare))

    for name, seconds, against, base in rows:
        print(f"{name:28} {seconds:8.3f} s   {seconds / base:7.3f} x {against} ({base:.3f} s)")


if __name__ == "__main__":
    main()
