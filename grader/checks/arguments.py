"""Inputs that the rubric's seed draws on the host, and the form in which they enter a box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, JsonValue, model_validator

from grader.model.base import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[Any]]

__all__ = ["Argument", "Drawn", "GivenNet", "call", "draw", "generator", "keyword", "specs"]

PLACES = 4
"""Decimals of drawn numbers: short in a job, and the same in every language."""


class Argument(Record):
    """One argument of a student's function, given or drawn anew for each call."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """What `expected.py` calls it; the student's code too, when passed by keyword."""
    draw: Literal["value", "normal", "uniform", "integers", "one_hot", "net", "student"] = "value"
    """`value` as given; `integers` below `high`; `net`: a linear net with log-softmax on top;
    `student`: what the student's code calls so, such as `sigmoid` or `sigmoid|Sigmoid`."""
    value: JsonValue = None
    """For `value`: a number, text, true, false, or a list, passed as Python has it."""
    shape: tuple[int, ...] = ()
    """Of the drawn tensor; for `one_hot` (N, classes), for `net` (inputs, classes)."""
    low: float = 0.0
    high: float = 1.0
    dtype: Literal["float32", "float64", "int64"] = "float64"
    by: Literal["position", "keyword"] = "position"

    @model_validator(mode="after")
    def _shape_fits(self) -> Argument:
        if self.draw in ("one_hot", "net") and len(self.shape) != 2:  # noqa: PLR2004 - a matrix
            msg = f"'{self.name}': draw = \"{self.draw}\" needs a shape of two numbers"
            raise ValueError(msg)
        if self.draw == "student" and not (isinstance(self.value, str) and self.value):
            msg = f'\'{self.name}\': draw = "student" needs value = "its name"'
            raise ValueError(msg)
        if self.draw == "integers" and int(self.low) >= int(self.high):
            msg = f"'{self.name}': low must be a whole number below high"
            raise ValueError(msg)
        if self.draw == "uniform" and not self.low < self.high:
            msg = f"'{self.name}': low must be below high"
            raise ValueError(msg)
        return self


@dataclass(frozen=True)
class GivenNet:
    """A linear net with log-softmax on top, as `expected.py` gets it.

    Attributes:
        weight: [K, D].
        bias: [K].
    """

    weight: Numbers
    bias: Numbers

    def log_probabilities(self, x: Numbers) -> Numbers:
        """Log-probabilities of the classes, [..., D] → [..., K]."""
        import numpy as np

        logits = x @ self.weight.T + self.bias
        shifted = logits - logits.max(axis=-1, keepdims=True)
        result: Numbers = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return result


@dataclass(frozen=True)
class Drawn:
    """One drawn argument: for the truth outside, and as a value spec for the box."""

    name: str
    by: str
    truth: Any
    spec: JsonValue


def generator(seed: int) -> np.random.Generator:
    """The one source of drawn inputs: the same seed gives the same numbers everywhere."""
    import numpy as np

    return np.random.Generator(np.random.PCG64(seed))


def draw(arguments: Iterable[Argument], source: np.random.Generator) -> tuple[Drawn, ...]:
    """Draw every argument, in order."""
    return tuple(
        Drawn(argument.name, argument.by, *_draw_one(argument, source)) for argument in arguments
    )


def keyword(drawn: Iterable[Drawn]) -> dict[str, Any]:
    """Arguments as `expected.py` gets them."""
    return {one.name: one.truth for one in drawn}


def specs(drawn: Iterable[Drawn]) -> dict[str, JsonValue]:
    """Arguments as a box gets them, all by name."""
    return {one.name: one.spec for one in drawn}


def call(drawn: Iterable[Drawn]) -> dict[str, JsonValue]:
    """One call as the probe `call_function` takes it."""
    all_drawn = tuple(drawn)
    return {
        "args": [one.spec for one in all_drawn if one.by == "position"],
        "kwargs": {one.name: one.spec for one in all_drawn if one.by == "keyword"},
    }


def _draw_one(argument: Argument, source: np.random.Generator) -> tuple[Any, JsonValue]:
    import numpy as np

    if argument.draw == "value":
        return argument.value, {"value": argument.value}
    if argument.draw == "student":
        return argument.value, {"student": argument.value}
    if argument.draw == "net":
        outputs, inputs = argument.shape[1], argument.shape[0]
        weight = np.round(source.standard_normal((outputs, inputs)) / np.sqrt(inputs), PLACES)
        bias = np.round(source.standard_normal(outputs), PLACES)
        spec: JsonValue = {
            "net": {"weight": weight.tolist(), "bias": bias.tolist()},
            "dtype": argument.dtype,
        }
        return GivenNet(_as(argument, weight), _as(argument, bias)), spec
    values: Numbers
    if argument.draw == "one_hot":
        rows, classes = argument.shape
        values = np.eye(classes)[source.integers(classes, size=rows)]
    elif argument.draw == "integers":
        values = source.integers(int(argument.low), int(argument.high), size=argument.shape)
    elif argument.draw == "uniform":
        values = np.round(source.uniform(argument.low, argument.high, argument.shape), PLACES)
    else:
        values = np.round(source.standard_normal(argument.shape), PLACES)
    return _as(argument, values), {"tensor": values.tolist(), "dtype": argument.dtype}


def _as(argument: Argument, values: Numbers) -> Numbers:
    """The numbers that the box will hold, in float64 or int64."""
    import numpy as np

    held = values.astype(argument.dtype)
    return held if argument.dtype == "int64" else held.astype(np.float64)
