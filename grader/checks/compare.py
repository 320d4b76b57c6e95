"""Numbers of a student's function against expected ones: whether they agree, and if not, how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.checks.phrases import decimal, shape

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["Difference", "Tolerance", "difference"]


@dataclass(frozen=True)
class Tolerance:
    """How far numbers may lie apart: `absolute + relative * |expected|`."""

    relative: float
    absolute: float


@dataclass(frozen=True)
class Difference:
    """How a result differs.

    Attributes:
        text: Where and by how much, to the student.
        hint: What that looks like, where it is a known slip; else empty.
    """

    text: str
    hint: str = ""


def difference(
    found: Floats, expected: Floats, tolerance: Tolerance, *, same_shape: bool = True
) -> Difference | None:
    """None when the numbers agree. NaN never agrees; an infinity agrees with itself."""
    import numpy as np

    expected = np.asarray(expected, dtype=np.float64)
    found = np.asarray(found, dtype=np.float64)
    a, b = found.squeeze(), expected.squeeze()
    if not same_shape and a.size == b.size:
        a, b = a.reshape(-1), b.reshape(-1)
    if a.shape != b.shape:
        return Difference(
            f"it is {_sized(found)} where {_sized(expected)} was expected",
            _shape_hint(a, b, tolerance),
        )
    close = _close(a, b, tolerance)
    if bool(close.all()):
        return None
    if bool(np.isnan(a).any()) and not bool(np.isnan(b).any()):
        return Difference(
            "it holds NaN (not a number)", "Look for a division by zero, or the log of zero."
        )
    where = np.unravel_index(int(np.argmin(close)), close.shape)
    spot = f"entry {shape(tuple(int(i) for i in where))} is " if a.ndim else "it is "
    wrong = int((~close).sum())
    many = f" ({wrong} of {close.size} entries differ)" if close.size > 1 else ""
    text = f"{spot}{decimal(a[where])} where {decimal(b[where])} was expected{many}"
    return Difference(text, _value_hint(a, b, tolerance))


def _sized(values: Floats) -> str:
    return "a single number" if values.size == 1 else f"a result of shape {shape(values.shape)}"


def _close(a: Floats, b: Floats, tolerance: Tolerance) -> np.ndarray[Any, np.dtype[np.bool_]]:
    import numpy as np

    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= tolerance.absolute + tolerance.relative * np.abs(b)
    same: np.ndarray[Any, np.dtype[np.bool_]] = (near & np.isfinite(b)) | (a == b)
    return same


def _agree(a: Floats, b: Floats, tolerance: Tolerance) -> bool:
    return a.shape == b.shape and bool(_close(a, b, tolerance).all())


def _shape_hint(a: Floats, b: Floats, tolerance: Tolerance) -> str:
    if a.ndim and not b.ndim and a.size > 1:
        if _agree(a.mean(), b, tolerance):
            return "Its mean is the expected number: reduce it with .mean()."
        if _agree(a.sum(), b, tolerance):
            return "Its sum is the expected number: reduce it with .sum()."
    if a.ndim > 1 and a.T.shape == b.shape:
        return "The axes look swapped."
    return ""


def _value_hint(a: Floats, b: Floats, tolerance: Tolerance) -> str:
    """Name a slip that explains every entry."""
    import numpy as np

    if _agree(-a, b, tolerance):
        return "The sign is the wrong way round."
    if a.ndim > 1 and _agree(a.T, b, tolerance):
        return "The axes are swapped."
    with np.errstate(all="ignore"):
        solid = np.abs(b) > tolerance.absolute
        ratios = (a[solid] / b[solid]) if a.ndim else np.atleast_1d(a / b)
        if a.ndim and ratios.size > 1 and bool(np.isfinite(ratios).all()):
            ratio = float(np.median(ratios))
            if ratio != 0 and _agree(a / ratio, b, tolerance):
                return f"Every entry is {decimal(ratio, 3)} times what was expected."
        if _agree(np.exp(a), b, tolerance):
            return "It is the logarithm of what was expected."
        if _agree(np.log(a), b, tolerance):
            return "It is the exponential of what was expected."
    return ""
