"""Measured against threshold and baseline, on one line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from grader.report.charts.svg import Span, draw, drawable, element
from grader.report.numbers import number_text

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from markupsafe import Markup

    from grader.model.scorecard import Baseline, CheckResult, Interval

__all__ = ["scale"]

WIDTH, LEFT, RIGHT = 360.0, 14.0, 346.0
LINE = 34.0
ABOVE = ("at_least", "more_than")
BELOW = ("at_most", "fewer_than", "less_than")
EDGE = 64.0
"""Nearer than this to an end, a label is set inwards."""


def scale(result: CheckResult, check: str, uid: str) -> Markup | None:
    """Draw it, or None when there is nothing to compare."""
    measured, threshold = _finite(result.measured), _finite(result.threshold)
    if measured is None or threshold is None:
        return None
    alone = result.interval is None and result.baseline is None
    at = _span(result, measured, threshold)
    if at is None or (alone and math.isclose(measured, threshold, rel_tol=1e-6)):
        return None
    predicate = check.rsplit(".", 1)[-1]
    goal = "threshold" if predicate.startswith(ABOVE + BELOW) else "expected"
    words = [f"Measured {number_text(measured, result.unit)}"]
    words.append(f"{goal} {number_text(threshold, result.unit)}")
    parts = [_bar(LEFT, RIGHT, "track")]
    if predicate.startswith(ABOVE):
        parts.append(_bar(at(threshold), RIGHT, "goal"))
    elif predicate.startswith(BELOW):
        parts.append(_bar(LEFT, at(threshold), "goal"))
    x = at(threshold)
    parts.append(element("line", x1=x, x2=x, y1=LINE - 9, y2=LINE + 13, class_="threshold"))
    height = LINE + 30
    if result.baseline is not None:
        parts += _reference(at, result.baseline)
        words.append(f"reference solution {number_text(result.baseline.mean, result.unit)}")
        height += 16
    if result.interval is not None:
        parts += _interval(at, result.interval)
        low, high = number_text(result.interval.low), number_text(result.interval.high)
        words.append(f"95% confidence interval {low} to {high}")
    parts.append(element("circle", cx=at(measured), cy=LINE, r=5.5, class_="measured"))
    parts.append(_label(at(measured), LINE - 14, f"yours {number_text(measured)}", "strong"))
    parts.append(_label(x, LINE + 25, f"{goal} {number_text(threshold)}"))
    title = f"Your value on a scale with the {goal} value"
    return draw(uid, (WIDTH, height), title, "; ".join(words) + ".", "scale", *parts)


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if drawable(value) else None


def _span(result: CheckResult, measured: float, threshold: float) -> Span | None:
    marks = [measured, threshold]
    if result.baseline is not None:
        marks += [result.baseline.mean - result.baseline.spread]
        marks += [result.baseline.mean + result.baseline.spread]
    if result.interval is not None:
        marks += [result.interval.low, result.interval.high]
    if not all(map(drawable, marks)):
        return None
    low, high = min(marks), max(marks)
    pad = (high - low) * 0.12 or abs(low) * 0.1 or 1.0
    return Span(low - pad, high + pad, LEFT, RIGHT)


def _bar(start: float, end: float, css: str) -> ET.Element:
    width = max(end - start, 0.0)
    return element("rect", x=start, y=LINE - 4, width=width, height=8, rx=4, class_=css)


def _label(x: float, y: float, text: str, css: str = "") -> ET.Element:
    if x < LEFT + EDGE:
        return element("text", text, x=max(x - 5, 2.0), y=y, text_anchor="start", class_=css)
    if x > RIGHT - EDGE:
        x = min(x + 5, WIDTH - 2)
        return element("text", text, x=x, y=y, text_anchor="end", class_=css)
    return element("text", text, x=x, y=y, text_anchor="middle", class_=css)


def _reference(at: Span, baseline: Baseline) -> list[ET.Element]:
    x, low, high = at(baseline.mean), at(baseline.mean - baseline.spread), at(baseline.mean)
    width = max(2 * (high - low), 1.0)
    text = f"reference {number_text(baseline.mean)}"
    diamond = f"{x:.1f},{LINE - 5:.1f} {x + 5:.1f},{LINE:.1f} {x:.1f},{LINE + 5:.1f} "
    diamond += f"{x - 5:.1f},{LINE:.1f}"
    return [
        element("rect", x=low, y=LINE - 4, width=width, height=8, class_="spread"),
        element("polygon", points=diamond, class_="baseline"),
        _label(x, LINE + 40, text),
    ]


def _interval(at: Span, interval: Interval) -> list[ET.Element]:
    low, high = at(interval.low), at(interval.high)
    drawn = [element("line", x1=low, x2=high, y1=LINE, y2=LINE, class_="interval")]
    for end in (low, high):
        cap = element("line", x1=end, x2=end, y1=LINE - 4, y2=LINE + 4, class_="interval")
        drawn.append(cap)
    return drawn
