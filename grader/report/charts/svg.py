"""Build SVG as elements, never as text: a label cannot become markup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from markupsafe import Markup

from grader.report.text import one_line

__all__ = ["HATCHES", "Span", "draw", "element", "short", "tick_text", "ticks"]

HATCHES = ("partial", "blocked", "pending", "error")
"""Outcomes drawn with a pattern, so that colour alone never tells."""


def element(tag: str, text: str = "", **attributes: object) -> ET.Element:
    """An element. `class_` becomes `class`, `stroke_width` becomes `stroke-width`."""
    made = ET.Element(tag)
    for name, value in attributes.items():
        plain = f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
        made.set(name.rstrip("_").replace("_", "-"), plain)
    made.text = one_line(text, 400) if text else None
    return made


def draw(
    uid: str, size: tuple[float, float], title: str, desc: str, css: str, *parts: ET.Element
) -> Markup:
    """A whole picture with its title and description for those who do not see it."""
    width, height = size
    root = element("svg", viewBox=f"0 0 {width:g} {height:g}", role="img", class_=css)
    root.set("aria-labelledby", f"{uid}-t {uid}-d")
    if css in {"meter", "stack"}:
        root.set("preserveAspectRatio", "none")
    root.append(element("title", title, id=f"{uid}-t"))
    root.append(element("desc", desc, id=f"{uid}-d"))
    root.extend(parts)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree has escaped it


class Span:
    """A linear map from data to pixels."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        if not high > low:
            pad = abs(low) * 0.05 or 0.5
            low, high = low - pad, high + pad
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value: float) -> float:
        # Divided first, so that the difference of two huge numbers stays finite.
        share = value / 2 - self.low / 2
        whole = self.high / 2 - self.low / 2
        return self.start + share / whole * (self.end - self.start)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers within a range."""
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        return [low]
    rough = (high / about) - (low / about)
    if rough <= 0 or not math.isfinite(rough):
        return [low]
    power = 10.0 ** math.floor(math.log10(rough))
    if power == 0:
        return [low]
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(n * step, 12) if abs(step) > 1e-9 else n * step for n in range(first, last + 1)]


def tick_text(value: float) -> str:
    """A number for an axis."""
    if value != 0 and (abs(value) >= 1e5 or abs(value) < 1e-3):
        return f"{value:.1e}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    return f"{value:.4g}"


def short(text: str, limit: int) -> str:
    """Text that fits beside a mark."""
    line = one_line(text, 200)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "\u2026"


def finite(values: Sequence[float]) -> list[float]:
    """Those that can be drawn."""
    return [value for value in values if math.isfinite(value)]
