"""Learning curves: axes, ticks, direct labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.model.base import to_float
from grader.report.charts.svg import Span, draw, drawable, element, short, tick_text, ticks
from grader.report.numbers import number_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree import ElementTree as ET

    from markupsafe import Markup

    from grader.model.scorecard import Curves, Series

__all__ = ["DASHES", "MOST_SERIES", "curves"]

WIDTH, HEIGHT = 400.0, 236.0
LEFT, RIGHT, TOP, BOTTOM = 48.0, 318.0, 12.0, 196.0
MOST_SERIES = 6
MOST_POINTS = 400
DASHES = ("none", "6 3", "2 3", "8 3 2 3", "4 2", "1 3")
"""Beside colour, so that two curves never differ by colour alone."""
LABEL_HEIGHT = 13.0

Point = tuple[float, float]


def curves(exhibit: Curves, uid: str) -> Markup | None:
    """Draw the first few series, or None when no point of them can be drawn."""
    drawn = exhibit.series[:MOST_SERIES]
    points = [_points(series) for series in drawn]
    finite = [p for of_one in points for p in of_one if _drawable(p)]
    if not finite:
        return None
    across = Span(min(x for x, _ in finite), max(x for x, _ in finite), LEFT, RIGHT)
    up = Span(min(y for _, y in finite), max(y for _, y in finite), BOTTOM, TOP)
    parts = _axes(across, up, exhibit)
    ends: list[tuple[float, int, str]] = []
    words: list[str] = []
    for index, (series, of_one) in enumerate(zip(drawn, points, strict=True)):
        parts += _line(across, up, of_one, index)
        kept = [p for p in of_one if _drawable(p)]
        name = series.label or f"series {index + 1}"
        if not kept:
            words.append(f"{name}: no finite value")
            continue
        ends.append((up(kept[-1][1]), index, name))
        first, last = number_text(kept[0][1]), number_text(kept[-1][1])
        words.append(f"{name}: from {first} to {last} over {len(of_one)} points")
    parts += _labels(ends)
    title = exhibit.title or "Curves"
    return draw(uid, (WIDTH, HEIGHT), title, "; ".join(words) + ".", "chart", *parts)


def _drawable(point: Point) -> bool:
    return drawable(point[0]) and drawable(point[1])


def _points(series: Series) -> list[Point]:
    both = [(x, to_float(y)) for x, y in zip(series.x, series.y, strict=False)]
    if len(both) <= MOST_POINTS:
        return both
    step = (len(both) - 1) / (MOST_POINTS - 1)
    return [both[round(index * step)] for index in range(MOST_POINTS)]


def _axes(across: Span, up: Span, exhibit: Curves) -> list[ET.Element]:
    parts: list[ET.Element] = []
    for value in ticks(up.low, up.high):
        y = up(value)
        parts.append(element("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="grid"))
        label = tick_text(value)
        parts.append(element("text", label, x=LEFT - 6, y=y + 4, text_anchor="end"))
    for value in ticks(across.low, across.high):
        x = across(value)
        parts.append(element("line", x1=x, x2=x, y1=BOTTOM, y2=BOTTOM + 4, class_="axis"))
        label = tick_text(value)
        parts.append(element("text", label, x=x, y=BOTTOM + 17, text_anchor="middle"))
    parts.append(element("line", x1=LEFT, x2=RIGHT, y1=BOTTOM, y2=BOTTOM, class_="axis"))
    middle = (LEFT + RIGHT) / 2
    name = short(exhibit.x_label, 40)
    parts.append(element("text", name, x=middle, y=HEIGHT - 6, text_anchor="middle"))
    half = (TOP + BOTTOM) / 2
    name = short(exhibit.y_label, 30)
    turned = f"rotate(-90 11 {half:g})"
    upright = element("text", name, x=11, y=half, text_anchor="middle", transform=turned)
    parts.append(upright)
    return parts


def _line(across: Span, up: Span, points: Sequence[Point], index: int) -> list[ET.Element]:
    """One path; a value that is not finite leaves a gap, and a cross where it began."""
    commands: list[str] = []
    parts: list[ET.Element] = []
    pen_down = False
    for point in points:
        if not _drawable(point):
            if pen_down or not commands:
                parts += _diverged(across, point[0], index)
            pen_down = False
            continue
        command = "L" if pen_down else "M"
        commands.append(f"{command}{across(point[0]):.1f} {up(point[1]):.1f}")
        pen_down = True
    if not commands:
        return parts
    kept = [p for p in points if _drawable(p)]
    css = f"line s{index}"
    path = element("path", d="".join(commands), class_=css, stroke_dasharray=DASHES[index])
    if len(kept) == 1:
        x, y = across(kept[0][0]), up(kept[0][1])
        parts.append(element("circle", cx=x, cy=y, r=2.5, class_=css))
    return [path, *parts]


def _diverged(across: Span, x: float, index: int) -> list[ET.Element]:
    if not drawable(x):
        return []
    at = min(max(across(x), LEFT + 4), RIGHT - 4)
    cross = f"M{at - 4:.1f} {TOP:.1f}l8 8m0 -8l-8 8"
    mark = element("path", d=cross, class_=f"line s{index}")
    mark.append(element("title", "not a finite number from here"))
    return [mark]


def _labels(ends: list[tuple[float, int, str]]) -> list[ET.Element]:
    """Names at the ends of the lines, pushed apart where they would overlap."""
    parts: list[ET.Element] = []
    ordered = sorted(ends)
    spots: list[float] = []
    for y, _, _ in ordered:
        spots.append(max(y + 4, spots[-1] + LABEL_HEIGHT) if spots else max(y + 4, TOP + 8))
    excess = max(spots[-1] - BOTTOM, 0.0) if spots else 0.0
    for number, (_, index, name) in enumerate(ordered):
        floor = TOP + 8 + number * LABEL_HEIGHT
        y = max(spots[number] - excess, floor)
        text = short(name, 13)
        parts.append(element("text", text, x=RIGHT + 7, y=y, class_=f"strong t{index}"))
    return parts
