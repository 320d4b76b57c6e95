"""What drawn pictures show: rows of known data, or slices of a live net's parameters.

A picture is recognised when it matches almost exactly, or far better than everything else; all else
stays unknown. Small pictures are compared as they are drawn, while the net lives that a
function made; all others after the run, at last among the files at hand. Each within a few seconds.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from time import monotonic, process_time
from typing import TYPE_CHECKING, Any

import numpy as np

from .journal.rows import parts_of
from .likeness import EXACT, as_pictures, best_matches
from .meter import number
from .photographs import SMALL, Photographs, files_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..shims.served import Served
    from .journal.journal import Journal

__all__ = ["Filters", "drawn_on", "recognise"]

PICTURES = 200
"""Of one set of axes, and compared in one run."""
SIDE = 512
"""A larger picture is kept by its shape only."""
VALUES = 1024
SECONDS = 6.0
FILES_SECONDS = 8.0
"""Of processor time, for pictures that nothing else showed to be anything, among files."""
LIKELY, CLEARLY = 0.8, 0.15
"""Pictures that `imshow` clipped match less well; then nothing else may come near."""
LEAST = 9
"""Numbers of the smallest filter that can be told from another."""
FILTER_SIDE = 16
"""Of the largest picture that may be a filter."""
NETS = 20
COLOURS = 3

Array = np.ndarray[Any, Any]


def drawn_on(axes: Any) -> list[dict[str, Any]]:
    """The pictures on a set of axes, with their pixels under `_pixels` until they are compared."""
    found: list[dict[str, Any]] = []
    for image in list(axes.images)[:PICTURES]:
        data = image.get_array()
        if data is None:
            continue
        pixels = np.ma.filled(np.ma.asarray(data).astype(np.float32), np.nan)
        entry: dict[str, Any] = {"shape": list(pixels.shape), "name": ""}
        if pixels.size <= VALUES:
            entry["values"] = [number(float(value)) for value in pixels.reshape(-1)]
        if pixels.ndim in {2, 3} and max(pixels.shape) <= SIDE:
            entry["_pixels"] = pixels
        found.append(entry)
    return found


class Filters:
    """Recognises filters of nets that are alive as a figure is taken down."""

    def __init__(self) -> None:
        self._left_seconds = SECONDS

    def recognise(self, figure: list[dict[str, Any]]) -> None:
        """Say which small pictures of a figure's axes are slices of a net's parameters."""
        waiting = [
            (entry, pixels)
            for axes in figure
            for entry in axes.get("pictures", [])
            if (pixels := entry.get("_pixels")) is not None
            and max(pixels.shape) <= FILTER_SIDE
            and np.isfinite(pixels).all()
        ]
        if not waiting or self._left_seconds <= 0:
            return
        began = monotonic()
        try:
            for name, rows, is_of in _parameters(_alive()):
                _compare(waiting[:PICTURES], name, rows, is_of, began)
        except Exception:  # a net of a form that nobody thought of: the pictures stay unknown
            return
        finally:
            self._left_seconds -= monotonic() - began


def recognise(
    figures: list[dict[str, Any]],
    journal: Journal,
    names: dict[str, Any],
    served: Served | None = None,
) -> None:
    """Say what the pictures of all figures are of, and let go of their pixels.

    Args:
        figures: Described by `axes`.
        journal: Knows the datasets that were walked over.
        names: The student's names, for datasets and nets alive.
        served: The data at hand, wherever the code keeps it; None where no check asks for it.
    """
    waiting: list[tuple[dict[str, Any], Array]] = []
    for figure in figures:
        for axes in figure["axes"]:
            for entry in axes.get("pictures", []):
                pixels = entry.pop("_pixels", None)
                if (
                    pixels is not None
                    and "is_of" not in entry
                    and len(waiting) < PICTURES
                    and np.isfinite(pixels).all()
                ):
                    waiting.append((entry, pixels))
    with suppress(Exception):  # data of a form that nobody thought of: the pictures stay unknown
        _among_arrays(waiting, _known(journal, names))
    with suppress(Exception):  # a file that is no picture: the same
        _among_files(waiting, served)


def _among_arrays(
    waiting: list[tuple[dict[str, Any], Array]], known: Iterator[tuple[str, Array, str]]
) -> None:
    began = monotonic()
    while _unknown(waiting) and monotonic() - began <= SECONDS:
        found = next(known, None)
        if found is None:
            return
        name, rows, is_of = found
        _compare(waiting, name, rows, is_of, began)


def _among_files(waiting: list[tuple[dict[str, Any], Array]], served: Served | None) -> None:
    """Only pictures in colour: a feature map may look like what it is of."""
    until = process_time() + FILES_SECONDS
    for source, files in files_of(served) if served is not None else ():
        left = [
            (entry, planes)
            for entry, pixels in _unknown(waiting)
            if (planes := _planes(pixels, COLOURS)) is not None and min(planes.shape[:2]) >= SMALL
        ]
        if not left or process_time() > until:
            return
        shown = Photographs(source, files, until).find([planes for _, planes in left])
        for (entry, _), found in zip(left, shown, strict=True):
            if found is not None:
                entry["is_of"], entry["name"], entry["index"] = "dataset", *found


def _unknown(
    waiting: list[tuple[dict[str, Any], Array]],
) -> list[tuple[dict[str, Any], Array]]:
    return [one for one in waiting if "is_of" not in one[0]]


def _known(journal: Journal, names: dict[str, Any]) -> Iterator[tuple[str, Array, str]]:
    """Parameters first, they are few; then test data, where galleries come from."""
    from torch.nn import Module

    yield from _parameters([value for value in names.values() if isinstance(value, Module)])
    found: dict[str, Array] = {}
    parts = [part for known in journal.loaders for part in known.parts]
    parts += [part for value in _datasets(names) for part in parts_of(value)]
    for part in parts:
        if part.positional and part.array is not None and part.source not in found:
            array = part.array
            found[part.source] = np.asarray(array.numpy() if hasattr(array, "numpy") else array)
    for source in sorted(found, key=lambda s: (not s.endswith("/test"), s)):
        yield source, found[source], "dataset"


def _datasets(names: dict[str, Any]) -> list[Any]:
    from torch.utils.data import Dataset

    return [value for value in names.values() if isinstance(value, Dataset)][:50]


def _alive() -> list[Any]:
    """Every net in this process, newest first, without the parts of others."""
    from torch.nn import Module

    nets = [value for value in gc.get_objects() if issubclass(type(value), Module)]
    parts = {id(part) for net in nets for part in net._modules.values()}  # noqa: SLF001
    return [net for net in reversed(nets) if id(net) not in parts]


def _parameters(nets: list[Any]) -> Iterator[tuple[str, Array, str]]:
    for net in nets[:NETS]:
        for name, parameter in net.named_parameters():
            if parameter.ndim == 4:  # noqa: PLR2004 - the filters of a convolution
                yield name, parameter.detach().cpu().numpy(), "parameter"


def _compare(
    waiting: list[tuple[dict[str, Any], Array]], name: str, rows: Array, is_of: str, began: float
) -> None:
    """Look for each unknown picture among rows."""
    for looks, index in _views(rows, is_of):
        height, width, channels = looks.shape[1:]
        fitting = [
            (entry, planes)
            for entry, pixels in waiting
            if "is_of" not in entry
            and (planes := _planes(pixels, channels)) is not None
            and planes.shape == (height, width, channels)
        ]
        if not fitting or height * width < LEAST:
            continue
        wanted = np.stack([planes for _, planes in fitting])
        best, second, where = best_matches(wanted, looks, began + SECONDS)
        for (entry, _), first, other, row in zip(fitting, best, second, where, strict=True):
            if first >= EXACT or (first >= LIKELY and first - other >= CLEARLY):
                entry["is_of"] = is_of
                entry["name"] = name[:300]
                entry["index"] = [int(row)] if index is None else [int(i) for i in index(int(row))]


def _views(rows: Array, is_of: str) -> Iterable[tuple[Array, Any]]:
    """The pictures in an array, [N, height, width, channels], and what a position means."""
    if is_of == "dataset":
        looks = as_pictures(rows)
        return [] if looks is None else [(looks, None)]
    outputs, inputs, height, width = rows.shape
    single = rows.reshape(outputs * inputs, height, width, 1)
    views: list[tuple[Array, Any]] = [(single, lambda row: divmod(row, inputs))]
    if inputs == 3:  # noqa: PLR2004 - drawn in colour
        views.append((rows.transpose(0, 2, 3, 1), lambda row: (row,)))
    return views


def _planes(pixels: Array, channels: int) -> Array | None:
    """A picture as [height, width, channels], when it has that many."""
    if pixels.ndim == 2:  # noqa: PLR2004
        return pixels[..., None] if channels == 1 else None
    if pixels.shape[2] == 4:  # noqa: PLR2004 - with transparency
        pixels = pixels[..., :3]
    if pixels.shape[2] == 3 and channels == 1 and (pixels == pixels[..., :1]).all():  # noqa: PLR2004
        return pixels[..., :1]
    return pixels if pixels.shape[2] == channels else None
