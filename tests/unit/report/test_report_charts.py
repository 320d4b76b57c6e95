import io
import itertools
import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from grader.model.outcome import Outcome
from grader.model.scorecard import Baseline, ConfusionMatrix, Curves, Series
from grader.report.charts.bars import histogram, meter, stack
from grader.report.charts.curves import MOST_SERIES, curves
from grader.report.charts.matrix import MOST_CLASSES, matrix
from grader.report.charts.picture import LARGEST, data_uri, png
from grader.report.charts.scale import scale
from grader.report.charts.svg import Span, tick_text, ticks
from tests.unit.report import klass


def parsed(svg):
    return ET.fromstring(str(svg))


def described(svg):
    return parsed(svg).findtext("desc")


def opened(data):
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image


def test_a_png_holds_exactly_the_pixels():
    _, height, width, pixels = klass.PICTURE
    image = opened(png(height, width, pixels))
    assert image.size == (width, height)
    assert image.tobytes() == pixels


def test_a_large_figure_is_made_smaller():
    image = opened(png(10, 4000, bytes(3 * 10 * 4000)))
    assert image.size == (LARGEST, 4)


@pytest.mark.parametrize(
    ("height", "width", "size"), [(0, 1, 0), (-1, 1, 0), (2, 2, 11), (2, 2, 13), (10**6, 10**6, 9)]
)
def test_what_is_no_picture_of_its_size_is_not_shown(height, width, size):
    assert png(height, width, bytes(size)) is None
    assert data_uri(height, width, bytes(size)) is None


big = st.floats(min_value=-1e280, max_value=1e280)


@given(big, big)
def test_a_span_keeps_order_and_stays_within_its_pixels(one, other):
    low, high = min(one, other), max(one, other)
    span = Span(low, high, 10, 110)
    assert 10 - 1e-6 <= span(low) <= span(high) <= 110 + 1e-6


@given(big, big, st.integers(2, 10))
def test_ticks_are_few_rising_and_within_the_range(one, other, about):
    span = Span(min(one, other), max(one, other), 0, 1)
    found = ticks(span.low, span.high, about)
    slack = (span.high - span.low) * 1e-6
    assert len(found) <= about * 2.5 + 2
    assert found == sorted(found)
    assert all(span.low - slack <= tick <= span.high + slack for tick in found)


def test_ticks_are_round_and_short():
    assert ticks(0, 2.3) == [0, 0.5, 1, 1.5, 2]
    assert [tick_text(t) for t in (0.25, 1500.0, 1e6, 2.5e-7, 0.0)] == [
        "0.25",
        "1500",
        "1e6",
        "2.5e-7",
        "0",
    ]


@given(st.lists(st.floats(-5, 15), min_size=1, max_size=60))
def test_a_histogram_counts_every_submission_once(points):
    counts = re.findall(r"points: (\d+)", described(histogram(points, 10, "g")))
    assert sum(map(int, counts)) == len(points)


def test_a_histogram_of_nothing_is_not_drawn():
    assert histogram([], 10, "g") is None


def test_the_meter_never_overflows():
    for earned, still, possible in ((5, 2, 4), (0, 0, 0), (-1, 2, 4), (1, 1, 4)):
        rects = parsed(meter(earned, still, possible, "g")).findall("rect")
        widths = [float(rect.get("width").rstrip("%")) for rect in rects[1:]]
        assert 0 <= sum(widths) <= 100.01
    assert described(meter(3.5, 1, 4.5, "g")) == "3.5 earned, 1 still open, of 4.5."


def test_a_stack_says_its_counts_and_splits_by_them():
    svg = stack({Outcome.FAIL: 1, Outcome.PASS: 3}, "error", "g")
    assert described(svg) == "3 passed, 1 not reached"
    widths = [float(rect.get("width").rstrip("%")) for rect in parsed(svg).findall("rect")]
    assert widths == [74.5, 24.5]


def curve(*series):
    return Curves(title="t", x_label="epoch", y_label="loss", series=series)


def test_a_value_that_is_not_finite_leaves_a_gap_and_a_mark():
    svg = parsed(curves(curve(Series(label="a", x=(0, 1, 2, 3), y=(1, "nan", 2, 3))), "g"))
    line, cross = svg.findall("path")
    assert line.get("d").count("M") == 2
    assert cross.findtext("title") == "not a finite number from here"


def test_curves_with_nothing_to_draw_are_not_drawn():
    assert curves(curve(), "g") is None
    assert curves(curve(Series(label="a", x=(0,), y=("nan",))), "g") is None
    assert curves(curve(Series(label="a", x=(), y=())), "g") is None


def test_long_and_many_curves_are_bounded():
    long = tuple(range(5000))
    series = [
        Series(label=f"s{i}", x=long, y=tuple(math.sin(v / 90) for v in long)) for i in range(9)
    ]
    svg = str(curves(curve(*series), "g"))
    assert svg.count("<path") == MOST_SERIES
    assert len(svg) < 60_000


def test_labels_at_the_ends_of_lines_do_not_overlap():
    series = [Series(label=f"s{i}", x=(0, 1), y=(0, 1 + i / 1000)) for i in range(6)]
    svg = parsed(curves(curve(*series), "g"))
    heights = sorted(
        float(t.get("y")) for t in svg.findall("text") if "strong" in t.get("class", "")
    )
    assert len(heights) == 6
    assert all(b - a >= 12 for a, b in itertools.pairwise(heights))


def test_a_matrix_is_shaded_by_the_share_of_its_row_and_names_the_worst_mistake():
    table = matrix(ConfusionMatrix(title="t", labels=("cat", "dog"), counts=((9, 1), (100, 100))))
    assert [cell.css for cell in table.rows[0]] == ["h8 high right", "h1 low"]
    assert table.rows[1][0].css == "h4 low"
    assert table.most_confused == ("dog", "cat", 100)


def test_a_perfect_matrix_confuses_nothing_and_a_huge_one_is_cut():
    names = tuple(str(i) for i in range(50))
    counts = tuple(tuple(int(i == j) for j in range(50)) for i in range(50))
    table = matrix(ConfusionMatrix(title="t", labels=names, counts=counts))
    assert table.most_confused is None
    assert (len(table.rows), table.more) == (MOST_CLASSES, 10)


def judged(**more):
    return klass.result(Outcome.FAIL, 0, "m", **more)


def test_the_scale_shades_the_side_that_passes():
    low = parsed(scale(judged(measured=0.2, threshold=0.1), "error.at_most", "g"))
    high = parsed(scale(judged(measured=0.2, threshold=0.4), "accuracy.at_least", "g"))
    other = parsed(scale(judged(measured=0.2, threshold=0.4), "loss.reduces", "g"))

    def goal(svg):
        return [r for r in svg.findall("rect") if r.get("class") == "goal"]

    (at_most,), (at_least,) = goal(low), goal(high)
    mark = float(low.find("line").get("x1"))
    assert float(at_most.get("x")) + float(at_most.get("width")) == pytest.approx(mark, abs=0.2)
    assert float(at_least.get("x")) == float(high.find("line").get("x1"))
    assert goal(other) == []


def test_the_spread_lies_around_the_reference():
    baseline = Baseline(mean=0.5, spread=0.1, seeds=3, source="r")
    svg = parsed(scale(judged(measured=0.2, threshold=0.9, baseline=baseline), "a.b", "g"))
    (band,) = [r for r in svg.findall("rect") if r.get("class") == "spread"]
    middle = float(band.get("x")) + float(band.get("width")) / 2
    top = svg.find("polygon").get("points").split()[0]
    assert middle == pytest.approx(float(top.split(",")[0]), abs=0.2)


def test_a_value_that_is_the_expected_one_needs_no_scale():
    assert (
        scale(judged(measured=0.0671140939, threshold=0.06711409395), "claim.matches", "g") is None
    )
    other = scale(judged(measured=0.1, threshold=0.2, unit="error"), "claim.matches", "g")
    assert described(other) == "Measured 0.1 error; expected 0.2 error."


@pytest.mark.parametrize("value", [None, "nan", "text", float("1e300")])
def test_what_is_no_number_gets_no_scale(value):
    assert scale(judged(measured=value, threshold=1.0), "a.at_most", "g") is None
    assert scale(judged(measured=1.0, threshold=value), "a.at_most", "g") is None
