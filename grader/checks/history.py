"""Whether a drawn line shows what the run recorded: losses of its steps, or what it printed."""

from __future__ import annotations

import bisect
import math
import re
from typing import TYPE_CHECKING

from grader.model.base import to_float

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grader.model.measurements import Execution, FigureSeen

__all__ = ["recorded_lines"]

NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?|-?\d+(?:e[+-]?\d+)?")

ENOUGH = 0.8
"""Share of a line's values that must be among those recorded."""
RELATIVE = 0.01
"""Of means over an epoch: a last, smaller batch moves them a little."""
PRINTED = 2e-3
"""Printed numbers are rounded."""
LEAST = 2


def recorded_lines(figure: FigureSeen, run: Execution) -> tuple[int, int]:
    """Lines of a figure whose numbers were recorded, and lines that there are."""
    printed = _printed(run)
    losses = [[to_float(value) for value in one.values] for one in run.losses]
    lines = [line for axes in figure.axes for line in axes.lines if len(line.y) >= LEAST]
    good = 0
    for line in lines:
        values = [to_float(value) for value in line.y]
        good += _among(values, printed) or any(_means(values, one) for one in losses)
    return good, len(lines)


def _printed(run: Execution) -> list[float]:
    found = (float(text) for cell in run.cells for text in NUMBER.findall(cell.output))
    return sorted(value for value in found if math.isfinite(value))


def _among(values: Sequence[float], known: list[float]) -> bool:
    """Whether most values were printed, as they are or in per cent."""
    if not known:
        return False
    found = sum(_near(value, known) or _near(value * 100, known) for value in values)
    return found >= ENOUGH * len(values)


def _near(value: float, known: list[float]) -> bool:
    if not math.isfinite(value):
        return False
    place = bisect.bisect_left(known, value)
    around = known[max(0, place - 1) : place + 1]
    return any(abs(value - one) <= PRINTED * max(1.0, abs(one)) for one in around)


def _means(values: Sequence[float], losses: Sequence[float]) -> bool:
    """Whether values are the losses of the steps, or their means over as many epochs."""
    if not losses or len(losses) < len(values):
        return False
    size = len(losses) // len(values)
    means = [_mean(losses[i * size : (i + 1) * size]) for i in range(len(values))]
    close = sum(
        math.isclose(a, b, rel_tol=RELATIVE, abs_tol=1e-6)
        for a, b in zip(values, means, strict=True)
    )
    return close >= ENOUGH * len(values)


def _mean(values: Iterable[float]) -> float:
    taken = list(values)
    return math.fsum(taken) / len(taken) if all(map(math.isfinite, taken)) else math.nan
