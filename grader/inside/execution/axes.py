"""What is drawn on a figure's axes, as numbers and labels."""

from __future__ import annotations

from typing import Any

from .meter import number
from .pictures import drawn_on

__all__ = ["bounded", "describe", "fullness"]

AXES = 100
LINES = 50
POINTS = 2000
LEGEND = 100
NAME = 300
POINTS_IN_ALL = 60_000


def fullness(figure: Any) -> int:
    """How much is drawn: grows with every line, point, image and label."""
    total = 0
    for axes in figure.axes:
        total += 1 + len(axes.images) + len(axes.patches) + len(axes.collections) + len(axes.texts)
        total += sum(1 + len(line.get_xdata(orig=False)) for line in axes.lines)
        total += sum(map(bool, (axes.get_title(), axes.get_xlabel(), axes.get_ylabel())))
        total += axes.get_legend() is not None
    return total + len(figure.images)


def describe(figure: Any) -> list[dict[str, Any]]:
    """Every set of axes that shows something."""
    found = [_axes(axes) for axes in figure.axes[:AXES]]
    above = getattr(figure, "_suptitle", None)
    if above is not None and found and not found[0]["title"]:
        found[0]["title"] = _text(above.get_text())
    return found


def _axes(axes: Any) -> dict[str, Any]:
    legend = axes.get_legend()
    titles = (axes.get_title(where) for where in ("center", "left", "right"))
    return {
        "title": next((_text(title) for title in titles if title), ""),
        "x_label": _text(axes.get_xlabel()),
        "y_label": _text(axes.get_ylabel()),
        "legend": [_text(t.get_text()) for t in legend.get_texts()[:LEGEND]] if legend else [],
        "lines": _lines(axes),
        "images": len(axes.images) + _count(axes, "QuadMesh"),
        "bars": sum(type(patch).__name__ == "Rectangle" for patch in axes.patches),
        "points": _scattered(axes),
        "pictures": drawn_on(axes),
    }


def _text(text: Any) -> str:
    return str(text)[:NAME].encode("utf-8", "replace").decode()


def _lines(axes: Any) -> list[dict[str, Any]]:
    found = []
    for line in axes.lines[:LINES]:
        x, y = _numbers(line.get_xdata(orig=False)), _numbers(line.get_ydata(orig=False))
        label = line.get_label()
        found.append(_line("" if str(label).startswith("_") else label, x, y))
    for collection in axes.collections:  # hlines, vlines
        if type(collection).__name__ == "LineCollection":
            label = collection.get_label()
            for segment in collection.get_segments()[: LINES - len(found)]:
                found.append(  # noqa: PERF401 - the slice above grows shorter with it
                    _line("" if str(label).startswith("_") else label, segment[:, 0], segment[:, 1])
                )
    return found[:LINES]


def _line(label: Any, x: Any, y: Any) -> dict[str, Any]:
    size = min(len(x), len(y))
    every = kept(size, POINTS)
    return {
        "label": _text(label),
        "x": [number(float(x[i])) for i in every],
        "y": [number(float(y[i])) for i in every],
    }


def kept(size: int, limit: int) -> list[int]:
    """Evenly spread positions, the first and the last among them."""
    if size <= limit:
        return list(range(size))
    return [round(i * (size - 1) / (limit - 1)) for i in range(limit)]


def _numbers(data: Any) -> Any:
    import numpy as np

    try:
        return np.ma.filled(np.ma.asarray(data, dtype=np.float64), np.nan).ravel()
    except (TypeError, ValueError):
        return np.arange(len(data), dtype=np.float64)


def _count(axes: Any, kind: str) -> int:
    return sum(type(collection).__name__ == kind for collection in axes.collections)


def _scattered(axes: Any) -> int:
    return sum(
        len(collection.get_offsets())
        for collection in axes.collections
        if type(collection).__name__ == "PathCollection"
    )


def bounded(figures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Thin all lines alike until their points together fit the report."""
    lines = [line for figure in figures for axes in figure["axes"] for line in axes["lines"]]
    limit = POINTS
    while lines and limit > 10 and sum(len(line["x"]) for line in lines) > POINTS_IN_ALL:  # noqa: PLR2004
        limit //= 2
        for line in lines:
            every = kept(len(line["x"]), limit)
            line["x"], line["y"] = ([line[axis][i] for i in every] for axis in ("x", "y"))
    return figures
