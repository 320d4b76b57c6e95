"""Make the cases of this folder again: `python rubrics/cifar10-cnn/verify/make.py [CASE …]`.

    solution.py   the reference submission's script
    report.md     its report; {first} and {second} stand for the test accuracies
    edits.py      what is wrong with each mutant, and what it must lose
    changes.py    how files are changed
    <case>/       made: submission/ (script, log of its run, report, checkpoints) and expect.toml

The reference is trained for real on the data at GRADE_DATA, in about ten minutes on one core; every
mutant is made from it. The script reads a copy of CIFAR-10 in torchvision's layout with all labels.
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

from changes import measured, nets  # noqa: E402
from edits import CASES, Case  # noqa: E402

from grader.datasets import DATASETS, data_root  # noqa: E402

SCRIPT = "cifar10.py"
NAMES = ("Ada_Noether_1.pt", "Ada_Noether_2.pt")

READS_HERE = """
import sys
sys.path.pop(0)
from torchvision.datasets import CIFAR10
made = CIFAR10.__init__
CIFAR10._check_integrity = lambda self: True
CIFAR10._load_meta = lambda self: setattr(self, "classes", {classes!r})
CIFAR10.__init__ = lambda self, root, *a, **k: made(self, {root!r}, *a, **{{**k, "download": False}})
import runpy
runpy.run_path("cifar10.py", run_name="__main__")
"""


def train(folder: Path) -> None:
    """Run the script in a folder, as a student does before handing in."""
    dataset = DATASETS["cifar10"]
    with tempfile.TemporaryDirectory() as served:
        dataset.serve(Path(served), data_root(), lambda _what, _count: None)  # true labels
        code = READS_HERE.format(root=served, classes=list(dataset.classes))
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        with (folder / "log.txt").open("w") as log:
            subprocess.run(  # noqa: S603 - this folder's own script
                [sys.executable, "-c", code], cwd=folder, stdout=log, check=True, env=environment
            )


def accuracies(folder: Path) -> tuple[str, str]:
    """As the log states them."""
    log = (folder / "log.txt").read_text()
    first, second = re.findall(r"model: test accuracy ([\d.]+)%", log)
    return first, second


def restate(folder: Path) -> None:
    """State in the log what the nets reach on the test pictures themselves.

    Where a part of the data is here, the copy that is served repeats its pictures, each with a mark.
    """
    log = (folder / "log.txt").read_text()
    for model, net in zip(("first", "second"), nets(folder).values(), strict=True):
        told = f"{100 * measured(net):.2f}%"
        log = re.sub(rf"({model} model: test accuracy )[\d.]+%", rf"\g<1>{told}", log)
    (folder / "log.txt").write_text(log)


def make_reference(case: Case) -> None:
    """Train, and keep what is handed in."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        shutil.copyfile(HERE / "solution.py", folder / SCRIPT)
        train(folder)
        restate(folder)
        first, second = accuracies(folder)
        report = (HERE / "report.md").read_text().format(first=first, second=second)
        (folder / "report.md").write_text(report)
        keep(folder, case)


def keep(folder: Path, case: Case) -> None:
    """Write the case from a folder that holds everything."""
    target = HERE / case.name / "submission"
    shutil.rmtree(HERE / case.name, ignore_errors=True)
    target.mkdir(parents=True)
    for name in (SCRIPT, "log.txt", "report.md", *NAMES):
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
