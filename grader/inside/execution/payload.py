"""Keeps a run's report within what the channel carries, whatever was drawn or printed."""

from __future__ import annotations

import operator
from typing import Any

from ..protocol import LARGEST, encoded

__all__ = ["fitting", "whole"]

BYTES = 6_000_000
"""Of JSON; the channel takes a little more."""


def fitting(payload: dict[str, Any]) -> dict[str, Any]:
    """Leave out the least telling parts until the rest fits."""
    for leave_out in (_values, _labels, _lines, _series, _outputs, _axes):
        if len(encoded(payload)) <= BYTES:
            break
        leave_out(payload)
    return payload


def whole(value: Any) -> int | None:
    """A size that student code states; None when it is no whole number."""
    try:
        found = int(operator.index(value))
    except Exception:
        return None
    return found if abs(found) < LARGEST else None


def _each_axes(payload: dict[str, Any]) -> list[dict[str, Any]]:
    return [axes for figure in payload["figures"] for axes in figure["axes"]]


def _values(payload: dict[str, Any]) -> None:
    for axes in _each_axes(payload):
        for picture in axes.get("pictures", []):
            picture.pop("values", None)


def _labels(payload: dict[str, Any]) -> None:
    for axes in _each_axes(payload):
        axes["legend"] = axes["legend"][:10]


def _lines(payload: dict[str, Any]) -> None:
    for axes in _each_axes(payload):
        axes["lines"] = axes["lines"][:5]


def _series(payload: dict[str, Any]) -> None:
    payload["losses"] = payload["losses"][:5]


def _outputs(payload: dict[str, Any]) -> None:
    for cell in payload["cells"]:
        cell["output"] = cell.get("output", "")[:200]
        cell["error"] = cell.get("error", "")[:500]


def _axes(payload: dict[str, Any]) -> None:
    for figure in payload["figures"]:
        figure["axes"] = figure["axes"][:1]
