"""The cases that prove the rubric are the ones that their script makes."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import nbformat
import pytest

VERIFY = Path(__file__).parents[3] / "rubrics" / "digits-svhn" / "verify"


@pytest.fixture(scope="module")
def make():
    sys.path.insert(0, str(VERIFY))
    yield importlib.import_module("make")
    sys.path.remove(str(VERIFY))
    for name in ("make", "edits", "edits_svhn"):
        del sys.modules[name]


def test_every_folder_is_a_case_of_the_script(make):
    folders = {path.name for path in VERIFY.iterdir() if (path / "submission").is_dir()}
    assert folders == {case.name for case in make.CASES}


def test_texts_are_those_of_the_script(make):
    for case in make.CASES:
        folder = VERIFY / case.name
        assert (folder / "expect.toml").read_text() == make.expectation(case)
        if case.script:
            written = (folder / "submission" / "assignment.py").read_text()
            assert written == make.as_script("".join(make.edited(case)) + case.append)
            continue
        book = nbformat.read(folder / "submission" / make.NOTEBOOK, as_version=4)
        found = [(cell.cell_type, cell.source) for cell in book.cells]
        assert found == make.cells("".join(make.edited(case)) + case.append), case.name


def test_each_mutant_differs_from_the_reference(make):
    reference = VERIFY / "reference" / "submission"
    whole = {path.name: path.read_bytes() for path in reference.iterdir()}
    for case in make.CASES[1:]:
        mutant = {
            path.name: path.read_bytes() for path in (VERIFY / case.name / "submission").iterdir()
        }
        assert mutant != whole, case.name
        assert case.outcomes, case.name


def test_the_folder_stays_small(make):
    total = sum(path.stat().st_size for path in VERIFY.rglob("*") if path.is_file())
    assert total < 460_000 * len(make.CASES)
