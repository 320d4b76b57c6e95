"""Every layout, read from tiny made-up copies; other bytes are refused."""

import gzip
import io
import sys

import numpy as np
import pytest

from grader.datasets import DATASETS, Pictures
from grader.datasets.cifar import Cifar10
from grader.datasets.halves import Half
from grader.datasets.idx import read_idx, write_idx
from grader.datasets.svhn import Svhn
from grader.errors import DatasetMissingError, UnknownNameError
from tests.unit.datasets import made_up

MAKERS = {
    "mnist": made_up.write_mnist,
    "cifar10": made_up.write_cifar,
    "svhn": made_up.write_svhn,
    "grocery": made_up.write_grocery,
    "imagenette": made_up.write_imagenette,
}
each = pytest.mark.parametrize("name", MAKERS)


def a_test_file(dataset, root):
    """A file whose change must be noticed."""
    return next(f for f in dataset.copy(root).files() if f.name.startswith(("test", "t10k")))


@each
def test_a_copy_is_found_and_read(name, tmp_path):
    made = MAKERS[name](tmp_path)
    assert made.locate(tmp_path).is_relative_to(tmp_path)
    assert set(made.available(tmp_path)) == set(made.splits)
    assert made.size_bytes(tmp_path) > 0
    for split in made.splits:
        loaded = made.load(split, tmp_path)
        assert len(loaded) == len(loaded.inputs) == made.copy(tmp_path).sizes[split] > 0
        assert loaded.labels.dtype == np.int64
        assert made.load(split, tmp_path) is loaded, "read once in a run"
        if not isinstance(loaded.inputs, Pictures):
            assert not loaded.inputs.flags.writeable


@each
def test_nothing_there(name, tmp_path):
    made = type(DATASETS[name])()
    assert made.locate(tmp_path) is None
    assert made.version(tmp_path) == "absent"
    assert made.available(tmp_path) == ()
    assert made.partial(tmp_path) == {}
    (present,) = made.verify(tmp_path)
    assert not present.holds
    with pytest.raises(DatasetMissingError) as caught:
        made.load(made.splits[0], tmp_path)
    assert f"grade data fetch {name}" in caught.value.mend
    with pytest.raises(UnknownNameError):
        made.load("validation", tmp_path)


@pytest.mark.parametrize("name", ["mnist", "cifar10", "svhn", "grocery"])
def test_changed_bytes_are_refused(name, tmp_path):
    made = MAKERS[name](tmp_path)
    made.load("test", tmp_path)
    file = a_test_file(made, tmp_path)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(DatasetMissingError, match="known bytes"):
        made.load("test", tmp_path)
    made.load("train", tmp_path)
    assert not all(entry.holds for entry in made.verify(tmp_path))


def test_idx_packed_or_not_is_the_same(tmp_path):
    plain = made_up.write_mnist(tmp_path / "a")
    packed = made_up.write_mnist(tmp_path / "b", packed=True)
    one, two = plain.load("test", tmp_path / "a"), packed.load("test", tmp_path / "b")
    assert (one.inputs == two.inputs).all()
    assert one.inputs.shape == (5, 28, 28)
    assert one.labels.tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("data", [b"", b"\0\0", b"\0\0\x08\x03\0\0", b"\1\1\x08\1\0\0\0\1x", b"no"])
def test_idx_that_is_damaged(data, tmp_path):
    for file, content in ((tmp_path / "x", data), (tmp_path / "x.gz", gzip.compress(data)[:-3])):
        file.write_bytes(content)
        with pytest.raises(DatasetMissingError):
            read_idx(file)


def test_idx_is_written_as_it_is_read(tmp_path):
    array = made_up.images(3, 5, 4)
    write_idx(tmp_path / "x", array)
    assert (read_idx(tmp_path / "x") == array).all()


def test_cifar_is_height_width_channels(tmp_path):
    made = made_up.write_cifar(tmp_path)
    raw = made_up.images(4, 3072, seed=5)
    test = made.load("test", tmp_path)
    assert test.inputs.shape == (4, 32, 32, 3)
    assert test.inputs[1, 2, 3, 1] == raw[1].reshape(3, 32, 32)[1, 2, 3]
    assert test.labels.tolist() == [0, 1, 0, 1]
    assert made.load("train", tmp_path).inputs.shape == (20, 32, 32, 3)


def test_svhn_calls_the_digit_zero_zero(tmp_path):
    test = made_up.write_svhn(tmp_path).load("test", tmp_path)
    assert test.labels.tolist() == [0, 1, 1, 2]
    assert (test.inputs == made_up.images(4, 32, 32, 3, seed=1)).all()


def test_svhn_that_is_damaged(tmp_path):
    made = made_up.write_svhn(tmp_path)
    file = tmp_path / "test_32x32.mat"
    file.write_bytes(file.read_bytes()[:200])
    made.checksums = {**made.checksums, file.name: made_up.digest(file)}
    with pytest.raises(DatasetMissingError, match="cannot be read"):
        made.load("test", tmp_path)


def test_sheets_are_read_tile_by_tile(tmp_path):
    labels = [3, 1, 4, 1, 5] * 9
    tiles = made_up.write_sheets(tmp_path, "cifar10", "test1000", labels)
    made = Cifar10()
    test = made.load("test", tmp_path)
    assert test.labels.tolist() == labels
    assert (test.inputs == tiles).all()
    assert made.partial(tmp_path) == {
        "train": "0 of 50,000 examples",
        "test": "45 of 10,000 examples",
    }
    with pytest.raises(DatasetMissingError, match="split 'train'"):
        made.load("train", tmp_path)


def test_the_sheets_of_svhn_say_what_they_are(tmp_path):
    for split in ("train", "test"):
        made_up.write_sheets(tmp_path, "svhn", f"grey_{split}", [0, 1, 2])
    said = Svhn().partial(tmp_path)["test"]
    assert said == "3 of 26,032 examples, grey digits cut from the official test pictures"


def test_sheets_are_held_to_the_packs_checksums(tmp_path):
    made_up.write_sheets(tmp_path, "cifar10", "test1000", [0, 1])
    names = ("cifar10/test1000.csv", "cifar10/test1000_00.webp")
    sums = {name: made_up.digest(tmp_path / name, "sha256") for name in names}
    (tmp_path / "SHA256SUMS").write_text("".join(f"{d}  {n}\n" for n, d in sums.items()))
    made = Cifar10()
    made.load("test", tmp_path)
    table = tmp_path / names[0]
    table.write_text(table.read_text().replace("1,1", "0,1"))
    with pytest.raises(DatasetMissingError, match="known bytes"):
        made.load("test", tmp_path)


@pytest.mark.parametrize("text", ["label\nx\n", "label\n11\n", "class\n1\n", "label\n-1\n"])
def test_a_table_of_labels_that_is_damaged(text, tmp_path):
    made_up.write_sheets(tmp_path, "cifar10", "test1000", [0])
    (tmp_path / "cifar10" / "test1000.csv").write_text(text)
    with pytest.raises(DatasetMissingError):
        Cifar10().load("test", tmp_path)


def test_the_official_copy_comes_first(tmp_path):
    made_up.write_sheets(tmp_path, "cifar10", "train", [0] * 10)
    made_up.write_sheets(tmp_path, "cifar10", "test1000", [0] * 10)
    before = Cifar10().version(tmp_path)
    made = made_up.write_cifar(tmp_path)
    assert made.locate(tmp_path).name == "cifar-10-batches-py"
    assert made.version(tmp_path) != before


def test_a_copy_with_more_splits_comes_before_an_official_fragment(tmp_path):
    made = made_up.write_cifar(tmp_path)
    (tmp_path / "cifar-10-batches-py" / "data_batch_3").unlink()
    assert made.available(tmp_path) == ("test",)
    for stem in ("train", "test1000"):
        made_up.write_sheets(tmp_path, "cifar10", stem, [0] * 10)
    assert made.locate(tmp_path).name == "cifar10"


def test_a_reduced_copy_of_grocery_says_so(tmp_path):
    made = made_up.write_grocery(tmp_path, "grocery128")
    assert "128 pixels" in made.partial(tmp_path)["test"]
    test = made.load("test", tmp_path)
    assert test.labels.tolist() == [0, 1, 2] * 3
    assert test.inputs[0] == made_up.picture(0)


@pytest.mark.parametrize(
    "line",
    [
        "../../secret.jpg, 0, 0",
        "/etc/passwd, 0, 0",
        "test/a.jpg, 0, 43",
        "test/a.jpg, 0",
        "x, y, z",
    ],
)
def test_a_list_that_leaves_its_folder_or_is_damaged(line, tmp_path):
    made = made_up.write_grocery(tmp_path)
    file = tmp_path / "GroceryStoreDataset/dataset/test.txt"
    file.write_text(f"{line}\n")
    made.checksums = {**made.checksums, "test.txt": made_up.digest(file, "sha256")}
    with pytest.raises(DatasetMissingError):
        made.load("test", tmp_path)


def test_imagenette_is_read_class_after_class(tmp_path):
    made = made_up.write_imagenette(tmp_path)
    val = made.load("val", tmp_path)
    assert val.labels.tolist() == [0, 0, 1, 1]
    assert val.inputs[2] == made_up.picture(10, (40, 30))
    assert made.partial(tmp_path)["val"] == "4 of 10 examples"


def test_a_complete_imagenette_comes_before_a_part_with_smaller_pictures(tmp_path):
    made = made_up.write_imagenette(tmp_path, each=2, nominal=3)
    made_up.write_imagenette(tmp_path, each=3, nominal=3, folder="imagenette2-320")
    assert made.locate(tmp_path).name == "imagenette2-320"
    assert made.partial(tmp_path) == {}


def test_another_picture_is_another_version(tmp_path):
    made = made_up.write_imagenette(tmp_path)
    before = made.version(tmp_path)
    added = tmp_path / "imagenette2-160/val/n01440764/one_more.JPEG"
    added.write_bytes(made_up.picture(99))
    assert made.version(tmp_path) != before


def test_a_file_that_is_no_picture_is_found_by_verify(tmp_path):
    made = made_up.write_imagenette(tmp_path)
    (tmp_path / "imagenette2-160/val/n01440764/n01440764_0.JPEG").write_bytes(b"<html>")
    looked = {entry.name: entry for entry in made.verify(tmp_path)}
    assert not looked["pictures"].holds
    assert "n01440764_0.JPEG" in looked["pictures"].detail


def test_halves_are_renumbered_in_the_order_of_the_classes(tmp_path):
    whole = made_up.write_mnist(tmp_path, counts=(2, 1, 3, 2))
    half = Half("odd", whole, (1, 3))
    loaded, all_of_it = half.load("test", tmp_path), whole.load("test", tmp_path)
    assert loaded.labels.tolist() == [0, 1, 1]
    assert (loaded.inputs == all_of_it.inputs[[2, 6, 7]]).all()
    assert loaded.original_classes == (1, 3)
    assert half.sizes == {"train": 3, "test": 3}
    assert half.version(tmp_path) != whole.version(tmp_path)


def test_the_halves_of_fashion_are_the_handouts():
    assert DATASETS["fm1"].originals == (0, 1, 4, 5, 8)
    assert DATASETS["fm2"].originals == (2, 3, 6, 7, 9)
    assert DATASETS["fm1"].classes == ("T-shirt/top", "Trouser", "Coat", "Sandal", "Bag")
    assert DATASETS["fm1"].sizes == DATASETS["fm2"].sizes == {"train": 30_000, "test": 5_000}


def test_the_official_sizes():
    sizes = {name: dict(DATASETS[name].sizes) for name in DATASETS}
    assert sizes["mnist"] == sizes["fashion"] == {"train": 60_000, "test": 10_000}
    assert sizes["cifar10"] == {"train": 50_000, "test": 10_000}
    assert sizes["svhn"] == {"train": 73_257, "test": 26_032}
    assert sizes["imagenette"] == {"train": 9_469, "val": 3_925}
    assert sizes["grocery"] == {"train": 2_640, "val": 296, "test": 2_485}
    assert len(DATASETS["grocery"].classes) == 43


def test_the_host_imports_no_library_that_student_code_needs(tmp_path):
    before = set(sys.modules)
    for name, make in MAKERS.items():
        (tmp_path / name).mkdir()
        make(tmp_path / name).load("train", tmp_path / name)
    assert not {"torch", "torchvision", "sklearn", "matplotlib"} & (set(sys.modules) - before)


def test_pictures_that_are_gone(tmp_path):
    made = made_up.write_grocery(tmp_path)
    pictures = made.load("test", tmp_path).inputs
    pictures.files[1].unlink()
    assert io.BytesIO(pictures[0]).read(2) == b"\xff\xd8"
    with pytest.raises(DatasetMissingError, match="cannot be read"):
        pictures[1]


@pytest.mark.parametrize("name", ["grocery", "cifar10"])
def test_a_damaged_list_is_told_and_stops_nothing_else(name, tmp_path):
    if name == "grocery":
        made = made_up.write_grocery(tmp_path)
        damaged = tmp_path / "GroceryStoreDataset/dataset/test.txt"
    else:
        made_up.write_sheets(tmp_path, "cifar10", "test1000", [0, 1])
        made, damaged = Cifar10(), tmp_path / "cifar10" / "test1000.csv"
    damaged.write_text("label\nno number\n")
    assert made.locate(tmp_path) is not None
    assert made.available(tmp_path) == ()
    assert made.version(tmp_path) == "damaged"
    assert made.size_bytes(tmp_path) == 0
    assert not all(entry.holds for entry in made.verify(tmp_path))
    with pytest.raises(DatasetMissingError) as caught:
        made.load("test", tmp_path)
    assert damaged.name in caught.value.where


def test_no_list_costs_another_copy(tmp_path):
    made_up.write_grocery(tmp_path, "grocery128")
    made = made_up.write_grocery(tmp_path)
    (tmp_path / "GroceryStoreDataset/dataset/test.txt").write_text("damaged\n")
    assert made.locate(tmp_path).name == "grocery128"
