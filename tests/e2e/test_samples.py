"""Each sample submission gets the scorecard that a fair TA expects (tests/e2e/expected)."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from pathlib import Path

import pytest

from grader.datasets import DATASETS, data_root
from grader.gradebook import Gradebook
from grader.pipeline import load_rubric
from tests.e2e.conftest import ROOT

EXPECTED = Path(__file__).parent / "expected"
SAMPLES = Path(__file__).parents[2] / "submissions"
CASES = sorted(EXPECTED.glob("*/*.toml"))

pytestmark = [pytest.mark.slow, pytest.mark.box, pytest.mark.timeout(3600)]


def test_every_sample_has_an_expectation():
    samples = {p.relative_to(SAMPLES).as_posix() for p in SAMPLES.glob("*/*") if p.is_dir()}
    assert samples == {f"{p.parent.name}/{p.stem}" for p in CASES}
    assert len(samples) >= 35


@pytest.mark.parametrize("case", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_sample(case, samples):
    assignment = case.parent.name
    expected = tomllib.loads(case.read_text())
    whole = has_data(assignment)
    if not whole and (assignment != "digits-svhn" or expected.get("needs_data")):
        pytest.skip(f"{assignment} needs data: grade data list, and set GRADE_DATA")
    card = samples.submission(case.stem, assignment)
    found = samples.outcomes(case.stem, assignment)
    wanted = {n: o for n, o in expected["outcomes"].items() if whole or n in found}
    differences = {
        name: f"{found.get(name)}, expected {outcome}"
        for name, outcome in wanted.items()
        if found.get(name) != outcome
    }
    assert not differences, differences
    assert set(found) == set(wanted)
    assert card["status"] == expected["status"]
    exact = Fraction(expected["points"])
    # the files round once, to thousandths; the gradebook keeps points exactly
    assert Fraction(str(card["points"])) == Fraction(round(exact * 1000), 1000)
    with Gradebook(f"sqlite:///{samples.out / 'gradebook.db'}") as book:
        (kept,) = [one for one in book.latest(assignment) if one.submission == case.stem]
    assert kept.points == exact
    assert set(expected["remarks"]) <= {remark.code for remark in kept.remarks}
    assert set(expected.get("flags", [])) <= {flag["code"] for flag in card["flags"]}
    for name, text in expected.get("messages", {}).items():
        messages = {
            f"{t['id']}/{c['id']}": c["message"] for t in card["tasks"] for c in t["criteria"]
        }
        assert text in messages[name]


def has_data(assignment):
    """Whether this machine has all that the assignment serves."""
    root = data_root()
    served = load_rubric(ROOT / "rubrics" / assignment).rubric.data.serve
    return all(DATASETS[name].locate(root) is not None for name in served)


def test_nothing_is_our_fault(samples):
    errors = [
        (s["submission"], c["id"], c["message"])
        for s in samples.grades["submissions"]
        if has_data(s["assignment"])
        for t in s["tasks"]
        for c in t["criteria"]
        if c["outcome"] == "error"
    ]
    assert samples.grades["submissions"]
    assert not errors
    assert samples.status == 0, samples.text


def test_every_file_of_the_contract_is_there(samples):
    for name in ("index.html", "grades.csv", "grades.json", "junit.xml", "gradebook.db"):
        assert (samples.out / name).stat().st_size > 0
    graded = samples.grades["submissions"]
    assert len(list((samples.out / "feedback").glob("*.html"))) == len(graded)
