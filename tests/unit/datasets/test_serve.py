"""What student code would find: true training labels, permuted test labels, full lengths."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat

from grader.collect.inputs import secret_order
from grader.datasets import DATASETS
from grader.datasets.folders import marked
from grader.datasets.idx import STEMS, read_idx
from grader.errors import ConfigurationError, GraderError
from tests.unit.datasets import made_up


def deal(what, count):
    return secret_order(b"s" * 32, what, count)


def counts(labels):
    return sorted(np.asarray(labels).tolist())


def test_mnist(tmp_path):
    made = made_up.write_mnist(tmp_path / "root", packed=True, counts=(30, 20))
    made.serve(tmp_path, tmp_path / "root", deal)
    raw = tmp_path / "MNIST" / "raw"
    assert {file.name for file in raw.iterdir()} == {n for stems in STEMS.values() for n in stems}
    for split, (images, labels) in STEMS.items():
        true = made.load(split, tmp_path / "root")
        given = read_idx(raw / labels)
        assert (read_idx(raw / images) == true.inputs).all()
        assert (given == made.shown(split, tmp_path / "root", deal).labels).all()
        assert counts(given) == counts(true.labels)
        assert (given.tolist() == true.labels.tolist()) is (split == "train")


def test_cifar_from_the_official_files(tmp_path):
    made = made_up.write_cifar(tmp_path / "root", per_batch=8)
    made.counts = {"train": (20, 20), "test": (4, 4)}
    made.serve(tmp_path, tmp_path / "root", deal)
    folder = tmp_path / "cifar-10-batches-py"
    meta = pickle.loads((folder / "batches.meta").read_bytes(), encoding="latin1")
    assert meta["label_names"][:3] == ["airplane", "automobile", "bird"]
    assert meta["num_vis"] == 3072
    official = tmp_path / "root" / "cifar-10-batches-py"
    for name in made.checksums:
        given, true = (
            pickle.loads((place / name).read_bytes(), encoding="latin1")
            for place in (folder, official)
        )
        assert (given["data"] == true["data"]).all()
        assert all(type(label) is int for label in given["labels"])
        assert (given["labels"] == true["labels"]) is (name != "test_batch")
        assert counts(given["labels"]) == counts(true["labels"])
        assert len(given["filenames"]) == 8


def test_cifar_from_a_part_is_filled_up(tmp_path):
    labels = [i % 10 for i in range(30)]
    for seed, stem in enumerate(("train", "test1000")):
        made_up.write_sheets(tmp_path / "root", "cifar10", stem, labels, seed)
    made = type(DATASETS["cifar10"])()
    made.counts = {"train": (20,) * 10, "test": (8,) * 10}
    made.serve(tmp_path, tmp_path / "root", deal)
    folder = tmp_path / "cifar-10-batches-py"
    batches = [
        pickle.loads((folder / f"data_batch_{i}").read_bytes(), encoding="bytes")
        for i in range(1, 6)
    ]
    assert [len(batch[b"labels"]) for batch in batches] == [40] * 5
    pixels = np.concatenate([batch[b"data"] for batch in batches])
    assert len(np.unique(pixels, axis=0)) == 200, "repetitions are pictures of their own"
    true = made.load("train", tmp_path / "root")
    assert (pixels[:30].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1) == true.inputs).all()
    given = [label for batch in batches for label in batch[b"labels"]]
    shown = made.shown("train", tmp_path / "root", deal)
    assert given == true.labels[shown.rows].tolist()
    assert np.bincount(given).tolist() == [20] * 10
    test = pickle.loads((folder / "test_batch").read_bytes(), encoding="bytes")
    assert np.bincount(test[b"labels"]).tolist() == [8] * 10
    assert test[b"labels"] != true.labels[made.shown("test", tmp_path / "root", deal).rows].tolist()


def test_svhn(tmp_path):
    (tmp_path / "root").mkdir()
    made = made_up.write_svhn(tmp_path / "root", labels=(10, 1, 1, 2) * 5)
    made.counts = dict.fromkeys(("train", "test"), (5, 10, 5, 0, 0, 0, 0, 0, 0, 0))
    made.serve(tmp_path, tmp_path / "root", deal)
    for split in made.splits:
        found = loadmat(tmp_path / f"{split}_32x32.mat")
        true = made.load(split, tmp_path / "root")
        assert found["X"].shape == (32, 32, 3, 20)
        assert found["X"].dtype == np.uint8
        assert (found["X"].transpose(3, 0, 1, 2) == true.inputs).all()
        assert found["y"].shape == (20, 1)
        given = np.where(found["y"][:, 0] == 10, 0, found["y"][:, 0])
        assert 0 not in found["y"], "the digit 0 is written 10"
        assert counts(given) == counts(true.labels)
        assert (given.tolist() == true.labels.tolist()) is (split == "train")


def lines_of(file):
    parts = [line.split(", ") for line in file.read_text().splitlines()]
    return [(name, int(fine), int(coarse)) for name, fine, coarse in parts]


def test_grocery(tmp_path):
    made = made_up.write_grocery(tmp_path / "root", each=6)
    made.serve(tmp_path, tmp_path / "root", deal)
    folder = tmp_path / "GroceryStoreDataset" / "dataset"
    source = tmp_path / "root" / "GroceryStoreDataset" / "dataset"
    assert (folder / "classes.csv").read_bytes() == (source / "classes.csv").read_bytes()
    for split in ("train", "val"):
        assert (folder / f"{split}.txt").read_bytes() == (source / f"{split}.txt").read_bytes()
        for name, _, _ in lines_of(folder / f"{split}.txt"):
            assert (folder / name).read_bytes() == (source / name).read_bytes()
    given = lines_of(folder / "test.txt")
    true = made.load("test", tmp_path / "root")
    shown = made.shown("test", tmp_path / "root", deal)
    assert [coarse for _, _, coarse in given] == shown.labels.tolist()
    assert counts(shown.labels) == counts(true.labels)
    assert sorted(shown.rows.tolist()) == list(range(18)) != shown.rows.tolist()
    fine_of = {fine: (inner, coarse) for inner, fine, coarse in made_up.GROCERIES}
    for place, (name, fine, coarse) in enumerate(given):
        inner, expected = fine_of[fine]
        assert coarse == expected
        assert name.startswith(f"test/{inner}/"), "the folder tells the same as the line"
        assert (folder / name).read_bytes() == true.inputs[int(shown.rows[place])]
    assert len({name for name, _, _ in given}) == 18
    assert sum(1 for f in (folder / "test").rglob("*.jpg")) == 18


def test_a_test_picture_has_neither_the_number_nor_the_time_of_its_original(tmp_path):
    """Hard links would keep both, and both follow the original's order: class after class."""
    made = made_up.write_grocery(tmp_path / "root")
    made.serve(tmp_path, tmp_path / "root", deal)
    originals = {f.stat().st_ino for f in (tmp_path / "root").rglob("test/**/*.jpg")}
    served = [f.stat() for f in (tmp_path / "GroceryStoreDataset").rglob("test/**/*.jpg")]
    assert served
    assert all(one.st_ino not in originals and one.st_nlink == 1 for one in served)


def test_imagenette(tmp_path):
    made = made_up.write_imagenette(tmp_path / "root", each=3, nominal=7)
    made.serve(tmp_path, tmp_path / "root", deal)
    for split in made.splits:
        true = made.load(split, tmp_path / "root")
        shown = made.shown(split, tmp_path / "root", deal)
        files = sorted((tmp_path / "imagenette2-160" / split).rglob("*.JPEG"))
        assert len(files) == len(shown) == 14
        folders = sorted({file.parent.name for file in files})
        labels = [folders.index(file.parent.name) for file in files]
        assert labels == shown.labels.tolist(), "in the order in which folders are read"
        for file, row, repeat in zip(files, shown.rows, shown.repeats, strict=True):
            if repeat == 0:
                assert file.read_bytes() == true.inputs[int(row)]
            else:
                assert file.read_bytes() != true.inputs[int(row)]
        assert not any("n0" in file.name for file in files), "no name tells the true class"
        pixels = {np.asarray(Image.open(file)).tobytes() for file in files}
        assert len(pixels) == 14
        right = true.labels[shown.rows] == shown.labels
        assert bool(right.all()) is (split == "train")


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_marked_picture_is_the_same_but_for_its_corner(kind, mode):
    if (kind, mode) == ("PNG", "CMYK"):
        pytest.skip("PNG knows no CMYK")
    base = Image.fromarray(np.full((40, 48, 3), 120, np.uint8)).convert(mode)
    out = io.BytesIO()
    base.save(out, format=kind)
    found = [Image.open(io.BytesIO(marked(out.getvalue(), k))) for k in range(1, 12)]
    assert {picture.format for picture in found} == {kind}
    arrays = [np.asarray(picture.convert("RGB")).astype(int) for picture in found]
    assert len({array.tobytes() for array in arrays}) == 11
    true = np.asarray(base.convert("RGB")).astype(int)
    for array in arrays:
        assert array.shape == true.shape
        assert np.abs(array[16:, 16:] - true[16:, 16:]).max() <= 4


@pytest.mark.parametrize("name", ["digits", "fm1"])
def test_what_is_not_served_by_itself_says_so(name, tmp_path):
    for ask in (
        lambda: DATASETS[name].serve(tmp_path, None, deal),
        lambda: DATASETS[name].shown("test", None, deal),
    ):
        with pytest.raises((ConfigurationError, GraderError)) as caught:
            ask()
        assert "serve" in caught.value.mend


def test_files_are_readable_by_all(tmp_path):
    made = made_up.write_grocery(tmp_path / "root")
    for file in (tmp_path / "root").rglob("*.jpg"):
        file.chmod(0o600)
    made.serve(tmp_path / "served", tmp_path / "root", deal)
    assert all(f.stat().st_mode & 0o004 for f in Path(tmp_path / "served").rglob("*.jpg"))
