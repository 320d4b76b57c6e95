"""Make the cases of this folder again: `python rubrics/digits-svhn/verify/make.py [CASE …]`.

    solution.py   part 2 of the reference submission in percent format: one "# %%" per cell
    svhn.py       part 3 of it; edits_svhn.py what is wrong with its mutants
    edits.py      what is wrong with each mutant of part 2, and what it must lose
    <case>/       made: submission/ (notebook with outputs, weights, texts, curves) and expect.toml

A case whose nets differ is trained for real; one whose text alone differs gets the reference's
weights and outputs, as if the student had changed the text afterwards. Part 3 is trained once, in
the reference, on the data at GRADE_DATA. Everything is seeded. It takes about ten minutes on one
core and needs the development environment's Jupyter kernel.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from edits import CASES as PART_2  # noqa: E402
from edits import Case  # noqa: E402
from edits_svhn import CASES as PART_3  # noqa: E402

from grader.datasets import DATASETS, data_root  # noqa: E402

CASES = (*PART_2, *PART_3)
NOTEBOOK = "assignment.ipynb"
ARTEFACTS = ("*.model", "*.pt", "*_test_loss.txt", "*.pdf")


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


def edited(case: Case) -> tuple[str, str]:
    """Part 2 and part 3 with a case's edits; each must change exactly one place."""
    parts = ((HERE / "solution.py").read_text(), (HERE / "svhn.py").read_text())
    for old, new in case.edits:
        if sum(part.count(old) for part in parts) != 1:
            sys.exit(f"{case.name}: {sum(part.count(old) for part in parts)} places hold {old!r}")
        parts = (parts[0].replace(old, new), parts[1].replace(old, new))
    return parts[0], parts[1] if case.part_3 else ""


def notebook(text: str, prefix: str = "cell") -> nbformat.NotebookNode:
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
        book.cells.append(make(source, id=f"{prefix}-{number}"))
    return book


def executed(book: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """Restart and run all, as a student does before handing in; errors stay in the outputs."""
    client = NotebookClient(book, timeout=600, kernel_name="python3", coalesce_streams=True)
    client.execute(cwd=str(folder))
    for cell in book.cells:
        cell.metadata.pop("execution", None)
    return book


def with_outputs(
    book: nbformat.NotebookNode, done: nbformat.NotebookNode
) -> nbformat.NotebookNode:
    """Keep the reference's outputs under cells whose text changed afterwards."""
    for cell, old in zip(book.cells, done.cells, strict=False):
        if cell.cell_type == "code" and old.cell_type == "code":
            cell.outputs, cell.execution_count = old.outputs, old.execution_count
    return book


def as_script(text: str) -> str:
    """The code cells as one Python file."""
    code = [source for kind, source in cells(text) if kind == "code"]
    return "\n\n".join(code).replace("%matplotlib inline\n", "").replace("%matplotlib inline", "")


def expectation(case: Case) -> str:
    """The text of `expect.toml`."""
    lines = [f'description = "{case.description}"', "", "[outcomes]"]
    lines += [f'"{name}" = "{outcome}"' for name, outcome in case.outcomes.items()]
    return "\n".join(lines) + "\n"


def with_svhn(folder: Path, served: Path) -> None:
    """Put SVHN's files into a folder where a notebook runs; each label with its own picture."""
    DATASETS["svhn"].serve(served, data_root(), lambda _what, _count: None)
    for file in served.glob("*.mat"):
        (folder / file.name).symlink_to(file)


def trained(parts: tuple[str, str], case: Case, handed_in: Path) -> nbformat.NotebookNode:
    """Run a case for real. Part 3 keeps the reference's outputs, but in the reference itself."""
    first = case.name == "reference"
    text = parts[0] + (parts[1] if first else "") + case.append
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as served:
        if first:
            with_svhn(Path(work), Path(served))
        book = executed(notebook(text), Path(work))
        copy_artefacts(Path(work), handed_in)
    if first:
        return book
    reference = HERE / "reference" / "submission"
    for file in sorted(reference.glob("*svhn*")):
        shutil.copyfile(file, handed_in / file.name)
    book.cells = put_in(book.cells, part_3(parts[1]), len(cells(case.append)))
    return book


def part_3(text: str) -> list[nbformat.NotebookNode]:
    """The cells on SVHN with the reference's outputs."""
    done = nbformat.read(HERE / "reference" / "submission" / NOTEBOOK, as_version=4)
    count = len(cells((HERE / "svhn.py").read_text()))
    mine = notebook(text, "svhn")
    done.cells = done.cells[-count:]
    return list(with_outputs(mine, done).cells)


def put_in(
    old: list[nbformat.NotebookNode], new: list[nbformat.NotebookNode], before_last: int
) -> list[nbformat.NotebookNode]:
    """Cells put in before the last few."""
    at = len(old) - before_last
    return [*old[:at], *new, *old[at:]]


def copy_artefacts(source: Path, target: Path) -> None:
    """Copy what a run left behind."""
    for pattern in ARTEFACTS:
        for file in sorted(source.glob(pattern)):
            shutil.copyfile(file, target / file.name)


def make(case: Case) -> None:
    """Write one case's folder."""
    folder = HERE / case.name
    shutil.rmtree(folder, ignore_errors=True)
    handed_in = folder / "submission"
    handed_in.mkdir(parents=True)
    parts = edited(case)
    reference = HERE / "reference" / "submission"
    if case.trained:
        book = trained(parts, case, handed_in)
    else:
        done = nbformat.read(reference / NOTEBOOK, as_version=4)
        book = with_outputs(notebook("".join(parts) + case.append), done)
        copy_artefacts(reference, handed_in)
    if case.script:
        (handed_in / "assignment.py").write_text(as_script("".join(parts) + case.append))
    else:
        nbformat.write(book, handed_in / NOTEBOOK)
    if case.then is not None:
        case.then(handed_in)
    (folder / "expect.toml").write_text(expectation(case))


def main(names: list[str]) -> None:
    """Make the named cases, or all and nothing else."""
    os.environ.update(OMP_NUM_THREADS="1", SOURCE_DATE_EPOCH="0", PYTHONHASHSEED="0")
    chosen = [case for case in CASES if not names or case.name in names]
    if unknown := set(names) - {case.name for case in CASES}:
        sys.exit(f"no such case: {', '.join(sorted(unknown))}")
    for case in chosen:
        make(case)
        print(case.name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
