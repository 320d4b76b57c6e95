from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.report.names import file_names, slug
from grader.report.numbers import number_text, percent_text
from grader.report.points import as_number, as_text, rounded
from grader.report.text import one_line, shown

SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
anything = st.text(st.characters(exclude_categories=()), max_size=300)


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (Fraction(7, 2), "3.5"),
        (Fraction(10), "10"),
        (Fraction(1, 3), "0.333"),
        (Fraction(2, 3), "0.667"),
        (Fraction(1, 16), "0.062"),
        (Fraction(3, 16), "0.188"),
        (Fraction(-1, 10000), "0"),
        (Fraction(-5, 4), "-1.25"),
        (Fraction(0), "0"),
    ],
)
def test_points_are_rounded_half_to_even_to_three_decimals(points, text):
    assert as_text(points) == text


@given(st.fractions(min_value=-1000, max_value=1000))
def test_rounding_is_within_half_a_thousandth_and_agrees_with_the_number(points):
    assert abs(Fraction(rounded(points)) - points) <= Fraction(1, 2000)
    assert float(as_text(points)) == as_number(points)


@given(anything)
def test_shown_text_holds_no_control_no_bidi_and_no_surrogate(text):
    safe = shown(text)
    for character in safe:
        code = ord(character)
        assert character in "\n\t" or code >= 0x20
        assert not 0x7F <= code <= 0x9F
        assert not 0x202A <= code <= 0x202E
        assert not 0x2066 <= code <= 0x2069
        assert not 0xD800 <= code <= 0xDFFF
    safe.encode()


@given(anything, st.integers(1, 50))
def test_shown_text_is_bounded(text, limit):
    # Each hidden character becomes at most ten; then the count of what was left out.
    assert len(shown(text, limit)) <= limit * 10 + 40
    assert "\n" not in one_line(text, limit)


def test_what_text_hides_becomes_visible():
    assert shown("a\x1b[31mb\x00") == "a\u241b[31mb\u2400"
    assert shown("user\u202etxt.exe") == "user\u27e8U+202E\u27e9txt.exe"
    assert shown("x" * 10, 4) == "xxxx\u2026 (6 more characters)"
    assert shown("a" + "\u0301" * 50) == "a" + "\u0301" * 4
    assert shown("\u017dofia \u674e\u660e") == "\u017dofia \u674e\u660e"


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=120), unique=True))
def test_file_names_are_safe_and_unique_on_any_file_system(names):
    files = file_names(names)
    assert set(files) == set(names)
    assert len({file.casefold() for file in files.values()}) == len(names)
    for file in files.values():
        assert file
        assert set(file) <= SAFE
        assert len(file) <= 100
        assert file[0] not in ".-"


def test_a_good_name_stays_and_a_bad_one_gets_a_hash():
    assert slug("team-01_b.final") == "team-01_b.final"
    assert slug("../../etc/passwd").startswith("etc-passwd-")
    assert slug("nul") != "nul"
    assert slug("a b") != slug("a/b")
    assert "%" not in slug("100%")


def test_names_that_differ_by_case_get_two_files():
    files = file_names(["Team", "team"])
    assert files["Team"].casefold() != files["team"].casefold()


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0738255, "error", "0.07383 error"),
        (12345.0, "parameters", "12,345 parameters"),
        (1e-7, "", "1e-7"),
        (2.5e20, "", "2.5e20"),
        ("nan", "NLL", "nan NLL"),
        (None, "NLL", ""),
        (1.0, "share of code cells", "100% of code cells"),
        (0.0738255, "share", "7.383%"),
        ("nan", "share of cells", "nan share of cells"),
        (float("inf"), "", "inf"),
    ],
)
def test_numbers_are_written_short(value, unit, text):
    assert number_text(value, unit) == text


def test_all_and_nothing_are_said_only_of_all_and_nothing():
    shares = [percent_text(share) for share in (0, 0.001, 0.5, 0.999, 1)]
    assert shares == ["0%", "1%", "50%", "99%", "100%"]
