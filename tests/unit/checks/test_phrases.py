from __future__ import annotations

from fractions import Fraction

import pytest

from grader.checks.phrases import (
    bound_by,
    called,
    cells,
    count,
    decimal,
    examples,
    listed,
    share,
)
from grader.model.evidence import Place
from tests.made_up import a_binding


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0694, "0.0694"),
        (Fraction(3, 50), "0.06"),
        (31.0, "31"),
        (12345.0, "12,345"),
        (0.000012345, "1.234e-05"),
        (float("nan"), "not a number"),
        (float("-inf"), "infinite"),
    ],
)
def test_numbers_read_well(value: float | Fraction, text: str) -> None:
    assert decimal(value) == text


def test_shares_lists_and_counts_read_well() -> None:
    assert [share(Fraction(n, 20)) for n in (20, 10, 0, 7)] == [
        "full points",
        "half of the points",
        "no points",
        "35% of the points",
    ]
    assert [listed([]), listed("a"), listed("ab"), listed("abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert listed("abcdefgh", most=3) == "a, b and 6 more"
    assert [count(1, "box", "boxes"), count(2000, "box", "boxes")] == ["1 box", "2,000 boxes"]


def test_names_read_well() -> None:
    roles = ("cnn", "vgg16", "classifier", "first", "deep_cnn", "fm1_cnn", "d_tanh")
    names = ["CNN", "VGG16", "classifier", "first model", "deep CNN", "FM1 CNN", "d_tanh"]
    assert [called(role) for role in roles] == names
    assert examples(447, "digits/test") == "447 test digits"
    assert examples(26032, "svhn/test") == "26,032 test examples of svhn"


def test_how_a_role_was_bound_fits_on_a_line() -> None:
    long = "Wrapper around classnet = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256))"
    assert bound_by(a_binding(definition=long, weights="")) == (
        "by name: Wrapper around classnet = nn.Sequential(…) in hw.ipynb, cell 7"
    )
    assert bound_by(a_binding(how="weights", definition="x" * 200)).startswith(
        f"by its weight file: {'x' * 60}… in"
    )


def test_each_cell_is_named_once() -> None:
    lines = [Place(file="a.ipynb", cell=cell, line=line) for cell in (7, 8) for line in (1, 2)]
    assert cells(lines) == "a.ipynb, cell 7; a.ipynb, cell 8"
    assert cells([Place(file="a.py", cell=n) for n in range(1, 6)]).endswith("cell 3; …")
