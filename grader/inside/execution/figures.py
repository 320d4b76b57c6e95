"""Captures figures once each, at their fullest: what is drawn on them, and their pixels."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .axes import describe, fullness
from .pictures import Filters

if TYPE_CHECKING:
    import numpy as np

    from .budget import Budget

__all__ = ["Figures"]

FIGURES = 64
IMAGES = 24
IMAGE_BYTES = 16 * 1024**2
WIDTH, HEIGHT = 1000, 800
OFTEN = 10
GROWTH = 1.2
"""A figure that is redrawn in every epoch is captured again only when it grew by this factor."""


class Captured:
    """One figure."""

    def __init__(self, cell: int | None) -> None:
        self.cell = cell
        self.saved_as = ""
        self.fullness = -1
        self.times = 0
        self.axes: list[dict[str, Any]] = []
        self.pixels: np.ndarray[Any, Any] | None = None


class Figures:
    """Captures on `show`, `savefig`, `close` and at the end of a cell.

    Args:
        budget: Only while it is armed are figures captured.
    """

    def __init__(self, budget: Budget) -> None:
        self.cell: int | None = None
        self.captured: list[Captured] = []
        self._known: WeakKeyDictionary[Any, Captured] = WeakKeyDictionary()
        self._bytes = 0
        self._budget = budget
        self._plt: Any = None
        self._close: Any = None
        self._busy = False
        self._filters = Filters()

    def patch_figure(self, module: Any) -> None:
        """Patch `matplotlib.figure`."""
        kind = module.Figure
        original = kind.savefig

        @functools.wraps(original)
        def savefig(figure: Any, fname: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(figure, fname, *args, **kwargs)
            name = getattr(fname, "name", "") if hasattr(fname, "write") else str(fname)
            self.capture(figure, str(name))
            return result

        kind.savefig = savefig
        kind.show = lambda figure, *_args, **_kwargs: self.capture(figure)
        for name in ("clear", "clf"):
            if hasattr(kind, name):
                setattr(kind, name, self._before_clearing(getattr(kind, name)))

    def _before_clearing(self, original: Any) -> Any:
        @functools.wraps(original)
        def clear(figure: Any, *args: Any, **kwargs: Any) -> Any:
            known = self._known.get(figure) if hasattr(figure, "axes") else None
            result = original(figure, *args, **kwargs)
            if known is not None:
                self._known.pop(figure, None)  # what is drawn next is another picture
            return result

        return clear

    def patch_pyplot(self, plt: Any) -> None:
        """Patch `matplotlib.pyplot`."""
        self._plt = plt
        self._close = plt.close

        def show(*_args: Any, **_kwargs: Any) -> None:
            self.capture_open(last=True)
            self._close("all")

        plt.show = show
        plt.pause = lambda *_args, **_kwargs: self.capture_open()
        switch = plt.switch_backend
        plt.switch_backend = lambda *_args, **_kwargs: switch("agg")

    def capture_open(self, *, last: bool = False) -> None:
        """Capture every figure that pyplot holds."""
        if self._plt is None:
            return
        from matplotlib._pylab_helpers import Gcf

        for manager in Gcf.get_all_fig_managers():
            self.capture(manager.canvas.figure, last=last)

    def end_cell(self) -> None:
        """Capture what is open and close it, as a notebook does."""
        if self._plt is not None:
            self.capture_open(last=True)
            self._close("all")

    def capture(self, figure: Any, saved_as: str = "", *, last: bool = False) -> None:
        """Capture a figure, or what was added to it since.

        Args:
            figure: Which.
            saved_as: The file it was saved to.
            last: Nothing more will be added to it.
        """
        if self._busy or not self._budget.armed:
            return
        self._busy = True
        try:
            self._capture(figure, saved_as, last=last)
        except Exception:  # noqa: S110 - a drawing that cannot be read is no fault of the code's
            pass
        finally:
            self._busy = False

    def _capture(self, figure: Any, saved_as: str, *, last: bool) -> None:
        found = self._known.get(figure)
        if found is None:
            full = fullness(figure)
            if len(self.captured) >= FIGURES or (full == 0 and not saved_as):
                return
            found = Captured(self.cell)
            self.captured.append(found)
            self._known[figure] = found
        else:
            full = fullness(figure)
        if saved_as:
            found.saved_as = saved_as[:400]
        found.times += 1
        growth = GROWTH if found.times > OFTEN and not last else 1
        if full <= found.fullness * growth:
            return
        found.fullness = full
        found.axes = describe(figure)
        self._filters.recognise(found.axes)
        self._keep_pixels(figure, found)

    def _keep_pixels(self, figure: Any, found: Captured) -> None:
        before = found.pixels.nbytes if found.pixels is not None else 0
        images = sum(other.pixels is not None for other in self.captured) - (before > 0)
        if images >= IMAGES or self._bytes - before >= IMAGE_BYTES:
            return
        try:
            pixels = draw(figure)
        except Exception:  # a figure that cannot be drawn still has its structure
            return
        if self._bytes - before + pixels.nbytes > IMAGE_BYTES:
            return
        self._bytes += pixels.nbytes - before
        found.pixels = pixels


def draw(figure: Any) -> np.ndarray[Any, Any]:
    """The figure's pixels.

    Shapes:
        returns: [height, width, 3], uint8
    """
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas, dpi = figure.canvas, figure.get_dpi()
    width, height = figure.get_size_inches()
    try:
        fitting = min(WIDTH / max(width, 0.01), HEIGHT / max(height, 0.01))
        figure.set_dpi(max(min(dpi, fitting), 1))
        agg: Any = FigureCanvasAgg(figure)
        agg.draw()
        rgba = np.asarray(agg.buffer_rgba())[:HEIGHT, :WIDTH]  # [height, width, 4]
        alpha = rgba[..., 3:].astype(np.uint16)
        white = (rgba[..., :3].astype(np.uint16) * alpha + 255 * (255 - alpha)) // 255
        return white.astype(np.uint8)
    finally:
        figure.set_dpi(dpi)
        figure.set_canvas(canvas)
