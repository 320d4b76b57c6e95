"""`grade data`."""

import json

import pytest
from click.testing import CliRunner

from grader.cli.main import cli
from grader.datasets import DATASETS
from grader.datasets.digits import Digits
from grader.errors import DatasetMissingError, UnknownNameError


def grade(*arguments):
    return CliRunner().invoke(cli, ["data", *arguments], standalone_mode=False)


@pytest.fixture
def missing(monkeypatch, tmp_path):
    monkeypatch.setitem(DATASETS._entries, "digits", Digits(tmp_path / "digits.csv.gz"))
    return tmp_path / "digits.csv.gz"


def test_list_says_what_and_where():
    text = grade("list").output
    assert "digits" in text
    assert "train 1000, val 350, test 447" in text
    assert "digits.csv.gz" in text
    (row,) = (
        r for r in json.loads(grade("list", "--format", "json").output) if r["name"] == "digits"
    )
    assert row["sizes"]["test"] == 447
    assert row["path"].endswith("digits.csv.gz")


@pytest.mark.usefixtures("missing")
def test_list_says_how_to_get_what_is_not_here():
    assert "grade data fetch digits" in grade("list").output


def test_fetch_says_where_the_digits_are():
    assert "digits: already at" in grade("fetch", "digits").output


@pytest.mark.usefixtures("missing")
def test_fetch_of_what_cannot_be_had():
    error = grade("fetch", "digits").exception
    assert isinstance(error, DatasetMissingError)
    assert error.mend


def test_verify():
    result = grade("verify", "digits")
    assert result.return_value == 0
    assert "ok   digits checksum" in result.output
    assert json.loads(grade("verify", "digits", "--format", "json").output)["digits"][1]["holds"]


def test_verify_of_changed_bytes_fails_with_the_mend(missing):
    missing.write_bytes(b"changed")
    result = grade("verify", "digits")
    assert result.return_value == 1
    assert "FAIL digits checksum" in result.output
    assert "mend: " in result.output


def test_an_unknown_dataset():
    assert isinstance(grade("verify", "digit").exception, UnknownNameError)
