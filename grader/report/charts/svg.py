"""Build SVG as elements, never as text: a label cannot become markup."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

from markupsafe import Markup

from grader.report.text import one_line

__all__ = ["Span", "draw", "drawable", "element", "short", "tick_text", "ticks"]


def element(tag: str, text: str = "", **attributes: object) -> ET.Element:
    """An element. `class_` becomes `class`, `stroke_width` becomes `stroke-width`."""
    made = ET.Element(tag)
    for name, value in attributes.items():
        plain = f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
        made.set(name.rstrip("_").replace("_", "-"), plain)
    made.text = one_line(text, 400) if text else None
    return made


NEARLY_NOTHING = 1e-9
SMALLEST, LARGEST = 1e-290, 1e290
WRITTEN_OUT = (1e-3, 1e5)
"""Numbers between these are written without an exponent."""


def draw(
    uid: str, size: tuple[float, float] | None, title: str, desc: str, css: str, *parts: ET.Element
) -> Markup:
    """A whole picture with its title and description for those who do not see it.

    Without a size it stretches to its place, and its parts are placed in per cent: patterns keep
    their shape then.
    """
    root = element("svg", role="img", class_=css)
    if size is not None:
        root.set("viewBox", f"0 0 {size[0]:g} {size[1]:g}")
    root.set("aria-labelledby", f"{uid}-t {uid}-d")
    root.append(element("title", title, id=f"{uid}-t"))
    root.append(element("desc", desc, id=f"{uid}-d"))
    root.extend(parts)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree has escaped it


class Span:
    """A linear map from data to pixels."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        if not high - low > max(abs(low), abs(high)) * NEARLY_NOTHING + SMALLEST:
            pad = max(abs(low) * 0.05, SMALLEST) if low else 0.5
            low, high = low - pad, high + pad
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value: float) -> float:
        """Where a value lies."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def drawable(value: float) -> bool:
    """Whether a number is finite, and not so large that arithmetic on it overflows."""
    return math.isfinite(value) and abs(value) < LARGEST


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers within a range."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [
        round(n * step, 12) if abs(step) > NEARLY_NOTHING else n * step
        for n in range(first, last + 1)
    ]


def tick_text(value: float) -> str:
    """A number for an axis."""
    if value != 0 and not WRITTEN_OUT[0] <= abs(value) < WRITTEN_OUT[1]:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    return f"{value:.4g}"


def short(text: str, limit: int) -> str:
    """Text that fits beside a mark."""
    line = one_line(text, 200)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "\u2026"
