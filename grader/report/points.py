"""Points become decimals here, once, and nowhere else."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["FEEDBACK_ONLY", "as_number", "as_text", "rounded"]

THOUSANDTHS = 1000

FEEDBACK_ONLY = "feedback only"
"""What stands where points would, in an assignment without any."""


def rounded(points: Fraction) -> Decimal:
    """Round to at most three decimal places, a tie to the even neighbour (0.0625 → 0.062).

    Half-even, so that rounding many results neither lifts nor lowers a class.
    """
    return Decimal(round(points * THOUSANDTHS)) / THOUSANDTHS


def as_text(points: Fraction) -> str:
    """Write points without trailing zeros: `3.5`, `10`, `0.333`."""
    text = f"{rounded(points):.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def as_number(points: Fraction) -> float:
    """Points as JSON holds them."""
    return float(rounded(points))
