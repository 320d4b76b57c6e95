"""Fetching: only when asked, through others, and with the reason when it fails."""

import json
import subprocess
import sys

import pytest

from grader.datasets import DATASETS, fetching
from grader.datasets.imagenette import Imagenette
from grader.datasets.mnist import Mnist
from grader.errors import DatasetMissingError
from tests.unit.datasets import made_up


@pytest.fixture
def ran(monkeypatch):
    """Every command that would have been run, and what it would have left."""
    calls = []

    def run(words, **_options):
        calls.append(words)
        if run.leaves:
            run.leaves()
        return subprocess.CompletedProcess(words, run.status, stderr=run.stderr)

    run.leaves, run.status, run.stderr = None, 0, ""
    monkeypatch.setattr(fetching.subprocess, "run", run)
    run.calls = calls
    return run


def test_torchvision_fetches_in_a_process_of_its_own(ran, tmp_path):
    before = "torchvision" in sys.modules
    made = Mnist()

    def leaves():
        other = made_up.write_mnist(tmp_path)
        made.checksums, made.counts = other.checksums, other.counts

    ran.leaves = leaves
    assert made.fetch(tmp_path) == tmp_path / "MNIST" / "raw"
    ((python, flag, code, name, root, calls),) = ran.calls
    assert (python, flag, name, root) == (sys.executable, "-c", "MNIST", str(tmp_path))
    assert json.loads(calls) == [{"train": True}, {"train": False}]
    assert "download=True" in code
    assert ("torchvision" in sys.modules) == before


def test_what_is_here_is_not_fetched_again(ran, tmp_path):
    made = made_up.write_mnist(tmp_path)
    assert made.fetch(tmp_path) == tmp_path / "MNIST" / "raw"
    assert ran.calls == []


@pytest.mark.parametrize("name", [n for n in DATASETS if DATASETS[n].served])
def test_nothing_but_fetch_fetches(name, ran, tmp_path):
    dataset = DATASETS[name]
    dataset.locate(tmp_path)
    dataset.verify(tmp_path)
    dataset.available(tmp_path)
    with pytest.raises(DatasetMissingError):
        dataset.load(dataset.splits[0], tmp_path)
    assert ran.calls == []


def test_a_failure_says_why_and_what_to_do(ran, tmp_path):
    ran.status, ran.stderr = 1, "Traceback\nurllib.error.URLError: <no route to host>\n"
    with pytest.raises(DatasetMissingError, match="no route to host") as caught:
        DATASETS["svhn"].fetch(tmp_path)
    assert "by hand" in caught.value.mend
    assert str(tmp_path) in caught.value.mend


@pytest.mark.parametrize(
    "error", [OSError(13, "Permission denied"), subprocess.TimeoutExpired("python", 3600)]
)
def test_a_process_that_cannot_run_or_never_ends(error, monkeypatch, tmp_path):
    def run(*_args, **_options):
        raise error

    monkeypatch.setattr(fetching.subprocess, "run", run)
    with pytest.raises(DatasetMissingError, match="could not be fetched"):
        DATASETS["cifar10"].fetch(tmp_path)


def test_grocery_comes_from_its_repository(ran, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching.shutil, "which", lambda _: "/usr/bin/git")
    with pytest.raises(DatasetMissingError):  # the pretended clone left nothing
        DATASETS["grocery"].fetch(tmp_path)
    (words,) = ran.calls
    assert words[:4] == ["git", "clone", "--depth", "1"]
    assert words[-1] == str(tmp_path / "GroceryStoreDataset")


def test_without_git_the_way_by_hand_is_told(ran, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching.shutil, "which", lambda _: None)
    with pytest.raises(DatasetMissingError, match="git is not installed") as caught:
        DATASETS["grocery"].fetch(tmp_path)
    assert "marcusklasson/GroceryStoreDataset" in caught.value.mend
    assert ran.calls == []


def test_a_part_of_imagenette_is_never_written_over(ran, tmp_path):
    made_up.write_imagenette(tmp_path)
    with pytest.raises(DatasetMissingError, match="a part of it is at") as caught:
        Imagenette().fetch(tmp_path)
    assert "move" in caught.value.mend
    assert ran.calls == []


def test_a_half_fetches_the_whole(ran, tmp_path):
    with pytest.raises(DatasetMissingError):
        DATASETS["fm1"].fetch(tmp_path)
    assert ran.calls[0][3] == "FashionMNIST"
