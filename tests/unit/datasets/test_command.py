"""`grade data`."""

import json

import pytest
from click.testing import CliRunner

from grader.cli.main import cli
from grader.datasets import DATASETS
from grader.datasets.digits import Digits
from grader.errors import DatasetMissingError, UnknownNameError
from tests.unit.datasets.made_up import a_rubric_with_birds, write_grocery, write_mnist


def grade(*arguments):
    return CliRunner().invoke(cli, ["data", *map(str, arguments)], standalone_mode=False)


@pytest.fixture
def missing(monkeypatch, tmp_path):
    monkeypatch.setitem(DATASETS._entries, "digits", Digits(tmp_path / "digits.csv.gz"))
    return tmp_path / "digits.csv.gz"


def listed(name, *arguments):
    rows = json.loads(grade("list", "--format", "json", *arguments).output)
    return next(row for row in rows if row["name"] == name)


def test_list_says_what_and_where():
    text = grade("list").output
    assert "digits" in text
    assert "test 447" in text
    assert "comes with scikit-learn" in text
    row = listed("digits")
    assert row["sizes"]["test"] == 447
    assert row["state"] == "complete"
    assert row["path"].endswith("digits.csv.gz")


@pytest.mark.usefixtures("missing")
def test_list_says_how_to_get_what_is_not_here(tmp_path):
    text = grade("list", "--data", tmp_path).output
    assert "grade data fetch digits" in text
    assert "grade data fetch cifar10 digits fashion grocery imagenette mnist svhn" in text


def test_list_tells_a_part_from_the_whole(tmp_path):
    write_mnist(tmp_path, "test")
    row = listed("mnist", "--data", tmp_path)
    assert row["state"] == "partial"
    assert row["partial"] == {"train": "0 of 60,000 examples"}
    text = grade("list", "--data", tmp_path).output
    assert "train 0 of 60,000" in text
    assert "test 10,000" in text


def test_list_names_the_datasets_of_rubrics(tmp_path):
    rubrics = a_rubric_with_birds(tmp_path)
    row = listed("birds", "--rubrics", rubrics)
    assert (row["state"], row["classes"], row["sizes"]) == (
        "complete",
        ["owl", "wren"],
        {"test": 5},
    )
    assert "birds" in grade("list", "--rubrics", rubrics).output


def test_fetch_says_where_the_digits_are():
    assert "digits: already at" in grade("fetch", "digits").output


@pytest.mark.usefixtures("missing")
def test_fetch_of_what_cannot_be_had():
    error = grade("fetch", "digits").exception
    assert isinstance(error, DatasetMissingError)
    assert error.mend


def test_fetch_goes_on_after_a_failure(missing, tmp_path):
    result = grade("fetch", "digits", "birds", "--rubrics", a_rubric_with_birds(tmp_path))
    assert result.return_value == 1
    assert "birds: already at" in result.output
    assert "digits.csv.gz is not on this machine" in result.stderr
    assert not missing.exists()


def test_verify():
    result = grade("verify", "digits")
    assert result.return_value == 0
    assert "ok   checksum" in result.output
    assert json.loads(grade("verify", "digits", "--format", "json").output)["digits"][1]["holds"]


def test_verify_of_changed_bytes_fails_with_the_mend(missing):
    missing.write_bytes(b"changed")
    result = grade("verify", "digits")
    assert result.return_value == 1
    assert "FAIL checksum" in result.output
    assert "mend: " in result.output


def test_verify_of_everything_passes_over_what_is_not_here(tmp_path):
    result = grade("verify", "--data", tmp_path)
    assert result.return_value == 0
    assert "Not here: cifar10, fashion" in result.output
    assert grade("verify", "mnist", "--data", tmp_path).return_value == 1


def test_verify_of_a_rubrics_dataset(tmp_path):
    rubrics = a_rubric_with_birds(tmp_path)
    result = grade("verify", "birds", "--rubrics", rubrics)
    assert result.return_value == 0
    assert "5 examples of different sizes, per class [2, 3]" in result.output


def test_an_unknown_dataset():
    assert isinstance(grade("verify", "digit").exception, UnknownNameError)


def test_list_says_in_what_a_copy_differs(tmp_path):
    write_grocery(tmp_path, "grocery128")
    text = grade("list", "--data", tmp_path).output
    assert "128 pixels on its short side" in text
    assert text.count("128 pixels") == 1, "said once for all splits"
