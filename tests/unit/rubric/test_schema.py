"""The JSON Schema agrees with the loader about real rubrics and real checks."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from grader.checks import CHECKS
from grader.checks.own import own_of
from grader.rubric.schema import schema
from tests.unit.rubric.conftest import GOOD

RUBRICS = sorted((Path(__file__).parents[3] / "rubrics").glob("*/rubric.toml"))


def plain(text):
    """As an editor sees TOML: dates are texts."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))


@pytest.fixture
def validator(params):
    described = schema(params, {"accuracy.at_least": "You are accurate."})
    jsonschema.Draft202012Validator.check_schema(described)
    return jsonschema.Draft202012Validator(described)


def test_a_good_rubric_is_valid(validator):
    assert list(validator.iter_errors(plain(GOOD))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('id = "accuracy"', 'idd = "accuracy"'),
        ("schema = 1", "schema = 2"),
        ('check = "accuracy.at_least"', 'check = "accuracy.at_lest"'),
        ('model = "classifier"', 'modle = "classifier"'),
        ('model = "classifier"\n', ""),
        ("[task.criterion.with]\n", "[task.criterion.with_]\n"),
        ("fraction = 1 }", "fraction = true }"),
        ('visibility = "hidden"', 'visibility = "secret"'),
        ('source = "explain it well"\n', ""),
    ],
)
def test_a_wrong_rubric_is_not(validator, old, new):
    assert old in GOOD
    assert list(validator.iter_errors(plain(GOOD.replace(old, new, 1))))


def test_each_check_has_its_summary_and_parameters():
    described = schema(
        {name: entry.params for name, entry in CHECKS.items()},
        {name: entry.summary for name, entry in CHECKS.items()},
    )
    jsonschema.Draft202012Validator.check_schema(described)
    options = described["$defs"]["Criterion"]["properties"]["check"]["oneOf"]
    assert [option["const"] for option in options] == sorted(CHECKS)
    assert all(option["description"] for option in options)
    json.dumps(described)


@pytest.mark.parametrize("file", RUBRICS, ids=lambda file: file.parent.name)
def test_our_own_rubrics_are_valid(file):
    described = schema({n: entry.params for n, entry in own_of(file.parent).checks.items()})
    jsonschema.Draft202012Validator(described).validate(plain(file.read_text(encoding="utf-8")))
