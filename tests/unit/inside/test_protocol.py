"""A frame's JSON, whatever student code left in it."""

import json

import numpy as np
import pytest

from grader.inside.protocol import encoded


class Word(str):
    __slots__ = ()

    def __str__(self):
        raise ValueError


class Number(int):
    def __index__(self):
        raise ValueError


class Table(dict):
    def items(self):
        raise ValueError


class Rows(list):
    def __iter__(self):
        raise ValueError


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (object(), None),
        pytest.param(10**5000, None, id="enormous"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Word("a"), "a"),
        (Number(3), 3),
        ({"a": Table(b=object()), 3: 4}, {"a": {"b": None}}),
        ([Rows([1, float("inf")])], [[1, "inf"]]),
        ("a \ud83d b", "a ? b"),
        ("█", "█"),
    ],
)
def test_values_are_read_or_null(given, read):
    assert json.loads(encoded({"x": given, "y": 1})) == {
        "x": read,
        "y": 1,
    }


def test_what_never_ends_is_cut():
    endless = []
    endless.append(endless)
    assert json.loads(encoded(endless)) == json.loads(encoded(nested(50)).replace(b"1", b"null"))


def test_other_letters_take_the_bytes_of_their_encoding():
    assert len(encoded("█" * 1000)) == 3002
