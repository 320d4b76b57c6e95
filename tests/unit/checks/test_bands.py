from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from grader.checks.accuracy import AccuracyAtLeast, ErrorAtMost
from grader.checks.bands import Band, earned, well_formed

SHARES = st.fractions(0, 1, max_denominator=1000)


@st.composite
def rising_bands(draw: st.DrawFn) -> tuple[Band, ...]:
    edges = draw(st.lists(SHARES, min_size=1, max_size=6, unique=True))
    fractions = draw(st.lists(SHARES, min_size=len(edges), max_size=len(edges)))
    pairs = zip(sorted(edges), sorted(fractions), strict=True)
    bands = [Band(at=at, fraction=fraction) for at, fraction in pairs]
    return tuple(draw(st.permutations(bands)))


def points(bands: tuple[Band, ...], value: Fraction, *, rising: bool) -> Fraction:
    band = earned(bands, value, rising=rising)
    return band.fraction if band else Fraction(0)


@given(rising_bands(), SHARES, SHARES)
def test_better_never_earns_less(bands: tuple[Band, ...], a: Fraction, b: Fraction) -> None:
    well_formed(bands, rising=True)
    low, high = min(a, b), max(a, b)
    assert points(bands, low, rising=True) <= points(bands, high, rising=True)
    mirrored = tuple(Band(at=1 - band.at, fraction=band.fraction) for band in bands)
    well_formed(mirrored, rising=False)
    assert points(mirrored, 1 - low, rising=False) == points(bands, low, rising=True)


@given(rising_bands())
def test_every_edge_earns_its_own_fraction(bands: tuple[Band, ...]) -> None:
    for band in bands:
        assert points(bands, band.at, rising=True) == band.fraction


@pytest.mark.parametrize(
    ("bands", "reason"),
    [
        ([], "at least one band"),
        ([{"at": 0.5, "fraction": 1.5}], "share of the points"),
        ([{"at": 0.5, "fraction": 1}, {"at": 0.6, "fraction": 0.5}], "must not earn less"),
        ([{"at": 0.5, "fraction": 1}, {"at": 0.5, "fraction": 0.5}], "must not earn less"),
    ],
)
def test_bands_that_make_no_sense_are_refused(bands: list[dict[str, float]], reason: str) -> None:
    given_ = {"model": "cnn", "dataset": "digits/test", "bands": bands}
    with pytest.raises(ValidationError, match=reason):
        AccuracyAtLeast.model_validate(given_, strict=False)


def test_the_direction_belongs_to_the_check() -> None:
    bands = [{"at": 0.06, "fraction": 1}, {"at": 0.1, "fraction": 0.5}]
    given_ = {"model": "cnn", "dataset": "digits/test", "bands": bands}
    ErrorAtMost.model_validate(given_, strict=False)
    with pytest.raises(ValidationError, match="must not earn less"):
        AccuracyAtLeast.model_validate(given_, strict=False)
