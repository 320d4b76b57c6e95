"""Make the cases of this folder again: `python rubrics/digits-svhn/verify/make.py [CASE …]`.

    solution.py   the reference submission in percent format: one "# %%" per cell
    edits.py      what is wrong with each mutant, and what it must lose
    <case>/       made: submission/ (notebook with outputs, weights, texts, curves) and expect.toml

A case whose nets differ is trained for real; one whose text alone differs gets the reference's
weights and outputs, as if the student had changed the text afterwards. Everything is seeded. It
takes about five minutes on one core and needs the development environment's Jupyter kernel.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from edits import CASES, Case
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
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


def copy_artefacts(source: Path, target: Path) -> None:
    """Copy what a run left behind."""
    for pattern in ARTEFACTS:
        for file in sorted(source.glob(pattern)):
            shutil.copyfile(file, target / file.name)


def make(case: Case, text: str) -> None:
    """Write one case's folder."""
    folder = HERE / case.name
    shutil.rmtree(folder, ignore_errors=True)
    handed_in = folder / "submission"
    handed_in.mkdir(parents=True)
    mine = edited(text, case)
    reference = HERE / "reference" / "submission"
    if case.trained:
        with tempfile.TemporaryDirectory() as work:
            book = executed(notebook(mine), Path(work))
            copy_artefacts(Path(work), handed_in)
    else:
        book = with_outputs(notebook(mine), nbformat.read(reference / NOTEBOOK, as_version=4))
        copy_artefacts(reference, handed_in)
    if case.script:
        (handed_in / "assignment.py").write_text(as_script(mine))
    else:
        nbformat.write(book, handed_in / NOTEBOOK)
    if case.then is not None:
        case.then(handed_in)
    (folder / "expect.toml").write_text(expectation(case))


def main(names: list[str]) -> None:
    """Make the named cases, or all and nothing else."""
    os.environ.update(OMP_NUM_THREADS="1", SOURCE_DATE_EPOCH="0", PYTHONHASHSEED="0")
    text = (HERE / "solution.py").read_text()
    chosen = [case for case in CASES if not names or case.name in names]
    if unknown := set(names) - {case.name for case in CASES}:
        sys.exit(f"no such case: {', '.join(sorted(unknown))}")
    for case in chosen:
        make(case, text)
        print(case.name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
