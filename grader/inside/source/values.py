"""What an expression of the student's may stand for, as far as the text alone can tell. No torch.

Constants are computed, so that `'Cross' + 'EntropyLoss'` is a name like any other.
"""

from __future__ import annotations

import ast
import base64
import codecs
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Dotted",
    "Getter",
    "Items",
    "Known",
    "Made",
    "Names",
    "Own",
    "Value",
    "arithmetic",
    "computed",
    "short",
]

LONGEST = 4000
"""Characters that constants may have to be computed with: a name is shorter."""
LARGEST = 1e300
POWER = 64
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
METHODS = frozenset(
    """
    join format replace lower upper strip lstrip rstrip split removeprefix removesuffix title
    swapcase capitalize decode encode hex translate casefold rsplit
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
FUNCTIONS: dict[str, Any] = {
    "builtins.str": str,
    "builtins.chr": chr,
    "builtins.bytes": bytes,
    "builtins.tuple": tuple,
    "builtins.list": tuple,
    "builtins.reversed": lambda text: tuple(reversed(text)),
    "bytes.fromhex": bytes.fromhex,
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.str.join": str.join,
    "base64.b64decode": base64.b64decode,
    "codecs.decode": lambda text, coding="utf-8": codecs.decode(text, coding),
}
"""Of constants, these are computed here as they would be there."""


@dataclass(frozen=True)
class Dotted:
    """A thing of a library, such as `torch.nn.Linear`.

    Attributes:
        name: In full.
        sure: False where the name also stands for something else when the code runs.
        made: Whether it is what calling the name gave.
    """

    name: str
    sure: bool = True
    made: bool = False


@dataclass(frozen=True)
class Known:
    """A constant: text, bytes, a number or a tuple of them."""

    value: Any

    @property
    def is_number(self) -> bool:
        """Whether it is a plain number."""
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)


@dataclass(frozen=True)
class Own:
    """A function or class of the student's."""

    node: ast.AST


@dataclass(frozen=True)
class Made:
    """An object of a class of the student's."""

    node: ast.ClassDef


@dataclass(frozen=True)
class Items:
    """A list, tuple or dictionary as it is written: key → expression."""

    pairs: tuple[tuple[Any, ast.expr], ...]


@dataclass(frozen=True)
class Names:
    """`vars(torch)`, and with None `globals()`: what is looked up in it by name."""

    of: Dotted | None


@dataclass(frozen=True)
class Getter:
    """`operator.attrgetter("nn.Linear")`."""

    path: str


Value = Dotted | Known | Own | Made | Items | Names | Getter


def computed(  # noqa: PLR0911 - each refusal beside its reason
    function: str, receiver: Any, arguments: Sequence[Any]
) -> Known | None:
    """What a call of constants gives, when it is one of those that make text.

    Args:
        function: A full name, or `.method` of the receiver.
        receiver: A constant, for a method.
        arguments: Constants.
    """
    try:
        if not all(map(short, (receiver, *arguments))):
            return None
        if function.startswith("."):
            if function[1:] not in METHODS or not isinstance(receiver, str | bytes):
                return None
            if function == ".format" and "{" in str(receiver).replace("{}", ""):
                return None  # a width may be enormous
            made = getattr(receiver, function[1:])(*arguments)
        elif function in FUNCTIONS:
            if any(isinstance(argument, int) for argument in arguments) and function != (
                "builtins.chr"
            ):
                return None
            made = FUNCTIONS[function](*arguments)
        else:
            return None
        made = tuple(made) if isinstance(made, list) else made
        hash(made)
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
        return None
    return Known(made) if short(made) else None


def arithmetic(sign: ast.operator, a: float, b: float) -> float | None:
    """What two numbers give; None where that is none, or too large to be a setting."""
    if isinstance(sign, ast.Pow) and (abs(b) > POWER or abs(a) > LARGEST ** (1 / POWER)):
        return None
    try:
        made = OPERATORS[type(sign)](a, b)
    except (KeyError, ArithmeticError, TypeError, ValueError):
        return None
    return made if isinstance(made, int | float) and abs(made) <= LARGEST else None


def short(value: Any) -> bool:
    """Whether a constant is no longer than anything that is a name."""
    if isinstance(value, tuple):
        return len(value) <= LONGEST and sum(map(_size, value)) <= LONGEST
    return _size(value) <= LONGEST


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes | tuple) else 1
