"""Make the cases of this folder again: `python rubrics/fashion-transfer/verify/make.py [CASE …]`.

    solution.py   the reference submission's script
    report.md     its report; {fm1}, {fm2}, {random} and {transfer} stand for test accuracies, {mse} for the
                  autoencoder's error
    edits.py      what is wrong with each mutant, and what it must lose
    changes.py    how files are changed
    <case>/       made: submission/ (script, log of its run, report, table, weights) and expect.toml

The reference is trained for real on the data at GRADE_DATA, in about three minutes on one core; every
mutant is made from it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from edits import CASES, Case  # noqa: E402

from grader.datasets import DATASETS, data_root  # noqa: E402

SCRIPT = "fashion.py"
WEIGHTS = ("fm1_cnn.pt", "fm2_cnn.pt", "autoencoder.pt", "transfer.pt")
KEPT = (SCRIPT, "log.txt", "report.md", "variants.csv", *WEIGHTS)

PRINTED = {
    "fm1": r"fm1: .*?test accuracy ([\d.]+)",
    "fm2": r"fm2: .*?test accuracy ([\d.]+)",
    "mse": r"test MSE ([\d.]+)",
    "random": r"random initialisation: test accuracy ([\d.]+)",
    "transfer": r"transfer: test accuracy ([\d.]+)",
}
"""What the log states of the nets."""

READS_HERE = """
import sys
sys.path.pop(0)
from torchvision.datasets import FashionMNIST
made = FashionMNIST.__init__
FashionMNIST.__init__ = lambda self, root, *a, **k: made(self, {root!r}, *a, **{{**k, "download": False}})
import runpy
runpy.run_path("fashion.py", run_name="__main__")
"""


def train(folder: Path) -> None:
    """Run the script in a folder, as a team does before handing in."""
    with tempfile.TemporaryDirectory() as served:
        # true labels, which students never find
        DATASETS["fashion"].serve(Path(served), data_root(), lambda _what, _count: None)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        with (folder / "log.txt").open("w") as log:
            subprocess.run(  # noqa: S603 - this folder's own script
                [sys.executable, "-c", READS_HERE.format(root=served)],
                cwd=folder,
                stdout=log,
                check=True,
                env=environment,
            )


def make_reference(case: Case) -> None:
    """Train, and keep what is handed in."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        shutil.copyfile(HERE / "solution.py", folder / SCRIPT)
        train(folder)
        log = (folder / "log.txt").read_text()
        stated = {what: re.findall(pattern, log)[0] for what, pattern in PRINTED.items()}
        (folder / "report.md").write_text((HERE / "report.md").read_text().format(**stated))
        keep(folder, case)


def keep(folder: Path, case: Case) -> None:
    """Write the case from a folder that holds everything."""
    target = HERE / case.name / "submission"
    shutil.rmtree(HERE / case.name, ignore_errors=True)
    target.mkdir(parents=True)
    for name in KEPT:
        shutil.copyfile(folder / name, target / name)
    lines = [f'description = "{case.description}"', "", "[outcomes]"]
    lines += [f'"{name}" = "{outcome}"' for name, outcome in case.outcomes.items()]
    (HERE / case.name / "expect.toml").write_text("\n".join(lines) + "\n")


def make(case: Case) -> None:
    """Write one case's folder."""
    if case.name == "reference":
        make_reference(case)
        return
    keep(HERE / "reference" / "submission", case)
    folder = HERE / case.name / "submission"
    text = (folder / SCRIPT).read_text()
    for old, new in case.edits:
        if text.count(old) != 1:
            sys.exit(f"{case.name}: {text.count(old)} places hold {old!r}")
        text = text.replace(old, new)
    compile(text, f"{case.name}/{SCRIPT}", "exec")  # a mutant is wrong in the one known way
    (folder / SCRIPT).write_text(text)
    if case.then is not None:
        case.then(folder)


def main(names: list[str]) -> None:
    """Make the named cases, or all."""
    if unknown := set(names) - {case.name for case in CASES}:
        sys.exit(f"no such case: {', '.join(sorted(unknown))}")
    for case in CASES:
        if not names or case.name in names:
            make(case)
            print(case.name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
