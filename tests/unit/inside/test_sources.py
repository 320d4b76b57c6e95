from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.inside.source.notebooks import NotebookError, read_notebook
from grader.inside.source.sources import (
    files_below,
    imported_packages,
    read_sources,
    read_text,
)


def cell(source, kind="code", **more):
    return {"cell_type": kind, "source": source, **more}


def write_notebook(path, *cells, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"nbformat": 4, "nbformat_minor": 0, "cells": list(cells), **more}
    path.write_text(json.dumps(whole))


def test_notebooks_of_every_age():
    lines = ["x = 1\n", "y = 2"]
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": lines, "language": "python"}]}]}
    new = {"cells": [cell("x = 1\ny = 2", id="a1", metadata={"tags": ["grade:mlp", 3]})]}
    assert read_notebook(json.dumps(old))[0].text == "x = 1\ny = 2"
    assert read_notebook(json.dumps(new))[0].tags == ("grade:mlp",)


def test_cells_are_counted_over_all_kinds():
    whole = {"cells": [cell("# t", "markdown"), cell("x"), 7, {"cell_type": "code"}, cell(None)]}
    numbers = [(c.number, c.kind) for c in read_notebook(json.dumps(whole))]
    assert numbers == [(1, "markdown"), (2, "code"), (3, "raw"), (4, "code"), (5, "code")]


def test_stored_outputs_are_claims_but_tracebacks_are_not():
    outputs = [
        {"output_type": "stream", "text": ["Test ", "CE: 0.1"]},
        {"output_type": "execute_result", "data": {"text/plain": "0.5", "text/html": "<b>9</b>"}},
        {"output_type": "error", "traceback": ["CE: 0.9"], "evalue": "x", "text": "CE: 9"},
        "not an output",
    ]
    (found,) = read_notebook(json.dumps({"cells": [cell("x", outputs=outputs)]}))
    assert found.outputs == ("Test CE: 0.1", "0.5")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("{", "not valid JSON"),
        ('{"cells": [\n<<<<<<< HEAD\n]}', "merge conflict"),
        ("[1, 2]", "no list of cells"),
        ('{"cells": 3}', "no list of cells"),
        ("[" * 200_000, "nested too deeply"),
    ],
)
def test_what_is_no_notebook_says_why(text, words):
    with pytest.raises(NotebookError, match=words):
        read_notebook(text)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["cells", "source", "outputs", "cell_type", "metadata", "tags"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSONS)
def test_any_json_is_read_or_refused(whole):
    try:
        cells = read_notebook(json.dumps(whole))
    except NotebookError:
        return
    assert all(isinstance(c.text, str) for c in cells)


@pytest.mark.parametrize(
    "data",
    [
        "größe = 1".encode(),
        "größe = 1".encode("utf-8-sig"),
        "größe = 1".encode("latin-1"),
        "größe = 1".encode("utf-16"),
    ],
)
def test_every_editors_encoding(tmp_path, data):
    path = tmp_path / "a.py"
    path.write_bytes(data)
    assert read_text(path) == "größe = 1"


def test_a_file_over_the_limit_is_refused(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"x" * 100)
    with pytest.raises(ValueError, match="larger"):
        read_text(path, 50)


def test_links_hidden_folders_and_litter_are_not_read(tmp_path):
    (tmp_path / "a.py").write_text("x = 1")
    for name in (".ipynb_checkpoints", "__MACOSX", "venv"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "b.py").write_text("y = 1")
    (tmp_path / "._a.py").write_text("z")
    (tmp_path / "link.py").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe.py")
    assert [p.name for p in files_below(tmp_path)] == ["a.py"]


def test_the_notebook_with_most_definitions_is_the_entry(tmp_path):
    write_notebook(tmp_path / "a.ipynb", cell("x = 1"))
    write_notebook(tmp_path / "sub/b.ipynb", cell("def f():\n    pass\nclass A:\n    pass"))
    (tmp_path / "main.py").write_text("def a(): pass\ndef b(): pass\ndef c(): pass")
    assert read_sources(tmp_path).entry == "sub/b.ipynb"


def test_of_scripts_the_one_that_starts_the_others_is_the_entry(tmp_path):
    (tmp_path / "nets.py").write_text("class A: pass\nclass B: pass\nclass C: pass")
    (tmp_path / "start.py").write_text("import nets\nif __name__ == '__main__':\n    nets.A()")
    assert read_sources(tmp_path).entry == "start.py"


def test_grade_toml_names_the_entry(tmp_path):
    write_notebook(tmp_path / "a.ipynb", cell("def f():\n    pass"))
    write_notebook(tmp_path / "b.ipynb", cell("x = 1"))
    (tmp_path / "grade.toml").write_text('entry = "b.ipynb"')
    assert read_sources(tmp_path).entry == "b.ipynb"
    (tmp_path / "grade.toml").write_text('entry = "c.ipynb"')
    sources = read_sources(tmp_path)
    assert sources.entry == "a.ipynb"
    assert "c.ipynb" in sources.settings_error
    (tmp_path / "grade.toml").write_text("entry = ")
    assert "cannot be read" in read_sources(tmp_path).settings_error


def test_a_broken_cell_loses_only_itself(tmp_path):
    write_notebook(tmp_path / "a.ipynb", cell("x = 1"), cell("def f(:"), cell("y = 1"))
    chunks = read_sources(tmp_path).files[0].chunks
    assert [c.tree is not None for c in chunks] == [True, False, True]
    assert chunks[1].place(chunks[1].parsed.line) == {"file": "a.ipynb", "cell": 2, "line": 1}


def test_an_exported_notebook_keeps_its_magics(tmp_path):
    (tmp_path / "a.py").write_text("# %%\n!pip install x\n# %(y)\ndef f():\n    pass\n")
    assert read_sources(tmp_path).files[0].definitions == 1


def test_imports_are_named_as_they_are_written(tmp_path):
    write_notebook(
        tmp_path / "a.ipynb",
        cell("import torch.nn as nn\nfrom matplotlib import pyplot as plt"),
        cell("def f():\n    from sklearn.datasets import load_digits"),
        cell("import numpy, scipy\nthis does not parse"),
    )
    (tmp_path / "b.py").write_text("from .a import x\nfrom PIL import *")
    found = imported_packages(tmp_path)
    for name in ("torch.nn", "matplotlib.pyplot", "sklearn.datasets", "numpy", "scipy", "PIL"):
        assert name in found
    assert "a" not in found
