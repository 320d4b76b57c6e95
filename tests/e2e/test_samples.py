"""Each sample submission gets the scorecard that a fair TA expects (tests/e2e/expected)."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from pathlib import Path

import pytest

from grader.gradebook import Gradebook

EXPECTED = Path(__file__).parent / "expected"
SAMPLES = Path(__file__).parents[2] / "submissions"
CASES = sorted(EXPECTED.glob("*/*.toml"))

pytestmark = [pytest.mark.slow, pytest.mark.box]


def test_every_sample_has_an_expectation():
    samples = {p.relative_to(SAMPLES).as_posix() for p in SAMPLES.glob("*/*") if p.is_dir()}
    assert samples == {f"{p.parent.name}/{p.stem}" for p in CASES}
    assert len(samples) >= 13


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_sample(case, samples):
    expected = tomllib.loads(case.read_text())
    card = samples.submission(case.stem)
    found = samples.outcomes(case.stem)
    differences = {
        name: f"{found.get(name)}, expected {outcome}"
        for name, outcome in expected["outcomes"].items()
        if found.get(name) != outcome
    }
    assert not differences, differences
    assert set(found) == set(expected["outcomes"])
    assert card["status"] == expected["status"]
    exact = Fraction(expected["points"])
    # the files round once, to hundredths; the gradebook keeps points exactly
    assert Fraction(str(card["points"])) == Fraction(round(exact * 1000), 1000)
    with Gradebook(f"sqlite:///{samples.out / 'gradebook.db'}") as book:
        (kept,) = [one for one in book.latest("digits-svhn") if one.submission == case.stem]
    assert kept.points == exact
    assert set(expected["remarks"]) <= {remark.code for remark in kept.remarks}
    assert set(expected.get("flags", [])) <= {flag["code"] for flag in card["flags"]}
    for name, text in expected.get("messages", {}).items():
        messages = {
            f"{t['id']}/{c['id']}": c["message"] for t in card["tasks"] for c in t["criteria"]
        }
        assert text in messages[name]


def test_nothing_is_our_fault(samples):
    outcomes = [o for s in samples.grades["submissions"] for o in samples.outcomes(s["submission"])]
    assert outcomes
    assert "error" not in outcomes
    assert samples.status == 0, samples.text


def test_every_file_of_the_contract_is_there(samples):
    for name in ("index.html", "grades.csv", "grades.json", "junit.xml", "gradebook.db"):
        assert (samples.out / name).stat().st_size > 0
    assert len(list((samples.out / "feedback").glob("*.html"))) == len(CASES)
