"""Curves under different labels that hold the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...mistakes.curves import LAST_LIST
from ...mistakes.detector import finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["from_figures"]

SHORT = 3
"""Curves of fewer points may be equal by chance, or because training was ended early."""


def from_figures(
    figures: Iterable[dict[str, Any]],
    entry: str,
    training_was_cut: bool,  # noqa: FBT001
) -> Iterator[dict[str, Any]]:
    """Axes on which two labels share one curve.

    Args:
        figures: As the record holds them.
        entry: The file that was run.
        training_was_cut: Whether loops were ended early: short curves then say little.
    """
    least = 2 * SHORT if training_was_cut else SHORT
    for figure in figures:
        for axes in figure["axes"]:
            same = _equal_curves(axes["lines"], least)
            if same:
                labels = " and ".join(f"'{label[:60]}'" for label in same[:4])
                place = {"file": entry, "cell": figure["cell"], "line": None}
                seen = f"the curves {labels} of one plot hold the same numbers, point for point"
                yield finding(LAST_LIST.code, place, seen, LAST_LIST.why, LAST_LIST.mend, "dynamic")


def _equal_curves(lines: list[dict[str, Any]], least: int) -> list[str]:
    """The labels of the first curve that is drawn under several."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for line in lines:
        values = tuple(line["y"])
        if line["label"] and len(values) >= least and len(set(values)) >= least:
            labels = groups.setdefault(values, [])
            if line["label"] not in labels:
                labels.append(line["label"])
    return next((labels for labels in groups.values() if len(labels) > 1), [])
