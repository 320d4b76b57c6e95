import zipfile

import pytest

from grader.intake import read


@pytest.fixture
def tree(tmp_path):
    """Writes files below a folder: `tree("hw1/ada/hw.ipynb", ...)`; returns the folder."""

    def make(*paths, at="in", **contents):
        root = tmp_path / at
        root.mkdir(parents=True, exist_ok=True)
        for path in paths:
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(contents.get(path, f"content of {path}"))
        return root

    return make


@pytest.fixture
def zipped(tmp_path):
    """Writes a zip of names (or ZipInfo) and contents."""

    def make(entries, name="hand-in.zip", at="in"):
        file = tmp_path / at / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, data in entries:
                archive.writestr(entry, data)
        return file

    return make


@pytest.fixture
def intake(tmp_path):
    """Reads with two known assignments, unless told otherwise."""

    def call(path, assignment=None, known=("hw1", "hw2"), **more):
        return read(
            path,
            assignment=assignment,
            workdir=tmp_path / "work",
            known_assignments=frozenset(known),
            **more,
        )

    return call


def names(result):
    return [(s.assignment, s.name) for s in result.submissions]


@pytest.fixture(name="names")
def names_fixture():
    return names
