"""The real datasets, where this machine has them: `GRADE_DATA=…`, or `grade data fetch NAME`."""

import pickle

import numpy as np
import pytest
from scipy.io import loadmat

from grader.collect.inputs import Inputs
from grader.collect.serving import Serving
from grader.datasets import DATASETS, Pictures, data_root
from grader.datasets.idx import read_idx

pytestmark = pytest.mark.slow

SERVED = tuple(name for name in DATASETS if DATASETS[name].served)


def here(name):
    """The dataset's root, or a skip with the command that would provide it."""
    if set(DATASETS[name].available(data_root())) != set(DATASETS[name].splits):
        pytest.skip(f"needs {name}: GRADE_DATA=<folder with it>, or: grade data fetch {name}")
    return data_root()


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """Served copies, each made once for this file."""
    cache = tmp_path_factory.mktemp("cache")

    def make(name):
        serving = Serving(Inputs(here(name), b"s" * 32), (name,), cache)
        return serving, serving.copies()[name]

    return make


@pytest.mark.parametrize(
    ("name", "split", "first"),
    [
        ("mnist", "train", [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]),
        ("mnist", "test", [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]),
        ("fashion", "train", [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]),
        ("fashion", "test", [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]),
        ("cifar10", "train", [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]),
        ("cifar10", "test", [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]),
    ],
)
def test_the_first_labels(name, split, first):
    assert DATASETS[name].load(split, here(name)).labels[:10].tolist() == first


def test_halves_together_are_the_whole():
    root = here("fashion")
    whole = DATASETS["fashion"].load("test", root)
    halves = [DATASETS[name].load("test", root) for name in ("fm1", "fm2")]
    assert [len(half) for half in halves] == [5000, 5000]
    for half in halves:
        original = np.asarray(half.original_classes)[half.labels]
        rows = np.flatnonzero(np.isin(whole.labels, half.original_classes))
        assert (whole.labels[rows] == original).all()
        assert (whole.inputs[rows] == half.inputs).all()


@pytest.mark.parametrize("name", SERVED)
def test_a_served_copy_has_the_lengths_and_the_counts_of_the_whole(name, serve):
    serving, copy = serve(name)
    dataset = DATASETS[name]
    assert dict(copy.splits) == dict(dataset.sizes)
    for split in dataset.splits:
        shown = serving.shown(f"{name}/{split}")
        counts = np.bincount(shown.labels, minlength=len(dataset.classes))
        assert counts.tolist() == list(dataset.counts[split])
        true = dataset.load(split, here(name)).labels[shown.rows]
        chance = float((counts / counts.sum()) @ (counts / counts.sum()))
        right = float((shown.labels == true).mean())
        assert right == 1 if split not in dataset.hidden else abs(right - chance) < 0.04
    assert bool(copy.partial) is bool(dataset.partial(here(name)))


def distinct(images):
    return len(np.unique(images.reshape(len(images), -1).view("V3072"), axis=0))


def test_cifar_is_read_as_students_read_it(serve):
    _, copy = serve("cifar10")
    folder = copy.folder / "cifar-10-batches-py"
    read = [
        pickle.loads((folder / f"data_batch_{i}").read_bytes(), encoding="bytes")
        for i in range(1, 6)
    ]
    pixels = np.concatenate([batch[b"data"] for batch in read])
    assert pixels.shape == (50_000, 3072)
    assert distinct(pixels) == 50_000
    true = DATASETS["cifar10"].load("train", here("cifar10")).inputs
    assert (pixels[0].reshape(3, 32, 32).transpose(1, 2, 0) == true[0]).all()
    labels = [label for batch in read for label in batch[b"labels"]]
    assert np.bincount(labels).tolist() == [5000] * 10


def test_svhn_is_read_as_students_read_it(serve):
    _, copy = serve("svhn")
    found = loadmat(copy.folder / "test_32x32.mat")
    assert found["X"].shape == (32, 32, 3, 26_032)
    assert (found["y"].min(), found["y"].max()) == (1, 10)
    images = np.ascontiguousarray(found["X"].transpose(3, 0, 1, 2))
    assert distinct(images) > 26_000, "the official pictures repeat a few of their own"


def test_mnist_is_read_as_students_read_it(serve):
    _, copy = serve("mnist")
    raw = copy.folder / "MNIST" / "raw"
    true = DATASETS["mnist"].load("test", here("mnist"))
    assert (read_idx(raw / "t10k-images-idx3-ubyte") == true.inputs).all()
    assert (read_idx(raw / "t10k-labels-idx1-ubyte") != true.labels).mean() > 0.8


def test_every_test_picture_of_grocery_is_under_another_name(serve):
    _, copy = serve("grocery")
    folder = copy.folder / "GroceryStoreDataset" / "dataset"
    lines = [line.split(", ") for line in (folder / "test.txt").read_text().splitlines()]
    pictures = DATASETS["grocery"].load("test", here("grocery")).inputs
    assert isinstance(pictures, Pictures)
    served = {(folder / name).read_bytes() for name, _, _ in lines}
    assert served == {pictures[row] for row in range(len(pictures))}
    root = DATASETS["grocery"].locate(here("grocery"))
    same = sum((folder / n).read_bytes() == (root / n).read_bytes() for n, _, _ in lines
               if (root / n).is_file())  # fmt: skip
    assert same < len(lines) / 20
