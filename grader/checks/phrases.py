"""How numbers, names and lists read in messages to a student."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grader.model.evidence import Place
    from grader.model.measurements import Binding

__all__ = [
    "bound_by",
    "called",
    "cells",
    "count",
    "decimal",
    "either",
    "examples",
    "fixed",
    "listed",
    "quoted",
    "shape",
    "share",
    "shortened",
    "without_points",
]

DEFINITION = 60
"""Characters of a definition that a line has room for."""

EARNS = re.compile(r"(?:\s+(?:This|That)|;\s+this) earns (?:[^.]|\.(?=\d))*\.")
"""What a check says of points: to the end of its sentence; 0.5 ends none."""

HOW = {
    "explicit": "as you declared it",
    "name": "by name",
    "weights": "by its weight file",
    "structure": "by its shapes",
    "alive": "alive after the run",
    "unbound": "not found",
}


ORDINALS = ("first", "second", "third", "last", "final", "improved")
VOWELS = frozenset("aeiou")


def called(role: str) -> str:
    """A role's name in a sentence: `deep_cnn` is deep CNN, `first` first model, `d_tanh` stays."""
    if role in ORDINALS:
        return f"{role} model"
    words = role.split("_")
    if any(len(word) < 2 for word in words):  # noqa: PLR2004 - a letter alone is no word
        words = [role]
    return " ".join(word if VOWELS & set(word.lower()) else word.upper() for word in words)


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `3 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def decimal(value: float | Fraction, digits: int = 4) -> str:
    """A number for reading: at least `digits` significant ones, thousands grouped."""
    number = float(value)
    if not math.isfinite(number):
        return "not a number" if math.isnan(number) else "infinite"
    if number == round(number) and abs(number) < 1e15:  # noqa: PLR2004 - exact in a float
        return f"{int(number):,}"
    return f"{number:.{digits}g}"


def fixed(value: float | Fraction, places: int) -> str:
    """A number with as many decimals as its neighbours in a sentence."""
    return f"{float(value):.{places}f}"


def examples(number: int, dataset: str) -> str:
    """`447 test digits`, `10,000 test examples of svhn`."""
    name, _, split = dataset.partition("/")
    what = f"{split} {name}" if name.endswith("s") else f"{split} examples of {name}"
    return f"{number:,} {what.strip()}"


def listed(items: Iterable[str], most: int = 6, joint: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`, `a, b and 5 more`."""
    names = list(items)
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    if len(names) <= 1:
        return "".join(names)
    return f"{', '.join(names[:-1])} {joint} {names[-1]}"


def either(items: Iterable[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return listed(items, joint="or")


def quoted(items: Iterable[str]) -> list[str]:
    """Each in quotation marks."""
    return [f"'{item}'" for item in items]


def share(fraction: Fraction) -> str:
    """`full points`, `half of the points`, `30% of the points`."""
    if fraction >= 1:
        return "full points"
    if fraction <= 0:
        return "no points"
    words = {Fraction(1, 2): "half", Fraction(1, 3): "a third", Fraction(1, 4): "a quarter"}
    return f"{words.get(fraction, decimal(100 * fraction, 3) + '%')} of the points"


def shape(axes: Sequence[int]) -> str:
    """`[16, 10]`, or `a single number`."""
    return f"[{', '.join(str(axis) for axis in axes)}]" if axes else "a single number"


def shortened(text: str, most: int) -> str:
    """On one line; too long a call without its arguments: `net = nn.Sequential(…)`."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    call, paren, _ = line.partition("(")
    return f"{call}(…)" if paren and len(call) < most else f"{line[:most].rstrip()}…"


def cells(places: Iterable[Place]) -> str:
    """`hw.ipynb, cell 7; hw.ipynb, cell 18`: each cell once, without lines."""
    whole = dict.fromkeys(str(place.model_copy(update={"line": None})) for place in places)
    return "; ".join([*list(whole)[:3], *(["…"] if len(whole) > 3 else [])])  # noqa: PLR2004 - enough


def bound_by(binding: Binding) -> str:
    """`by name: classnet in hw.ipynb, cell 7; weights classifier_cnn.model`."""
    text = HOW[binding.how]
    if binding.definition:
        text += f": {shortened(binding.definition, DEFINITION)}"
    if binding.place is not None:
        text += f" in {binding.place}"
    if binding.weights:
        text += f"; weights {binding.weights}"
    return text


def without_points(message: str) -> str:
    """A check's message where nothing carries points."""
    return EARNS.sub(lambda found: "." if found[0].startswith(";") else "", message)
