"""Thresholds and the share of the points that reaching them earns."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from grader.model.base import Points, Record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

__all__ = ["Band", "earned", "well_formed"]


class Band(Record):
    """One step: reach `at`, earn `fraction`."""

    at: Points
    """The threshold, reached when equal. Exact: 0.06 is six hundredths."""
    fraction: Points
    """Share of the criterion's points, 0 to 1."""


def well_formed(bands: Sequence[Band], *, rising: bool) -> None:
    """Check that a better measurement never earns less.

    Args:
        bands: In any order.
        rising: Whether more is better.

    Raises:
        ValueError: No bands, a fraction outside 0 to 1, or a harder band that earns less.
    """
    if not bands:
        msg = "at least one band is needed, such as { at = 0.65, fraction = 1 }"
        raise ValueError(msg)
    if any(not 0 <= band.fraction <= 1 for band in bands):
        msg = "a band's fraction is a share of the points, from 0 to 1"
        raise ValueError(msg)
    ordered = sorted(bands, key=lambda band: band.at, reverse=not rising)
    for easier, harder in itertools.pairwise(ordered):
        if harder.at == easier.at or harder.fraction < easier.fraction:
            now, before = float(harder.at), float(easier.at)
            msg = f"the band at {now:g} is harder than at {before:g} and must not earn less"
            raise ValueError(msg)


def earned(bands: Sequence[Band], value: Fraction, *, rising: bool) -> Band | None:
    """The best band that a value reaches, or None."""
    reached = [band for band in bands if (value >= band.at if rising else value <= band.at)]
    return max(reached, key=lambda band: band.fraction, default=None)
