"""Names that numpy, scipy and the standard library removed."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .removed import give_back

if TYPE_CHECKING:
    from collections.abc import Callable

    from .hooks import AfterImport
    from .uses import Uses

__all__ = ["install"]

PLAIN = {"float": float, "int": int, "object": object, "str": str, "complex": complex, "long": int}
PLAIN_INSTEAD = {**{name: name for name in PLAIN}, "long": "int", "unicode": "str"}
RENAMED = {
    "float_": "float64",
    "complex_": "complex128",
    "cfloat": "complex128",
    "singlecomplex": "complex64",
    "longfloat": "longdouble",
    "unicode_": "str_",
    "string_": "bytes_",
    "Inf": "inf",
    "Infinity": "inf",
    "infty": "inf",
    "PINF": "inf",
    "NaN": "nan",
    "NAN": "nan",
    "product": "prod",
    "cumproduct": "cumprod",
    "alltrue": "all",
    "sometrue": "any",
    "round_": "round",
    "in1d": "isin",
    "trapz": "trapezoid",
    "row_stack": "vstack",
    "asfarray": "asarray",
    "mat": "asmatrix",
    "bool8": "bool_",
    "int0": "intp",
}


def install(uses: Uses, hooks: AfterImport) -> None:
    """Patch when they are imported."""
    hooks.patch("numpy", functools.partial(_numpy, uses=uses))
    hooks.patch("scipy.integrate", functools.partial(_integrate, uses=uses))
    hooks.patch("collections", functools.partial(_collections, uses=uses))
    hooks.patch("time", functools.partial(_time, uses=uses))
    hooks.patch("inspect", functools.partial(_inspect, uses=uses))
    hooks.patch("fractions", functools.partial(_fractions, uses=uses))


def _numpy(numpy: Any, uses: Uses) -> None:
    names: dict[str, Callable[[], Any]] = {
        name: functools.partial(_same, value) for name, value in PLAIN.items()
    }
    names["unicode"] = functools.partial(_same, str)
    names["bool"] = functools.partial(_same, bool)
    for old, new in RENAMED.items():
        names[old] = functools.partial(getattr, numpy, new)
    names["asfarray"] = lambda: lambda a, dtype=float: numpy.asarray(a, dtype=dtype)
    names["NINF"] = lambda: -numpy.inf
    names["msort"] = lambda: lambda a: numpy.sort(a, axis=0)
    instead = {**PLAIN_INSTEAD, **{old: f"numpy.{new}" for old, new in RENAMED.items()}}
    instead |= {"NINF": "-numpy.inf", "msort": "numpy.sort(a, axis=0)", "bool": "bool"}
    give_back(numpy, uses, names, instead)


def _same(value: Any) -> Any:
    return value


def _integrate(integrate: Any, uses: Uses) -> None:
    names = {"trapz": "trapezoid", "simps": "simpson", "cumtrapz": "cumulative_trapezoid"}
    makers = {old: functools.partial(getattr, integrate, new) for old, new in names.items()}
    give_back(
        integrate, uses, makers, {old: f"scipy.integrate.{new}" for old, new in names.items()}
    )


def _collections(collections: Any, uses: Uses) -> None:
    from collections import abc

    makers = {name: functools.partial(getattr, abc, name) for name in abc.__all__}
    give_back(collections, uses, makers, {name: f"collections.abc.{name}" for name in abc.__all__})


def _time(time: Any, uses: Uses) -> None:
    clock = time.perf_counter
    give_back(time, uses, {"clock": lambda: clock}, {"clock": "time.perf_counter"})


def _inspect(inspect: Any, uses: Uses) -> None:
    def argspec() -> Any:
        return lambda function: inspect.getfullargspec(function)[:4]

    give_back(inspect, uses, {"getargspec": argspec}, {"getargspec": "inspect.getfullargspec"})


def _fractions(fractions: Any, uses: Uses) -> None:
    import math

    give_back(fractions, uses, {"gcd": lambda: math.gcd}, {"gcd": "math.gcd"})
