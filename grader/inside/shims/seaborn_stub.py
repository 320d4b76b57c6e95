"""The few plots that students draw with seaborn, drawn with matplotlib instead."""

from __future__ import annotations

from typing import Any

__all__ = ["fill"]


def fill(module: Any) -> None:
    """Put the plots into the stub."""
    if module.__name__ != "seaborn":
        return
    module.heatmap = heatmap
    module.lineplot = lineplot
    module.scatterplot = scatterplot
    module.barplot = barplot
    module.countplot = countplot
    module.histplot = module.distplot = module.kdeplot = histplot
    module.color_palette = color_palette
    module.despine = module.set = module.set_theme = module.set_style = _nothing
    module.set_context = module.set_palette = _nothing


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """A matter of taste."""


def _axes(ax: Any) -> Any:
    import matplotlib.pyplot as plt

    return plt.gca() if ax is None else ax


def _column(data: Any, name: Any) -> Any:
    if isinstance(name, str) and data is not None:
        return data[name]
    return name


def heatmap(
    data: Any,
    *,
    ax: Any = None,
    annot: Any = False,
    fmt: str = ".2g",
    cmap: Any = None,
    cbar: bool = True,
    xticklabels: Any = "auto",
    yticklabels: Any = "auto",
    **kwargs: Any,
) -> Any:
    """Numbers as colours, with the numbers written on them."""
    import numpy as np

    if xticklabels == "auto" and hasattr(data, "columns"):
        xticklabels = list(data.columns)
    if yticklabels == "auto" and hasattr(data, "index"):
        yticklabels = list(data.index)
    values = np.asarray(data)
    ax = _axes(ax)
    limits = {key: kwargs[key] for key in ("vmin", "vmax") if key in kwargs}
    image = ax.imshow(values, cmap=cmap, aspect="auto", **limits)
    if cbar:
        ax.figure.colorbar(image, ax=ax)
    texts = values if annot is True else None if annot is False or annot is None else annot
    if texts is not None and values.size <= 2500:  # noqa: PLR2004
        for (row, column), value in np.ndenumerate(np.asarray(texts)):
            written = value if isinstance(value, str) else format(value, fmt)
            ax.text(column, row, written, ha="center", va="center")
    for labels, put in ((xticklabels, ax.set_xticks), (yticklabels, ax.set_yticks)):
        if not isinstance(labels, str | bool) and labels is not None:
            put(range(len(labels)), list(labels))
    return ax


def lineplot(
    data: Any = None, *, x: Any = None, y: Any = None, ax: Any = None, **kwargs: Any
) -> Any:
    """A line."""
    ax = _axes(ax)
    wanted = {
        key: kwargs[key] for key in ("label", "color", "linestyle", "marker") if key in kwargs
    }
    xs, ys = _column(data, x), _column(data, y)
    if ys is None:
        ys = data
    ax.plot(ys, **wanted) if xs is None else ax.plot(xs, ys, **wanted)
    if "label" in wanted:
        ax.legend()
    return ax


def scatterplot(
    data: Any = None,
    *,
    x: Any = None,
    y: Any = None,
    ax: Any = None,
    hue: Any = None,
    **_kwargs: Any,
) -> Any:
    """Points, coloured by group."""
    import numpy as np

    ax = _axes(ax)
    colours = None
    if hue is not None:
        colours = np.unique(np.asarray(_column(data, hue)).astype(str), return_inverse=True)[1]
    ax.scatter(_column(data, x), _column(data, y), c=colours)
    return ax


def barplot(
    data: Any = None, *, x: Any = None, y: Any = None, ax: Any = None, **_kwargs: Any
) -> Any:
    """Bars."""
    ax = _axes(ax)
    ax.bar(_column(data, x), _column(data, y))
    return ax


def countplot(data: Any = None, *, x: Any = None, ax: Any = None, **_kwargs: Any) -> Any:
    """How often each value occurs."""
    import numpy as np

    ax = _axes(ax)
    values, counts = np.unique(
        np.asarray(_column(data, x if x is not None else data)), return_counts=True
    )
    ax.bar([str(value) for value in values], counts)
    return ax


def histplot(
    data: Any = None, *, x: Any = None, ax: Any = None, bins: Any = None, **_kwargs: Any
) -> Any:
    """A histogram."""
    import numpy as np

    ax = _axes(ax)
    values = _column(data, x) if x is not None else data
    ax.hist(np.asarray(values).ravel(), bins=bins if isinstance(bins, int) else 20)
    return ax


def color_palette(palette: Any = None, n_colors: int | None = None, **_kwargs: Any) -> list[Any]:
    """Colours of a matplotlib map."""
    import matplotlib as mpl

    name = palette if isinstance(palette, str) and palette in mpl.colormaps else "tab10"
    colours = mpl.colormaps[name]
    count = n_colors or 10
    return [colours(i / max(count - 1, 1)) for i in range(count)]
