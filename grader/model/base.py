"""The frozen, strict base of all records, and the value types they share."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema

__all__ = ["Digest", "Number", "Points", "Record", "exact", "number", "to_float"]


class Record(BaseModel):
    """A value: frozen, strict, nothing unknown, nothing infinite."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        populate_by_name=True,
        arbitrary_types_allowed=True,
    )


def exact(value: Any) -> Fraction:
    """Turn what a file may hold (`2`, `0.5`, `"1/3"`) into an exact fraction.

    Raises:
        ValueError: It is not a finite number.
    """
    if isinstance(value, bool):
        msg = "a number is expected, not true or false"
        raise ValueError(msg)
    if isinstance(value, Fraction):
        return value
    try:
        if isinstance(value, float):
            return Fraction(Decimal(repr(value)))
        if isinstance(value, int | str | Decimal):
            return Fraction(value)
    except (ValueError, InvalidOperation, OverflowError, ZeroDivisionError):
        pass
    msg = f"a finite number is expected, not {value!r}"
    raise ValueError(msg)


def _plain(value: Fraction) -> str:
    return str(value)


Points = Annotated[
    Fraction,
    PlainValidator(exact),
    PlainSerializer(_plain, return_type=str, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]}),
]
"""Exact points or an exact share of them. JSON holds `"1/3"`; files may also say `0.5`."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal."""

Number = float | Literal["nan", "inf", "-inf"]
"""A measured number. A diverged one says so instead of becoming `null`."""


def number(value: float) -> Number:
    """Name a non-finite number, round a finite one to nine significant digits."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return float(f"{value:.9g}")


def to_float(value: Number) -> float:
    """Turn a measured number back into a float, non-finite ones included."""
    return float(value)
