"""Probes that read and never run: claims, facts of the source, explicit settings."""

from __future__ import annotations

import json
import types

import pytest

from grader.inside.binding.explicit import marked_names
from grader.inside.probes.find_claims import find_claims
from grader.inside.probes.inspect_source import inspect_source
from grader.inside.probes.scan_apis import scan_apis
from grader.inside.reply import Reply
from grader.inside.session import Session
from grader.model.measurements import ApiUses, Claims, SourceFacts


@pytest.fixture
def session(tmp_path):
    job = {"submission": str(tmp_path), "scratch": str(tmp_path), "inputs": str(tmp_path)}
    return Session(job, types.ModuleType("__main__"))


def write(tmp_path, *cells, name="hw.ipynb"):
    (tmp_path / name).write_text(json.dumps({"cells": list(cells)}))


def code(source, **more):
    return {"cell_type": "code", "source": source, **more}


def claims(session, *patterns, files=()):
    reply = Reply()
    params = {"name": "error", "patterns": list(patterns), "files": list(files)}
    find_claims(session, params, reply)
    Claims.model_validate_json(json.dumps(reply.payload))
    return [(c["value"], c["place"], c["text"]) for c in reply.payload["claims"]]


def test_claims_come_from_outputs_texts_and_files_but_not_from_code(session, tmp_path):
    stream = {"output_type": "stream", "text": "nll 1\nError: 0.07"}
    write(
        tmp_path,
        code("print('Error: 0.01')", outputs=[stream]),
        {"cell_type": "markdown", "source": "We got Error: 6,5%"},
    )
    (tmp_path / "out.txt").write_text("x\nError: 7e-2\nError: nan")
    (tmp_path / "other.md").write_text("Error: 0.9")
    found = claims(session, r"Error: (?P<value>\S+)", files=["*.txt"])
    assert found == [
        (0.07, {"file": "hw.ipynb", "cell": 1, "line": 2}, "Error: 0.07"),
        (6.5, {"file": "hw.ipynb", "cell": 2, "line": 1}, "We got Error: 6,5%"),
        (0.07, {"file": "out.txt", "cell": None, "line": 2}, "Error: 7e-2"),
        ("nan", {"file": "out.txt", "cell": None, "line": 3}, "Error: nan"),
    ]


def facts(session):
    reply = Reply()
    inspect_source(session, {}, reply)
    SourceFacts.model_validate_json(json.dumps(reply.payload))
    return reply.payload


def test_facts_of_a_submission(session, tmp_path):
    write(tmp_path, code("import torch.nn as nn\nfrom tensorflow import keras"), code("def f(: 1"))
    (tmp_path / "utils.py").write_text("def g():\n    def h(): pass\nclass A: pass")
    (tmp_path / "bad.ipynb").write_text("{")
    found = facts(session)
    assert found["entry"] == "hw.ipynb"
    assert found["frameworks"] == ["torch", "tensorflow"]
    assert found["definitions"] == 3
    errors = {f["path"]: (f["parse_error"][:11], f["place"]) for f in found["files"]}
    assert errors["hw.ipynb"] == ("SyntaxError", {"file": "hw.ipynb", "cell": 2, "line": 1})
    assert errors["utils.py"] == ("", None)
    assert errors["bad.ipynb"][0] == "the noteboo"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("# PLEASE FILL IN", [1]),
        ("# YOUR CODE HERE\nraise NotImplementedError", [1]),
        ("def f(x):\n    # PLEASE FILL IN", [2]),
        ("def f(x):\n    # PLEASE FILL IN\n    pass", [2]),
        ("def f(x):\n    # PLEASE FILL IN\n    return y", [2]),
        ("for n in names:\n    # PLEASE FILL IN\n    pass\n    g(n)", [2]),
        ("def f(x):\n    # PLEASE FILL IN\n    y = x + 1\n    return y", []),
        ("for n in names:\n    # PLEASE FILL IN\n    net = g(n)", []),
        ("print('PLEASE FILL IN')", []),
        ("x = 1", []),
    ],
)
def test_placeholders_count_only_where_nothing_was_filled_in(session, tmp_path, source, lines):
    write(tmp_path, code("names, g = [], print"), code(source))
    assert [p["line"] for p in facts(session)["placeholders"]] == lines


def test_tags_and_comments_mark_names(session, tmp_path):
    write(
        tmp_path,
        code("a = 1\nb = 2  # grade: mlp\n# grade: mlp\nclass C:\n    pass\nd = 4"),
        code("e = 5\nf, g = 6, 7", metadata={"tags": ["grade:cnn"]}),
    )
    assert marked_names(session, "mlp") == {"b", "C"}
    assert marked_names(session, "cnn") == {"e"}


def test_places_of_compiled_names(session, tmp_path):
    write(tmp_path, code("x = 1"))
    (tmp_path / "a.py").write_text("x = 1")
    cell = {"file": "hw.ipynb", "cell": 3, "line": 5}
    assert session.place_of(f"{tmp_path}/hw.ipynb#cell3", 5) == cell
    assert session.place_of("hw.ipynb#cell3", 5) == cell
    assert session.place_of(f"{tmp_path}/a.py", 2) == {"file": "a.py", "cell": None, "line": 2}
    assert session.place_of("<string>", 1) is None
    assert session.place_of("/usr/lib/python3/random.py", 1) is None
    assert session.place_of(f"{tmp_path}/gone.ipynb#cell3", 5) is None


def scanned(session, *names, within=()):
    reply = Reply()
    scan_apis(session, {"names": list(names), "within": list(within)}, reply)
    found = ApiUses.model_validate_json(json.dumps(reply.payload))
    return [str(use.place) for use in found.uses], [str(use.place) for use in found.unclear]


def test_uses_have_their_cell_and_line_through_cells_and_files(session, tmp_path):
    (tmp_path / "layers.py").write_text(
        "from torch import nn as hidden\n\ndef make():\n    return hidden.Linear(1, 1)\n"
    )
    write(
        tmp_path,
        code("import torch\nimport layers\nfrom layers import make as own, hidden as h\n"),
        code("# nn.Linear\nlayer = own()"),
        code("x = 1\nh.Linear(2, 2)\nlayers.hidden.Linear(3, 3)"),
        code("class FCNet:\n    def f(self):\n        return own()\n"),
        code("class CNN:\n    def f(self):\n        return h.Linear(1, 1)\n"),
    )
    everywhere, unclear = scanned(session, "torch.nn.Linear")
    assert set(everywhere) == {
        "layers.py, line 4",
        "hw.ipynb, cell 3, line 2",
        "hw.ipynb, cell 3, line 3",
        "hw.ipynb, cell 5, line 3",
    }
    assert unclear == []
    assert scanned(session, "torch.nn.Linear", within=["FCNet"]) == (["layers.py, line 4"], [])


def test_a_use_beside_deep_code_is_found(session, tmp_path):
    deep = "x = " + "+".join(["'a'"] * 1500)
    write(tmp_path, code(deep), code("import torch.nn as n\nn.Linear(1, 1)"))
    assert scanned(session, "torch.nn.Linear") == (["hw.ipynb, cell 2, line 2"], [])
