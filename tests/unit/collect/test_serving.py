"""Copies for student code: made once, whole or not at all, and with a secret in the labels."""

import hashlib
import json
import os
import threading

import numpy as np
import pytest

from grader.collect import pretrained, serving
from grader.collect.context import evidence_context
from grader.collect.inputs import Inputs
from grader.collect.serving import Lazily, Serving
from grader.collect.truth import ground_truth
from grader.datasets import with_own
from grader.datasets.cifar import Cifar10
from grader.errors import HarnessError
from grader.model.rubric import Budget, OwnDataset
from grader.registry import Registry
from tests.unit.datasets import made_up


@pytest.fixture
def data(tmp_path):
    """A registry of one made-up dataset of each kind, and their root."""
    root = tmp_path / "root"
    known = Registry("dataset")
    known.register("mnist", made_up.write_mnist(root, counts=(20, 20)))
    known.register("grocery", made_up.write_grocery(root, each=4))
    return root, known


@pytest.fixture
def make(data, tmp_path):
    def made(*names, secret=b"s" * 32, cache=tmp_path / "cache"):
        root, known = data
        return Serving(Inputs(root, secret, known), names, cache)

    return made


def files(folder):
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_a_copy_is_made_once(make, monkeypatch):
    assert make("mnist").to_make() == ("mnist",)
    copy = make("mnist").copies()["mnist"]
    assert make("mnist").to_make() == ()
    assert copy.splits == {"train": 40, "test": 40}
    assert copy.described("/data/mnist") == {
        "path": "/data/mnist",
        "family": "torchvision.MNIST",
        "partial": "",
        "splits": {"train": 40, "test": 40},
    }
    before = files(copy.folder)
    assert set(before) == {
        f"MNIST/raw/{name}-ubyte"
        for name in (
            "train-images-idx3",
            "train-labels-idx1",
            "t10k-images-idx3",
            "t10k-labels-idx1",
        )
    }

    def never(*_):
        raise AssertionError("made again")

    monkeypatch.setattr(type(make("mnist").inputs.datasets["mnist"]), "serve", never)
    assert make("mnist").copies()["mnist"].folder == copy.folder
    assert files(copy.folder) == before


def test_a_copy_that_nobody_used_for_long_goes_when_another_is_made(make, tmp_path):
    used, unused = make("mnist"), make("mnist", secret=b"t" * 32)
    folders = [one.copies()["mnist"].folder.parent for one in (used, unused)]
    (tmp_path / "cache" / ".making-mnist-killed").mkdir()
    for folder in (*folders, tmp_path / "cache" / ".making-mnist-killed"):
        os.utime(folder, (1, 1))
    used.copies()
    make("grocery").copies()
    assert folders[0].is_dir()
    assert {path.name.split("-")[0] for path in (tmp_path / "cache").iterdir()} == {
        "mnist",
        "grocery",
    }
    assert not folders[1].exists()


def test_what_is_kept_beside_a_copy_is_what_was_served(make):
    one = make("mnist")
    worked_out = one.shown("mnist/test")
    one.copies()
    kept = one.shown("mnist/test")
    for part in ("rows", "labels", "repeats"):
        assert (getattr(kept, part) == getattr(worked_out, part)).all()


def test_another_secret_or_other_bytes_make_another_copy(make, data):
    one, two = make("mnist"), make("mnist", secret=b"t" * 32)
    folders = {one.copies()["mnist"].folder, two.copies()["mnist"].folder}
    assert len(folders) == 2
    assert one.shown("mnist/test").labels.tolist() != two.shown("mnist/test").labels.tolist()
    assert (one.shown("mnist/train").labels == two.shown("mnist/train").labels).all()
    before = one.context()
    raw = data[0] / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    raw.write_bytes(raw.read_bytes()[:-1] + b"\0")
    os.utime(raw, ns=(1, 1))
    assert one.context() != before


def test_the_secret_cannot_be_read_from_the_copy(make):
    copy = make("mnist", secret=b"not-so-secret-secret-of-the-mach").copies()["mnist"]
    everything = b"".join(files(copy.folder.parent).values()) + str(copy.folder).encode()
    assert b"not-so-secret" not in everything
    assert "secret" not in json.dumps(make("mnist").context())


def test_no_true_test_label_lies_in_what_is_bound(make, data):
    """Of 40 rows with two classes, about half may agree by chance; all of them never."""
    root, known = data
    for name in ("mnist", "grocery"):
        one = make(name)
        shown = one.shown(f"{name}/test")
        true = known[name].load("test", root).labels[shown.rows]
        assert 0 < (shown.labels == true).mean() < 1
        assert np.bincount(shown.labels).tolist() == np.bincount(true).tolist()


def test_a_failure_leaves_nothing_behind(make, monkeypatch, tmp_path):
    one = make("mnist")

    def fails(_self, folder, _root, _deal):
        (folder / "half").write_text("of it")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(type(one.inputs.datasets["mnist"]), "serve", fails)
        with pytest.raises(HarnessError, match="No space left") as caught:
            one.copies()
        assert "XDG_CACHE_HOME" in caught.value.mend
    assert list((tmp_path / "cache").iterdir()) == []
    assert one.copies()["mnist"].folder.is_dir()


def test_two_graders_at_once_end_with_one_copy(make, monkeypatch):
    monkeypatch.setattr(serving, "MAKING", threading.Semaphore(8))  # as if they were processes
    found, errors = [], []

    def run():
        try:
            found.append(make("mnist", "grocery").copies())
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    cache = found[0]["mnist"].folder.parent.parent
    assert len(list(cache.iterdir())) == 2
    assert len({copy["mnist"].folder for copy in found}) == 1


def test_what_is_missing_is_named_without_reading(make, data):
    (data[0] / "MNIST" / "raw" / "train-labels-idx1-ubyte").unlink()
    missing = make("mnist", "grocery").missing()
    assert set(missing) == {"mnist"}
    assert "grade data fetch mnist" in missing["mnist"]


def test_a_private_dataset_is_no_folder_for_student_code(data, tmp_path):
    root, known = data
    described = OwnDataset(kind="csv", path="x.csv")
    both = with_own(known, {"own": described}, tmp_path, root)
    one = Serving(Inputs(root, b"s" * 32, both), ("own", "mnist"), tmp_path / "cache")
    assert one.folders == ("mnist",)
    assert set(one.copies()) == {"mnist"}


def test_evidence_depends_on_what_was_served(make):
    def context(one):
        return evidence_context("none", Budget(), ("mnist/test",), one.inputs, one)

    plain, served = context(make()), context(make("mnist"))
    assert plain["mnist/test"].startswith("mnist-")
    assert served != plain
    assert context(make("mnist")) == served
    assert context(make("mnist", secret=b"t" * 32)) != served


class Loaded:
    baselines = {}
    expected = {}


def test_the_truth_knows_what_student_code_saw(make, data):
    root, known = data
    one = make("mnist", "grocery")
    truth = ground_truth(Loaded, ("mnist/test", "grocery/test", "grocery/val"), one.inputs, one)
    true = known["mnist"].load("test", root)
    assert truth.labels["mnist/test"] == tuple(true.labels.tolist())
    assert truth.served_labels["mnist/test"] == tuple(one.shown("mnist/test").labels.tolist())
    assert truth.served_rows["grocery/test"] == tuple(one.shown("grocery/test").rows.tolist())
    assert (truth.inputs["mnist/test"] == true.inputs).all()
    assert "grocery/test" not in truth.inputs, "pictures of different sizes"
    assert set(truth.served_rows) == {
        "mnist/train", "mnist/test", "grocery/train", "grocery/val", "grocery/test"
    }  # fmt: skip
    assert truth.partial == {}


def test_the_truth_says_what_is_partial_and_what_is_missing(tmp_path):
    made = made_up.write_mnist(tmp_path, "test", counts=(2, 2))
    made.counts = {"train": (9, 9), "test": (5, 2)}
    known = Registry("dataset")
    known.register("mnist", made)
    inputs = Inputs(tmp_path, b"s" * 32, known)
    made.counts = {"train": (9, 9), "test": (2, 2)}
    truth = ground_truth(Loaded, ("mnist/test", "mnist/train"), inputs)
    assert set(truth.labels) == {"mnist/test"}
    assert "grade data fetch mnist" in truth.missing["mnist/train"]
    made_up.write_sheets(tmp_path, "cifar10", "test1000", [0, 1])
    known.register("cifar10", Cifar10())
    truth = ground_truth(Loaded, ("cifar10/test",), inputs)
    assert truth.partial == {"cifar10/test": "2 of 10,000 examples"}


def test_lazily_makes_each_value_once():
    asked = []
    values = Lazily(("a", "b"), lambda name: asked.append(name) or name.upper())
    assert list(values) == ["a", "b"]
    assert asked == []
    assert (values["a"], values["a"], values.get("c")) == ("A", "A", None)
    assert asked == ["a"]


# ------------------------------------------------------------------ pre-trained weights


@pytest.fixture
def torch_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pretrained._gathered.cache_clear()
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def put(folder, content, name="vgg16-{}.pth", mode=0o644):
    file = folder / name.format(hashlib.sha256(content).hexdigest()[:8])
    file.write_bytes(content)
    file.chmod(mode)
    return file


def test_no_weights_no_folder(torch_home):
    assert pretrained.pretrained_weights() is None
    torch_home.rmdir()
    assert pretrained.pretrained_weights() is None


def test_genuine_weights_are_handed_on_and_nothing_else(torch_home):
    file = put(torch_home, b"weights")
    put(torch_home, b"the course's own net", "solution-{}.pth")
    (torch_home / "vgg16-00000000.pth").write_bytes(b"not what its name says")
    (torch_home.parent / "private_repository").mkdir()
    folder = pretrained.pretrained_weights()
    assert files(folder) == {f"hub/checkpoints/{file.name}": b"weights"}
    assert pretrained.pretrained_weights() == folder
    assert folder.stat().st_mode & 0o005 == 0o005


def test_weights_that_only_their_owner_may_read_are_copied(torch_home):
    put(torch_home, b"weights", mode=0o600)
    (handed_on,) = pretrained.pretrained_weights().rglob("*.pth")
    assert handed_on.stat().st_mode & 0o004
    assert handed_on.stat().st_nlink == 1
