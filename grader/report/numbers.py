"""How measured numbers are written."""

from __future__ import annotations

import math
import re

__all__ = ["number_text", "percent_text"]

_EXPONENT = re.compile(r"e\+?(-?)0*")

SHARE = "share"
"""Measured in shares of something, which read better in per cent."""

DIGITS = 4
"""Significant ones, for numbers that are not whole."""


def number_text(value: float | str | None, unit: str = "") -> str:
    """Write a measurement with its unit: `0.9531`, `12,345 parameters`, `nan`."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = value
    elif not math.isfinite(value):
        text = str(value)
    elif value == int(value) and abs(value) < 1e12:  # noqa: PLR2004 - beyond, say 1e+15
        text = f"{int(value):,}"
    else:
        text = _EXPONENT.sub(r"e\1", f"{value:.{DIGITS}g}")
    if unit.startswith(SHARE) and isinstance(value, int | float) and math.isfinite(value):
        return f"{value * 100:.{DIGITS}g}% {unit.removeprefix(SHARE).strip()}".strip()
    return f"{text} {unit}".strip()


def percent_text(share: float) -> str:
    """Write a share as whole per cent, but 0% and 100% only when it is all or nothing."""
    if 0 < share < 1:
        return f"{min(99, max(1, round(share * 100)))}%"
    return f"{round(share * 100)}%"
