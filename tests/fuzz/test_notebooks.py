"""Notebooks and scripts of any shape become sources, or a reason why not; never an exception."""

import json
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from grader.inside import mistakes
from grader.inside.probes.find_settings import find_settings
from grader.inside.probes.scan_apis import uses_in
from grader.inside.reply import Reply
from grader.inside.source.magics import parse_code
from grader.inside.source.notebooks import NotebookError, read_notebook
from grader.inside.source.sources import imports_of, read_sources
from tests.fuzz.mutations import HOSTILE_TEXT, JSON, broken_bytes, broken_lines, said
from tests.fuzz.profile import fuzzed

CODE = """\
%matplotlib inline
!pip install torch
import torch, torch.nn as nn
from torch.optim import *
class Net(nn.Module):
    loss = getattr(nn, 'Cross' + 'EntropyLoss')()
    def forward(self, x, *rest, k=lambda y: y.relu(), **more):
        with torch.no_grad() as g, open('x') as f:
            return [w @ x for w in self.parameters() if w is not None]
@torch.jit.script
async def later(a, /, b: 'int' = 1, *, c) -> "None":
    global nn
    match a:
        case {"x": nn.Linear(), **rest} | [1, *_]:
            exec("import torch.optim as o; o.SGD")
    try:
        (x := eval('nn.' + 'Linear')), await b
    except* (ValueError, nn.X) as e:
        del nn
result = {k: v for k, v in vars(torch).items()}; f"{nn.Linear(1, 2)!r:>{10}}"
x = ?help
EPOCHS, (wide, *rest) = 2 ** 4, (128, 10)
def train(net, epochs=EPOCHS, *, lr=10**-2, **more):
    for epoch in tqdm(range(1, epochs + 1)):
        net.hidden = {"size": wide, **more}
parser.add_argument("--batch-size", default=-wide // 3); train(Net(), 3, lr=wide)
"""
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "source": ["# Title\n", "text"], "metadata": {}},
            {
                "cell_type": "code",
                "source": CODE,
                "metadata": {"tags": ["role:mlp"]},
                "execution_count": 1,
                "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": ["Accuracy: 65%\n"]},
                    {"output_type": "display_data", "data": {"text/html": "<b>", "image/png": ""}},
                    {"output_type": "error", "ename": "E", "evalue": "", "traceback": []},
                ],
            },
        ],
        "metadata": {"kernelspec": {"name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
).encode()
NAMES = ["torch.nn.Linear", "torch.nn.CrossEntropyLoss", "torch.Tensor.backward", "torch.optim"]
ANY_CELL = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {},
        optional={
            "cell_type": st.one_of(st.sampled_from(["code", "markdown", "heading"]), JSON),
            "source": st.one_of(HOSTILE_TEXT, st.lists(HOSTILE_TEXT, max_size=3), JSON),
            "input": JSON,
            "metadata": st.one_of(st.fixed_dictionaries({"tags": JSON}), JSON),
            "outputs": st.one_of(
                st.lists(
                    st.fixed_dictionaries(
                        {},
                        optional={
                            "output_type": JSON,
                            "text": JSON,
                            "data": st.one_of(
                                JSON,
                                st.fixed_dictionaries(
                                    {}, optional={"text/html": JSON, "text/plain": JSON}
                                ),
                            ),
                        },
                    ),
                    max_size=3,
                ),
                JSON,
            ),
        },
    ),
)
ANY_NOTEBOOK = st.one_of(
    st.fixed_dictionaries({"cells": st.lists(ANY_CELL, max_size=4)}),
    st.fixed_dictionaries(
        {"worksheets": st.lists(st.one_of(JSON, st.fixed_dictionaries({"cells": JSON})))}
    ),
    JSON,
)


def well_read(sources):
    for source in sources.files:
        imports_of(source)
        assert source.error or source.kind == "script" or all(c.number > 0 for c in source.cells)
        for chunk in source.chunks:
            assert isinstance(chunk.text, str)
            tree = chunk.tree
            if tree is None:
                continue
            lines = chunk.text.count("\n") + 1
            for name, line in uses_in(tree, names=NAMES, within=[]):
                assert name in NAMES
                assert 0 <= line <= lines + 1
    looked_through(sources)


def looked_through(sources):
    """Settings and mistakes are looked for in every text."""
    reply = Reply()
    session = SimpleNamespace(sources=lambda: sources)
    limit = sys.getrecursionlimit()
    find_settings(session, {"names": [".*"]}, reply)
    sys.setrecursionlimit(limit)
    json.dumps(reply.payload, allow_nan=False)
    found, broken = mistakes.find(sources)
    assert broken == []
    assert all(one["seen"] for one in found)


@fuzzed
@given(ANY_NOTEBOOK)
def test_json_of_any_shape(whole):
    try:
        cells = read_notebook(json.dumps(whole))
    except NotebookError as error:
        said(error)
        return
    for number, cell in enumerate(cells, start=1):
        assert cell.number == number
        assert isinstance(cell.kind, str)
        assert isinstance(cell.text, str)
        if cell.kind == "code":
            parse_code(cell.text)


@fuzzed
@given(
    broken_bytes(NOTEBOOK),
    broken_bytes(CODE.encode()),
    st.one_of(st.binary(max_size=200), broken_bytes(b'entry = "a.ipynb"\n[roles]\nmlp = "Net"\n')),
)
def test_files_of_any_bytes(notebook, script, settings):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "a.ipynb").write_bytes(notebook)
        (root / "b.py").write_bytes(script)
        (root / "grade.toml").write_bytes(settings)
        sources = read_sources(root)
        assert {source.path for source in sources.files} == {"a.ipynb", "b.py"}
        well_read(sources)


@fuzzed
@given(broken_lines(CODE))
def test_code_with_lines_moved(text):
    for notebook in (True, False):
        parsed = parse_code(text, notebook=notebook)
        if parsed.tree is not None:
            for within in ([], ["Net", "later"]):
                for sure in (True, False):
                    found = uses_in(parsed.tree, names=NAMES, within=within, sure=sure)
                    assert {name for name, _ in found} <= set(NAMES)
