"""Figures of pictures in rows and columns, drawn without a display."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

__all__ = ["grid", "show", "write"]

WHITE = 255


def grid(rows: int, columns: int, *, width: float, height: float) -> tuple[Any, list[Any]]:
    """A figure of empty squares, row by row. Sizes are in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).flatten().tolist()
    for axis in axes:
        axis.set_axis_off()
    return figure, axes


def show(axis: Any, image: Tensor) -> None:
    """Draw a picture: [C, H, W] of pixels from 0 to 255; one channel is grey, in its own range."""
    pixels = image.float().permute(1, 2, 0).numpy()  # [H, W, C]
    if pixels.shape[-1] == 1:
        axis.imshow(pixels[..., 0], cmap="gray")
    else:
        axis.imshow((pixels / WHITE).clip(0, 1))


def write(figure: Any, file: Path) -> Path:
    """Save a figure as PNG; its folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    return file
