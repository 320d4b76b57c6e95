"""What a box gets: inputs in a secret order, and never a label."""

import json

import numpy as np
import pytest

from grader.collect.inputs import Inputs, machine_secret
from grader.datasets import DATASETS
from grader.datasets.halves import Half
from grader.registry import Registry
from tests.unit.datasets import made_up


@pytest.fixture
def inputs(tmp_path):
    root = tmp_path / "root"
    known = Registry("dataset")
    known.register("mnist", made_up.write_mnist(root, counts=(4, 3, 2)))
    known.register("half", Half("half", known["mnist"], (0, 2)))
    known.register("grocery", made_up.write_grocery(root, each=4))
    known.register("digits", DATASETS["digits"])
    return Inputs(root, b"s" * 32, known)


def test_arrays(inputs, tmp_path):
    entry = inputs.write("mnist/test", "team", tmp_path / "box")
    assert {key: entry[key] for key in ("encoding", "dtype", "shape", "family")} == {
        "encoding": "raw",
        "dtype": "uint8",
        "shape": [9, 28, 28],
        "family": "torchvision.MNIST",
    }
    assert (entry["rows"], entry["total_rows"]) == ([0, 9], 9)
    sent = np.fromfile(tmp_path / "box" / entry["file"], np.uint8).reshape(entry["shape"])
    order = inputs.order("mnist/test", "team")
    assert sorted(order) == list(range(9)) != list(order)
    assert (sent == inputs.split("mnist/test").inputs[list(order)]).all()


def test_pictures(inputs, tmp_path):
    entry = inputs.write("grocery/test", "team", tmp_path / "box")
    assert (entry["encoding"], entry["shape"], entry["family"]) == ("encoded", [12], "grocery")
    assert "dtype" not in entry
    data = (tmp_path / "box" / entry["file"]).read_bytes()
    offsets = entry["offsets"]
    assert (len(offsets), offsets[0], offsets[-1]) == (13, 0, len(data))
    pictures = inputs.split("grocery/test").inputs
    for place, row in enumerate(inputs.order("grocery/test", "team")):
        assert data[offsets[place] : offsets[place + 1]] == pictures[row]


def test_digits_are_rows_of_what_the_library_reads_at_once(inputs, tmp_path):
    entry = inputs.write("digits/test", "team", tmp_path)
    assert (entry["rows"], entry["total_rows"]) == ([1350, 1797], 1797)
    assert (entry["dtype"], entry["shape"]) == ("float32", [447, 64])


def test_a_half_says_which_classes_it_is(inputs, tmp_path):
    entry = inputs.write("half/test", "team", tmp_path)
    assert entry["original_classes"] == [0, 2]
    assert entry["shape"] == [6, 28, 28]


def test_no_label_is_in_the_job_or_in_the_files(inputs, tmp_path):
    """Another labelling of the same inputs must give the very same bytes."""
    entries = {}
    for name in ("mnist/test", "grocery/test"):
        entries[name] = inputs.write(name, "team", tmp_path / "a")
    assert "label" not in json.dumps(entries)
    for name, entry in entries.items():
        split = inputs.split(name)
        size = (tmp_path / "a" / entry["file"]).stat().st_size
        whole = entry["offsets"][-1] if "offsets" in entry else split.inputs.nbytes
        assert size == whole


def test_each_submission_and_each_machine_has_its_own_order(inputs):
    one, two = (inputs.order("mnist/test", team) for team in ("a", "b"))
    other = Inputs(inputs.root, b"t" * 32, inputs.datasets).order("mnist/test", "a")
    assert len({one, two, other}) == 3


def test_missing_data_has_no_rows(tmp_path):
    inputs = Inputs(tmp_path, b"s" * 32)
    assert inputs.rows("mnist/test") == 0
    assert inputs.order("mnist/test", "a") == ()


def test_the_machines_secret_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    one = machine_secret()
    assert len(one) == 32
    assert machine_secret() == one
    assert (tmp_path / "state" / "grade" / "secret").stat().st_mode & 0o077 == 0
