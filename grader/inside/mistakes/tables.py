"""A table or history in which the accuracy is the loss."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from .detector import Detector
from .program import name_of, text_of
from .roles import WORDS, words
from .stored import FIELD, SPECIFIER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

__all__ = ["ACCURACY_IS_LOSS", "WHY_ACCURACY"]

WHY_ACCURACY = (
    "The number under accuracy is the loss: models are then compared, and perhaps chosen, by the"
    " wrong number."
)
ACCURACY = {"acc", "accs", "accuracy", "accuracies"}
LOSS = {"loss", "losses", "nll"}


def _what(name: str) -> str:
    said = set(words(name))
    if said & ACCURACY and not said & LOSS:
        return "accuracy"
    return "loss" if said & LOSS and not said & ACCURACY else ""


def _same_role(first: str, second: str) -> bool:
    """Not of two different splits: that would be another slip."""
    one, two = set(words(first)), set(words(second))
    roles = [{r for r, known in WORDS.items() if said & known} for said in (one, two)]
    return not roles[0] or not roles[1] or bool(roles[0] & roles[1])


def find(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """`{"val_acc": val_loss}`, `val_accs.append(val_loss)`, `f"val acc {val_loss}"`."""
    for node in program.all(ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if (
                isinstance(key, ast.Constant)
                and isinstance(key.value, str)
                and (_is_swapped(key.value, value))
            ):
                yield value, f"`'{key.value}': {text_of(value, 50)}`"
    for call in program.calls:
        yield from _appended(program, call)
    for node in program.all(ast.JoinedStr):
        yield from _formatted(node, node.values)
    for node, parts in _filled_in(program):
        yield from _formatted(node, parts)


def _source(node: ast.expr) -> str:
    """The variable that a number comes from: `round(val_loss, 3)`, `val_losses[-1]`, `.item()`."""
    while True:
        if isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Name):
            if node.func.id not in {"round", "float", "str"}:
                return ""
            node = node.args[0]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr != "item":
                return ""
            node = node.func.value
        elif isinstance(node, ast.BinOp):
            return ""
        else:
            return name_of(node)


def _is_swapped(said: str, value: ast.expr) -> bool:
    source = _source(value)
    return _what(said) == "accuracy" and _what(source) == "loss" and _same_role(said, source)


def _appended(program: Program, call: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    if program.last_name(call) == "append" and isinstance(call.func, ast.Attribute) and call.args:
        owner = call.func.value
        said = name_of(owner)
        if isinstance(owner, ast.Subscript) and isinstance(owner.slice, ast.Constant):
            said = str(owner.slice.value)
        if said and _is_swapped(said, call.args[0]):
            yield call, f"`{text_of(call)}`"


def _filled_in(program: Program) -> Iterator[tuple[ast.AST, list[ast.expr]]]:
    """Texts and values in turn: `"acc: %f" % acc`, `.format(acc)`, `print("acc:", acc)`."""
    for node in program.all(ast.BinOp):
        text = node.left.value if isinstance(node.left, ast.Constant) else None
        if isinstance(node.op, ast.Mod) and isinstance(text, str):
            given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            yield node, _between(SPECIFIER.split(text), given)
    for call in program.calls:
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if program.called(call) == "print":
            yield call, call.args
        elif (
            isinstance(owner, ast.Constant)
            and isinstance(owner.value, str)
            and program.last_name(call) == "format"
            and not call.keywords
            and not re.search(r"\{\w|\{\{", owner.value)  # numbered, named, or a brace
        ):
            yield call, _between(FIELD.split(owner.value), call.args)


def _between(texts: list[str], given: list[ast.expr]) -> list[ast.expr]:
    """Texts and values in turn; nothing when they do not go together."""
    if len(texts) != len(given) + 1:
        return []
    found: list[ast.expr] = []
    for text, value in zip(texts, given, strict=False):
        found += [ast.Constant(text), value]
    return found


def _formatted(node: ast.AST, parts: list[ast.expr]) -> Iterator[tuple[ast.AST, str]]:
    """Text right before a number says accuracy, the number is a loss."""
    before = ""
    for part in parts:
        if isinstance(part, ast.Constant):
            before = str(part.value)
        else:
            value = part.value if isinstance(part, ast.FormattedValue) else part
            tail = before.replace("|", ",").replace(";", ",").rsplit(",", 1)[-1]
            said = tail.rstrip().endswith((":", "=")) and not set(words(before)) & LOSS
            if said and _is_swapped(tail, value):
                yield node, f"`{text_of(value)}` is printed as `{tail.strip()[:40]}`"
            before = ""


ACCURACY_IS_LOSS = Detector(
    "accuracy_is_loss",
    WHY_ACCURACY,
    "Record the accuracy under that name; an accuracy lies between 0 and 1 and rises while the loss"
    " falls.",
    find,
)
