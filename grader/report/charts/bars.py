"""Stacked shares, the meter of earned points, and the histogram of a class."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from grader.model.outcome import Outcome
from grader.report.charts.svg import Span, draw, element, ticks
from grader.report.numbers import number_text
from grader.report.outcomes import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree import ElementTree as ET

    from markupsafe import Markup

__all__ = ["histogram", "in_words", "meter", "stack"]

MOST_BINS = 20


def meter(earned: float, undecided: float, possible: float, uid: str) -> Markup:
    """Points earned and still open, of those possible."""
    whole = max(possible, earned + undecided, 1e-9)
    first = max(earned, 0.0) / whole
    second = max(undecided, 0.0) / whole
    desc = f"{number_text(earned)} earned, {number_text(undecided)} still open, "
    desc += f"of {number_text(possible)}."
    parts = (_part(0, 1, "ground"), _part(0, first, "earned"), _part(first, second, "open"))
    return draw(uid, None, "Points", desc, "meter", *parts)


def stack(counts: Mapping[Outcome, int], name: str, uid: str) -> Markup:
    """How the submissions split over the outcomes, in the outcomes' order."""
    total = sum(counts.values()) or 1
    parts = []
    start = 0.0
    for outcome in Outcome:
        width = counts.get(outcome, 0) / total
        if width:
            # A hair's breadth between parts, so that neighbours stay two.
            parts.append(_part(start, max(width - 0.005, 0.005), f"part-{outcome.value}"))
        start += width
    return draw(uid, None, name, in_words(counts) or "nothing graded", "share", *parts)


def in_words(counts: Mapping[Outcome, int]) -> str:
    """Such as `13 passed, 2 not reached`."""
    return ", ".join(f"{counts[o]} {WORDS[o].lower()}" for o in Outcome if counts.get(o))


def _part(start: float, width: float, css: str) -> ET.Element:
    x, share = f"{start * 100:.2f}%", f"{width * 100:.2f}%"
    return element("rect", x=x, y=0, width=share, height="100%", class_=css)


WIDTH, HEIGHT = 440.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 430.0, 24.0, 178.0


def histogram(points: Sequence[float], possible: float, uid: str) -> Markup | None:
    """How many submissions earned how many points, or None without any."""
    if not points:
        return None
    low, high = min(0.0, *points), max(possible, *points, 1.0)
    edges = _edges(low, high)
    counts = [0] * (len(edges) - 1)
    for value in points:
        # The last bin holds its upper edge too.
        inside = sum(1 for edge in edges[1:-1] if value >= edge - 1e-9)
        counts[inside] += 1
    across = Span(edges[0], edges[-1], LEFT, RIGHT)
    up = Span(0, max(counts), BOTTOM, TOP)
    parts = []
    for value in ticks(0, max(counts), 4):
        if value != int(value):
            continue
        y = up(value)
        parts.append(element("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(element("text", f"{value:g}", x=LEFT - 7, y=y + 4, text_anchor="end"))
    words = []
    for start, end, count in zip(edges, edges[1:], counts, strict=False):
        x, width = across(start) + 1, across(end) - across(start) - 2
        if count:
            y = up(count)
            bar = element("rect", x=x, y=y, width=width, height=BOTTOM - y, rx=1.5, class_="bar")
            bar.append(element("title", f"{start:g} to {end:g} points: {count}"))
            parts.append(bar)
            words.append(f"{start:g} to {end:g} points: {count}")
    for value in ticks(edges[0], edges[-1], 6):
        x = across(value)
        parts.append(element("line", x1=x, x2=x, y1=BOTTOM, y2=BOTTOM + 4, class_="axis"))
        parts.append(element("text", f"{value:g}", x=x, y=BOTTOM + 17, text_anchor="middle"))
    parts.append(element("line", x1=LEFT, x2=RIGHT, y1=BOTTOM, y2=BOTTOM, class_="axis"))
    middle = (LEFT + RIGHT) / 2
    parts.append(element("text", "points", x=middle, y=HEIGHT - 6, text_anchor="middle"))
    median = statistics.median(points)
    x = across(median)
    parts.append(element("line", x1=x, x2=x, y1=TOP - 8, y2=BOTTOM, class_="median"))
    side = "end" if x > middle else "start"
    shift = -5 if x > middle else 5
    text = f"median {number_text(median)}"
    label = element("text", text, x=x + shift, y=TOP - 10, text_anchor=side, class_="strong")
    parts.append(label)
    desc = "; ".join(words) + f". Median {number_text(median)}."
    return draw(uid, (WIDTH, HEIGHT), "Submissions by points", desc, "chart", *parts)


def _edges(low: float, high: float) -> list[float]:
    """Edges of bins of equal, round width that cover a range."""
    found = ticks(low, high, 10)
    step = found[1] - found[0] if len(found) > 1 else 1.0
    edges = [found[0]]
    while edges[0] > low + 1e-9:
        edges.insert(0, edges[0] - step)
    while edges[-1] < high - 1e-9 and len(edges) <= MOST_BINS:
        edges.append(edges[-1] + step)
    edges[-1] = max(edges[-1], high)
    return edges
