"""The digits that scikit-learn ships, without importing it."""

import gzip
import sys

import numpy as np
import pytest

from grader.datasets import DATASETS, data_root, split_of, splits
from grader.datasets.digits import Digits
from grader.errors import DatasetMissingError, UnknownNameError

DIGITS = DATASETS["digits"]


def test_the_splits_are_the_handouts():
    sizes = {split: len(DIGITS.load(split, None).labels) for split in DIGITS.splits}
    assert sizes == {"train": 1000, "val": 350, "test": 447}
    assert sizes == DIGITS.sizes
    loaded = [DIGITS.load(split, None) for split in DIGITS.splits]
    assert [split.first_row for split in loaded] == [0, 1000, 1350]
    assert {split.total_rows for split in loaded} == {1797}


def test_values_and_types():
    test = DIGITS.load("test", None)
    assert (test.inputs.dtype, test.inputs.shape) == (np.float32, (447, 64))
    assert (test.labels.dtype, test.labels.shape) == (np.int64, (447,))
    assert (test.inputs.min(), test.inputs.max()) == (0, 16)
    assert set(test.labels.tolist()) == set(range(10))
    assert test.labels[:10].tolist() == [3, 4, 6, 6, 6, 4, 9, 1, 5, 0]


def test_the_first_digit_is_a_zero():
    train = DIGITS.load("train", None)
    assert train.labels[:5].tolist() == [0, 1, 2, 3, 4]
    assert train.inputs[0, :8].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]


def test_the_host_does_not_import_the_library():
    before = set(sys.modules)
    Digits().load("val")
    assert not {"sklearn", "torch"} & (set(sys.modules) - before)


def test_an_overlay_hides_exactly_the_test_labels(tmp_path):
    (over, file), *more = DIGITS.overlays(tmp_path).items()
    assert more == []
    assert over == str(DIGITS.locate(None))
    true, masked = (np.loadtxt(path, delimiter=",") for path in (over, file))
    assert masked.shape == true.shape == (1797, 65)
    assert (masked[:, :64] == true[:, :64]).all()
    assert (masked[:1350, 64] == true[:1350, 64]).all()
    assert (masked[1350:, 64] == 0).all()


def test_an_overlay_is_the_same_each_time(tmp_path):
    (first,) = DIGITS.overlays(tmp_path / "a").values()
    (second,) = DIGITS.overlays(tmp_path / "b").values()
    assert first.read_bytes() == second.read_bytes()


def test_an_unknown_split_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="no split 'testing'") as caught:
        DIGITS.load("testing", None)
    assert "train, val, test" in caught.value.mend


def test_a_missing_file_says_how_to_get_it(tmp_path):
    digits = Digits(tmp_path / "digits.csv.gz")
    assert digits.locate() is None
    for ask in (lambda: digits.load("test"), digits.fetch, lambda: digits.overlays(tmp_path)):
        with pytest.raises(DatasetMissingError) as caught:
            ask()
        assert "scikit-learn" in caught.value.mend
    (present,) = digits.verify()
    assert not present.holds
    assert present.mend


@pytest.mark.parametrize(
    "content",
    [b"not gzip", gzip.compress(b"0,1,2\n"), gzip.compress(b"x")[:-4]],
    ids=["no gzip", "others", "cut off"],  # a compressed text holds the time
)
def test_other_bytes_are_refused(tmp_path, content):
    """A changed row would change every grade, so labels are never taken from unknown bytes."""
    file = tmp_path / "digits.csv.gz"
    file.write_bytes(content)
    digits = Digits(file)
    with pytest.raises(DatasetMissingError):
        digits.load("test")
    present, checksum = digits.verify()
    assert present.holds
    assert not checksum.holds
    assert checksum.mend


def test_packing_the_same_digits_otherwise_is_no_change(tmp_path):
    file = tmp_path / "digits.csv.gz"
    file.write_bytes(gzip.compress(gzip.decompress(DIGITS.locate(None).read_bytes()), 1, mtime=0))
    digits = Digits(file)
    assert all(entry.holds for entry in digits.verify())
    assert (digits.load("test").labels == DIGITS.load("test", None).labels).all()


def test_fetch_says_where_it_is():
    assert DIGITS.fetch(None) == DIGITS.locate(None)


def test_all_splits_are_named_and_found():
    assert {"digits/train", "digits/val", "digits/test", "fm1/test"} <= set(splits())
    for name in splits():
        dataset, split = split_of(DATASETS, name)
        assert f"{dataset.name}/{split}" == name


@pytest.mark.parametrize("name", ["digit/test", "digits/tests", "digits", "", "digits/test/more"])
def test_unknown_references(name):
    with pytest.raises(UnknownNameError):
        split_of(DATASETS, name)


def test_the_root_of_data(tmp_path, monkeypatch):
    monkeypatch.delenv("GRADE_DATA", raising=False)
    assert str(data_root()) == "data"
    monkeypatch.setenv("GRADE_DATA", str(tmp_path))
    assert data_root() == tmp_path
    assert data_root(tmp_path / "option") == tmp_path / "option"
    monkeypatch.setenv("GRADE_DATA", "  ")
    assert str(data_root()) == "data"
