"""A course's own datasets: image folders, CSV, npz; private ones are never served."""

import csv
import pickle

import numpy as np
import pytest

from grader.collect.inputs import secret_order
from grader.datasets import DATASETS, Own, Pictures, with_own
from grader.errors import ConfigurationError, DatasetMissingError, UnknownNameError
from grader.model.rubric import OwnDataset
from tests.unit.datasets import made_up


def deal(what, count):
    return secret_order(b"s" * 32, what, count)


def own(folder, kind="csv", path="birds.csv", root=None, **more):
    described = OwnDataset(kind=kind, path=path, **more)
    return Own("birds", described, folder, root)


def write_csv(file, rows, header=("a", "b", "label")):
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([header, *rows])


ROWS = [(0.5, 1, 0), (2, -3, 1), (1e3, 0.25, 1), (7, 8, 0), (9, 9, 1)]


def test_csv(tmp_path):
    write_csv(tmp_path / "birds.csv", ROWS)
    test = own(tmp_path).load("test")
    assert test.inputs.dtype == np.float32
    assert test.inputs.tolist() == [[a, b] for a, b, _ in ROWS]
    assert test.labels.tolist() == [0, 1, 1, 0, 1]


def test_csv_with_chosen_columns_a_shape_and_names_of_classes(tmp_path):
    rows = [("owl", i, i + 1, i + 2, i + 3, "x, y") for i in range(3)] + [("wren", 0, 0, 0, 0, "")]
    write_csv(tmp_path / "birds.csv", rows, ("kind", "p0", "p1", "p2", "p3", "remark"))
    dataset = own(
        tmp_path,
        label="kind",
        inputs=("p0", "p1", "p2", "p3"),
        shape=(2, 2),
        classes=("wren", "owl"),
    )
    test = dataset.load("test")
    assert test.inputs.shape == (4, 2, 2)
    assert test.inputs[1].tolist() == [[1, 2], [3, 4]]
    assert test.labels.tolist() == [1, 1, 1, 0]
    assert dataset.classes == ("wren", "owl")


def test_csv_of_a_spreadsheet(tmp_path):
    (tmp_path / "birds.csv").write_bytes('\ufeff"label",a\r\n"1",2\r\n0,"3"\r\n'.encode())
    test = own(tmp_path).load("test")
    assert test.labels.tolist() == [1, 0]
    assert test.inputs.tolist() == [[2], [3]]


@pytest.mark.parametrize(
    ("rows", "header", "said"),
    [
        (ROWS, ("a", "b", "c"), "no column 'label'"),
        ([("x", 1, 0)], ("a", "b", "label"), "cannot be read"),
        ([(1, 1, "owl")], ("a", "b", "label"), "cannot be read"),
        ([(1, "nan", 0)], ("a", "b", "label"), "NaN or infinite"),
        ([(1, 2, -1)], ("a", "b", "label"), "labels go from -1"),
        ([(1, 2, 7)], ("a", "b", "label"), "labels go from 7"),
        ([(1, 2)], ("a", "b", "label"), "cannot be read"),
    ],
)
def test_csv_that_is_not_as_described(rows, header, said, tmp_path):
    write_csv(tmp_path / "birds.csv", rows, header)
    dataset = own(tmp_path, classes=("a", "b"))
    with pytest.raises(DatasetMissingError, match=said) as caught:
        dataset.load("test")
    assert "birds.csv" in caught.value.where
    assert caught.value.mend
    assert not dataset.verify()[0].holds


def test_npz(tmp_path):
    images = made_up.images(4, 6, 6)
    np.savez(tmp_path / "b.npz", x=images, label=np.array([0, 1, 2, 0], np.int8))
    test = own(tmp_path, "npz", "b.npz").load("test")
    assert (test.inputs == images).all()
    assert test.inputs.dtype == np.uint8
    assert (test.labels.dtype, test.labels.tolist()) == (np.int64, [0, 1, 2, 0])


def test_npz_of_other_numbers_becomes_float32(tmp_path):
    np.savez(tmp_path / "b.npz", x=np.arange(8.0).reshape(2, 4), y=[0, 1], label=[[1], [0]])
    test = own(tmp_path, "npz", "b.npz", inputs=("x",), shape=(2, 2)).load("test")
    assert (test.inputs.dtype, test.inputs.shape) == (np.float32, (2, 2, 2))
    assert test.labels.tolist() == [1, 0]


class Evil:
    def __reduce__(self):
        return open, ("ran", "w")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": np.zeros((2, 2)), "label": np.array([Evil(), 1], dtype=object)}, "plain numbers"),
        ({"x": np.zeros((2, 2))}, "no array 'label'"),
        ({"x": np.zeros(2), "y": np.zeros(2), "label": [0, 1]}, "one array of inputs"),
        ({"x": np.zeros((3, 2)), "label": [0, 1]}, "3 inputs and 2 labels"),
        ({"x": np.array(["a", "b"]), "label": [0, 1]}, "numbers are expected"),
        ({"x": np.zeros((2, 2)), "label": [0.5, 1]}, "numbers are expected"),
        ({"x": np.full((2, 2), np.inf), "label": [0, 1]}, "NaN or infinite"),
    ],
)
def test_npz_that_is_not_as_described(arrays, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("b.npz", **arrays)
    with pytest.raises(DatasetMissingError) as caught:
        own(tmp_path, "npz", "b.npz").load("test")
    assert said in f"{caught.value.message} {caught.value.mend}"
    assert not (tmp_path / "ran").exists()


def test_a_bare_pickle_named_npz_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.npz").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(DatasetMissingError, match="plain numbers"):
        own(tmp_path, "npz", "b.npz").load("test")
    assert not (tmp_path / "ran").exists()


def test_image_folder(tmp_path):
    made_up.write_birds(tmp_path / "birds")
    dataset = own(tmp_path, "image_folder", "birds")
    test = dataset.load("test")
    assert isinstance(test.inputs, Pictures)
    assert dataset.classes == ("owl", "wren")
    assert test.labels.tolist() == [0, 0, 1, 1, 1]
    assert test.inputs[2] == made_up.picture(0, (8, 7), "PNG")


def test_image_folder_in_the_rubrics_order_of_classes(tmp_path):
    made_up.write_birds(tmp_path / "birds")
    dataset = own(tmp_path, "image_folder", "birds", classes=("wren", "owl"))
    assert dataset.load("test").labels.tolist() == [0, 0, 0, 1, 1]
    unknown = own(tmp_path, "image_folder", "birds", classes=("wren", "kite"))
    with pytest.raises(DatasetMissingError, match="'owl' is none of the classes"):
        unknown.load("test")


def test_an_empty_folder(tmp_path):
    (tmp_path / "birds" / "owl").mkdir(parents=True)
    with pytest.raises(DatasetMissingError, match="no pictures"):
        own(tmp_path, "image_folder", "birds").load("test")


def test_the_rubrics_folder_comes_before_the_root_of_datasets(tmp_path):
    rubric, root = tmp_path / "rubric", tmp_path / "root"
    write_csv(root / "birds.csv", ROWS)
    dataset = own(rubric, root=root)
    assert dataset.locate(root) == root / "birds.csv"
    before = dataset.version(root)
    write_csv(rubric / "birds.csv", ROWS[:2])
    assert dataset.locate(root) == rubric / "birds.csv"
    assert len(dataset.load("test", root)) == 2
    assert dataset.version(root) != before


def test_several_splits(tmp_path):
    for split in ("train", "test"):
        write_csv(tmp_path / "birds" / f"{split}.csv", ROWS)
    dataset = own(tmp_path, path="birds/{split}.csv", splits=("train", "test"))
    assert dataset.available() == ("train", "test")
    assert dataset.sizes == {"train": 5, "test": 5}
    with pytest.raises(UnknownNameError):
        dataset.load("val")


def test_what_is_missing_says_where_it_belongs(tmp_path):
    dataset = own(tmp_path / "rubric")
    with pytest.raises(DatasetMissingError, match="private test set 'birds'") as caught:
        dataset.load("test", tmp_path / "root")
    assert str(tmp_path / "rubric" / "birds.csv") in caught.value.mend
    assert str(tmp_path / "root" / "birds.csv") in caught.value.mend
    assert dataset.version() == "absent"
    assert dataset.locate() is None
    with pytest.raises(DatasetMissingError):
        dataset.fetch()


def test_a_private_one_is_never_served(tmp_path):
    write_csv(tmp_path / "birds.csv", ROWS)
    dataset = own(tmp_path)
    assert not dataset.served
    assert dataset.hidden == dataset.splits
    with pytest.raises(ConfigurationError, match="only the grader reads it"):
        dataset.serve(tmp_path / "served", None, deal)
    assert not (tmp_path / "served").exists()


PUBLIC = {"splits": ("train", "test"), "private": False}


def test_serving_csv(tmp_path):
    rows = [(*row[:2], "owl" if row[2] else "wren") for row in ROWS * 8]
    for split in ("train", "test"):
        write_csv(tmp_path / "birds" / f"{split}.csv", rows)
    dataset = own(tmp_path, path="birds/{split}.csv", classes=("wren", "owl"), **PUBLIC)
    dataset.serve(tmp_path / "served", None, deal)
    served = own(tmp_path / "served", path="birds/{split}.csv", classes=("wren", "owl"), **PUBLIC)
    assert (served.load("train").labels == dataset.load("train").labels).all()
    shown = dataset.shown("test", None, deal)
    assert (served.load("test").labels == shown.labels).all()
    assert (served.load("test").inputs == dataset.load("test").inputs).all()
    assert shown.labels.tolist() != dataset.load("test").labels.tolist()
    assert sorted(shown.labels.tolist()) == sorted(dataset.load("test").labels.tolist())


def test_serving_npz(tmp_path):
    for split in ("train", "test"):
        labels = np.array([[i % 3] for i in range(30)], np.uint8)
        np.savez(tmp_path / f"{split}.npz", x=made_up.images(30, 4), label=labels, more=[1])
    dataset = own(tmp_path, "npz", "{split}.npz", inputs=("x",), **PUBLIC)
    dataset.serve(tmp_path / "served", None, deal)
    with np.load(tmp_path / "served" / "test.npz") as found:
        assert found["label"].dtype == np.uint8
        assert found["label"].shape == (30, 1)
        assert found["label"][:, 0].tolist() == dataset.shown("test", None, deal).labels.tolist()
        assert found["more"].tolist() == [1]
    with np.load(tmp_path / "served" / "train.npz") as found:
        assert found["label"][:, 0].tolist() == dataset.load("train").labels.tolist()


def test_serving_image_folders(tmp_path):
    for split in ("train", "test"):
        made_up.write_birds(tmp_path / "birds" / split)
    dataset = own(tmp_path, "image_folder", "birds/{split}", **PUBLIC)
    dataset.serve(tmp_path / "served", None, deal)
    for split in ("train", "test"):
        true, shown = dataset.load(split), dataset.shown(split, None, deal)
        files = sorted((tmp_path / "served" / "birds" / split).rglob("*.png"))
        labels = [("owl", "wren").index(file.parent.name) for file in files]
        assert labels == shown.labels.tolist() == [0, 0, 1, 1, 1]
        assert [f.read_bytes() for f in files] == [true.inputs[int(r)] for r in shown.rows]
        right = (true.labels[shown.rows] == shown.labels).all()
        assert bool(right) is (split == "train")


def test_a_registry_of_both(tmp_path):
    described = OwnDataset(kind="csv", path="birds.csv")
    both = with_own(DATASETS, {"birds": described}, tmp_path, None)
    assert set(both) == {*DATASETS, "birds"}
    assert "birds" not in DATASETS
    assert with_own(DATASETS, {}, tmp_path, None) is DATASETS
    with pytest.raises(ConfigurationError, match="registered twice"):
        with_own(DATASETS, {"mnist": described}, tmp_path, None)
