"""Make the cases of this folder again: `GRADE_DATA=… python rubrics/hw1/verify/make.py [CASE …]`.

    solution.py   the reference submission in percent format: one "# %%" per cell
    edits.py      what is wrong with each mutant, and what it must lose
    changes.py    how files are changed
    <case>/       made: submission/ (notebook with outputs, PDF, pickle, weights, log) and expect.toml

The reference's notebook is run for real (its CNN's weights and log are those of
`reference.grocery_cnn`, in half precision). The mutants get its outputs, as if their text had been
changed afterwards. It needs MNIST, the Grocery data, `chromium` and the development environment's
Jupyter kernel, and takes about two minutes on one free core.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from changes import IDS
from edits import CASES, Case
from nbclient import NotebookClient
from printing import to_pdf

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
NAME = f"HW1_{IDS}"
CNN = f"grocery_cnn_{IDS}"
FEATURES = 18
"""Layers of the reference's net before pooling."""


def cells(text: str) -> list[tuple[str, str]]:
    """Split percent format into (kind, source)."""
    found = []
    for head, body in re.findall(r"^# %%(.*)\n((?:(?!# %%).*\n?)*)", text, re.MULTILINE):
        kind = "markdown" if "[markdown]" in head else "code"
        lines = body.strip("\n").split("\n")
        if kind == "markdown":
            lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
        found.append((kind, "\n".join(lines)))
    return found


def edited(text: str, case: Case) -> str:
    """Apply a case's edits; each must change exactly one place."""
    for old, new in case.edits:
        if text.count(old) != 1:
            sys.exit(f"{case.name}: {text.count(old)} places hold {old!r}")
        text = text.replace(old, new)
    return text + case.append


def notebook(text: str) -> nbformat.NotebookNode:
    """A notebook without outputs."""
    book = nbformat.v4.new_notebook()
    book.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    book.metadata["language_info"] = {"name": "python"}
    for number, (kind, source) in enumerate(cells(text), start=1):
        make = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
        book.cells.append(make(source, id=f"cell-{number}"))
    return book


def weights_and_log(target: Path) -> None:
    """The CNN of `reference.grocery_cnn` under the names of the solution's class, and its log."""
    import torch

    stored = torch.load(ROOT / "reference/weights/grocery_cnn.pt")
    tensors = stored.get("state", stored) if isinstance(stored, dict) else stored
    state = {}
    for name, tensor in tensors.items():
        place, _, rest = name.partition(".")
        head = "fc" if int(place) >= FEATURES else f"features.{place}"
        state[f"{head}.{rest}"] = tensor.half() if tensor.is_floating_point() else tensor
    torch.save(state, target / f"{CNN}.pt")
    baseline = json.loads((ROOT / "reference/baselines/grocery_cnn.json").read_text())
    history = baseline["runs"][0]["history"]
    rows = zip(*(history[f"{s}_{k}"] for s in ("train", "val") for k in ("loss", "error")), strict=True)
    lines = ["epoch,train_loss,train_acc,val_loss,val_acc"]
    for epoch, (train_loss, train_error, val_loss, val_error) in enumerate(rows, start=1):
        lines.append(f"{epoch},{train_loss},{1 - train_error:.5f},{val_loss},{1 - val_error:.5f}")
    (target / f"{CNN}.csv").write_text("\n".join(lines) + "\n")


def make_reference(case: Case, text: str, target: Path) -> None:
    """Run the solution beside the data, and keep what it leaves behind."""
    data = Path(os.environ["GRADE_DATA"]).resolve()
    weights_and_log(target)
    book = notebook(edited(text, case))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(data / "MNIST", work / "data/MNIST", copy_function=os.symlink)
        (work / "GroceryStoreDataset").mkdir()
        (work / "GroceryStoreDataset/dataset").symlink_to(data / "grocery128")
        for name in ("birds", "dogs"):
            shutil.copytree(HERE.parent / "given" / name, work / name)
        for file in target.iterdir():
            shutil.copyfile(file, work / file.name)
        client = NotebookClient(book, timeout=None, kernel_name="python3", coalesce_streams=True)
        client.execute(cwd=folder)
        shutil.copyfile(work / f"{NAME}.pkl", target / f"{NAME}.pkl")
    for cell in book.cells:
        cell.metadata.pop("execution", None)
    nbformat.write(book, target / f"{NAME}.ipynb")
    to_pdf(nbformat.writes(book), target / f"{NAME}.pdf")
    (target / "grade.toml").write_text('students = ["100000001", "100000002"]\n')


def make_mutant(case: Case, text: str, target: Path) -> None:
    """The reference with other text, and its outputs under the cells."""
    reference = HERE / "reference/submission"
    shutil.copytree(reference, target, dirs_exist_ok=True)
    done = nbformat.read(reference / f"{NAME}.ipynb", as_version=4)
    book = notebook(edited(text, case))
    for cell, old in zip(book.cells, done.cells, strict=False):
        if cell.cell_type == "code" and old.cell_type == "code":
            cell.outputs, cell.execution_count = copy.deepcopy(old.outputs), old.execution_count
    printed = 0
    for cell in book.cells:
        for output in cell.get("outputs", []):
            for pattern, new in case.printed:
                if "text" in output:
                    output["text"], times = re.subn(pattern, new, output["text"])
                    printed += times
    if case.printed and not printed:
        sys.exit(f"{case.name}: nothing printed matches")
    nbformat.write(book, target / f"{NAME}.ipynb")
    to_pdf(nbformat.writes(book), target / f"{NAME}.pdf")
    if case.then is not None:
        case.then(target)


def expectation(case: Case) -> str:
    """The text of `expect.toml`."""
    lines = [f'description = "{case.description}"']
    if case.submitted_at:
        lines.append(f"submitted_at = {case.submitted_at}")
    lines += ["", "[outcomes]"]
    lines += [f'"{name}" = "{outcome}"' for name, outcome in case.outcomes.items()]
    return "\n".join(lines) + "\n"


def main(names: list[str]) -> None:
    """Make the named cases, or all and nothing else."""
    os.environ.update(OMP_NUM_THREADS="1", SOURCE_DATE_EPOCH="0", PYTHONHASHSEED="0")
    text = (HERE / "solution.py").read_text()
    chosen = [case for case in CASES if not names or case.name in names]
    if unknown := set(names) - {case.name for case in CASES}:
        sys.exit(f"no such case: {', '.join(sorted(unknown))}")
    for case in chosen:
        folder = HERE / case.name
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "submission").mkdir(parents=True)
        make = make_reference if case.name == "reference" else make_mutant
        make(case, text, folder / "submission")
        (folder / "expect.toml").write_text(expectation(case))
        print(case.name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
