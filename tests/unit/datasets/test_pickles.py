"""CIFAR's pickles: what they need is read, everything else is refused before it runs."""

import os
import pickle
import pickletools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from grader.datasets.pickles import read_pickle, uint8_of, write_pickle
from tests.unit.datasets.made_up import images, python2_pickle

ENTRIES = {
    "batch_label": "testing batch 1 of 1",
    "labels": [3, 0, 9],
    "data": images(3, 3072),
    "filenames": ["a.png", "b.png", "c.png"],
}


class Evil:
    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_what_any_python_writes_is_read(protocol):
    found = read_pickle(pickle.dumps(ENTRIES, protocol=protocol))
    assert found["labels"] == [3, 0, 9]
    assert (uint8_of(found["data"]) == ENTRIES["data"]).all()


def test_what_we_write_is_read_by_us_and_in_both_ways_that_students_use():
    data = write_pickle(ENTRIES)
    ours = read_pickle(data)
    assert (uint8_of(ours["data"]) == ENTRIES["data"]).all()
    assert ours["filenames"] == ENTRIES["filenames"]
    texts = pickle.loads(data, encoding="latin1")
    octets = pickle.loads(data, encoding="bytes")
    assert set(texts) == set(ENTRIES)
    assert set(octets) == {key.encode() for key in ENTRIES}
    for found in (texts["data"], octets[b"data"]):
        assert isinstance(found, np.ndarray)
        assert found.dtype == np.uint8
        assert (found == ENTRIES["data"]).all()
    assert octets[b"labels"] == [3, 0, 9]
    assert octets[b"filenames"][0] == b"a.png"


def test_what_we_write_names_only_numpy():
    named = {
        argument
        for opcode, argument, _ in pickletools.genops(write_pickle(ENTRIES))
        if opcode.name == "GLOBAL"
    }
    assert named == {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}


@given(arrays(np.uint8, st.tuples(st.integers(0, 5), st.integers(0, 300))))
def test_any_array_survives(array):
    found = read_pickle(write_pickle({"data": array}))
    assert (uint8_of(found["data"]) == array).all()
    assert uint8_of(found["data"]).shape == array.shape


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    "call",
    [
        (os.system, "touch ran"),
        (eval, "open('ran', 'w')"),
        (exec, "open('ran', 'w')"),
        (open, "ran", "w"),
        (getattr, "text", "upper"),
        (np.load, "ran"),
        (np.frombuffer, b"x"),
    ],
)
def test_code_is_refused_and_does_not_run(call, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps({"data": Evil(*call), "labels": []}, protocol=protocol)
    with pytest.raises(ValueError, match="which no CIFAR needs"):
        read_pickle(data)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()], dtype=object),
        np.zeros(3, dtype=np.float32),
        np.array(["text"]),
        np.zeros(2, dtype=[("a", "u1")]),
        images(2, 6).T[:, ::-1].copy(order="F"),
    ],
)
def test_other_arrays_are_refused(value):
    with pytest.raises(ValueError, match=r"not a file of CIFAR|no array"):
        uint8_of(read_pickle(python2_pickle({"data": value}))["data"])


def test_a_shape_that_the_bytes_do_not_fill_is_refused():
    data = write_pickle({"data": images(2, 8)}).replace(
        b"J\x02\x00\x00\x00J\x08\x00\x00\x00", b"J\xff\xff\xff\x7fJ\x08\x00\x00\x00"
    )
    with pytest.raises(ValueError, match="reshape"):
        uint8_of(read_pickle(data)["data"])


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_else_than_be_refused(data):
    try:
        read_pickle(data)
    except ValueError:
        return
    assert isinstance(read_pickle(data), dict)


@pytest.mark.parametrize("value", [[1, 2], "text", None, 3])
def test_something_else_than_a_dictionary(value):
    with pytest.raises(ValueError, match="dictionary"):
        read_pickle(pickle.dumps(value))


@pytest.mark.parametrize("value", ["text", [1], None, b"raw"])
def test_no_array_where_pixels_are_expected(value):
    with pytest.raises(ValueError, match="no array"):
        uint8_of(value)
