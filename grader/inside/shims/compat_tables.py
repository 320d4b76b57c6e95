"""Names and arguments that pandas, scikit-learn, Pillow and matplotlib removed."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from .removed import give_back, without_keyword

if TYPE_CHECKING:
    from .hooks import AfterImport
    from .uses import Uses

__all__ = ["install"]

SEABORN_STYLES = "seaborn"


def install(uses: Uses, hooks: AfterImport) -> None:
    """Patch when they are imported."""
    patches = {
        "pandas": _pandas,
        "PIL.Image": _pillow,
        "PIL.ImageDraw": _drawing,
        "matplotlib": _matplotlib,
        "matplotlib.cm": _maps,
        "matplotlib.style": _styles,
        "matplotlib.axes": _axes,
        "sklearn.preprocessing": _preprocessing,
        "sklearn.manifold": _manifold,
        "sklearn.linear_model": _linear_model,
        "sklearn.metrics": _metrics,
    }
    for name, patch in patches.items():
        hooks.patch(name, functools.partial(patch, uses=uses))


def _pandas(pandas: Any, uses: Uses) -> None:
    def append(self: Any, other: Any, ignore_index: bool = False, **_kwargs: Any) -> Any:  # noqa: FBT001,FBT002
        uses.note("compat.dataframe_append", "DataFrame.append was removed; write pandas.concat")
        if isinstance(other, dict | pandas.Series) and isinstance(self, pandas.DataFrame):
            other = pandas.DataFrame([other])
        others = other if isinstance(other, list) else [other]
        if isinstance(self, pandas.DataFrame):
            others = [pandas.DataFrame([o]) if isinstance(o, dict) else o for o in others]
            kept = [frame for frame in (self, *others) if len(frame.columns)]
            return pandas.concat(kept or [self], ignore_index=ignore_index)
        return pandas.concat([self, *others], ignore_index=ignore_index)

    def iteritems(self: Any) -> Any:
        uses.note("compat.iteritems", "iteritems was removed; write items")
        return self.items()

    for kind in (pandas.DataFrame, pandas.Series):
        if not hasattr(kind, "append"):
            kind.append = append
        if not hasattr(kind, "iteritems"):
            kind.iteritems = iteritems


def _pillow(image: Any, uses: Uses) -> None:
    names = {"ANTIALIAS": "LANCZOS", "LINEAR": "BILINEAR", "CUBIC": "BICUBIC"}
    makers = {old: functools.partial(getattr, image, new) for old, new in names.items()}
    give_back(image, uses, makers, {old: f"Image.{new}" for old, new in names.items()})


def _drawing(module: Any, uses: Uses) -> None:
    def textsize(self: Any, text: str, font: Any = None, **_kwargs: Any) -> tuple[int, int]:
        uses.note("compat.textsize", "ImageDraw.textsize was removed; write textbbox")
        left, top, right, bottom = self.textbbox((0, 0), text, font=font)
        return int(right - left), int(bottom - top)

    if not hasattr(module.ImageDraw, "textsize"):
        module.ImageDraw.textsize = textsize


def _matplotlib(matplotlib: Any, uses: Uses) -> None:
    """Figures are drawn without a screen, whatever backend the code asks for."""

    def use(backend: str, **_kwargs: Any) -> None:
        if str(backend).lower() != "agg":
            uses.note("shim.backend", f"matplotlib's backend stayed 'agg' instead of '{backend}'")

    original = matplotlib.use
    original("agg", force=False)
    matplotlib.use = use


def _maps(cm: Any, uses: Uses) -> None:
    import matplotlib as mpl

    def get_cmap(name: Any = None, lut: Any = None) -> Any:
        if name is not None and not isinstance(name, str):
            return name
        found = mpl.colormaps[name or mpl.rcParams["image.cmap"]]
        return found if lut is None else found.resampled(lut)

    give_back(cm, uses, {"get_cmap": lambda: get_cmap}, {"get_cmap": "matplotlib.colormaps[name]"})


def _styles(style: Any, uses: Uses) -> None:
    original = style.use

    def today(name: Any) -> Any:
        if (
            isinstance(name, str)
            and name.startswith(SEABORN_STYLES)
            and name not in style.available
        ):
            newer = name.replace(SEABORN_STYLES, "seaborn-v0_8", 1)
            if newer in style.available:
                uses.note("compat.style", f"the style '{name}' is called '{newer}' today")
                return newer
        return name

    @functools.wraps(original)
    def use(styles: Any) -> None:
        original([today(s) for s in styles] if isinstance(styles, list | tuple) else today(styles))

    style.use = use
    for holder in ("matplotlib.style", "matplotlib.style.core"):
        if holder in sys.modules:
            sys.modules[holder].use = use  # type: ignore[attr-defined]


def _axes(axes: Any, uses: Uses) -> None:
    kind = axes.Axes
    kind.hist = without_keyword(kind.hist, uses, "compat.hist", {"normed": "density"})


def _preprocessing(module: Any, uses: Uses) -> None:
    kind = module.OneHotEncoder
    kind.__init__ = _sklearn_init(kind, uses, "compat.sklearn", {"sparse": "sparse_output"})


def _manifold(module: Any, uses: Uses) -> None:
    kind = module.TSNE
    if "max_iter" in kind.__init__.__code__.co_varnames:
        kind.__init__ = _sklearn_init(kind, uses, "compat.sklearn", {"n_iter": "max_iter"})


def _linear_model(module: Any, uses: Uses) -> None:
    kind = module.LogisticRegression
    if "multi_class" not in kind.__init__.__code__.co_varnames:
        kind.__init__ = _sklearn_init(kind, uses, "compat.sklearn", {"multi_class": None})


def _sklearn_init(kind: Any, uses: Uses, code: str, renames: dict[str, str | None]) -> Any:
    """scikit-learn reads the signature of `__init__`, which `functools.wraps` keeps."""
    original = kind.__init__
    return without_keyword(original, uses, code, renames)


def _metrics(metrics: Any, uses: Uses) -> None:
    def plot_confusion_matrix() -> Any:
        return metrics.ConfusionMatrixDisplay.from_estimator

    give_back(
        metrics,
        uses,
        {"plot_confusion_matrix": plot_confusion_matrix},
        {"plot_confusion_matrix": "ConfusionMatrixDisplay.from_estimator"},
    )
