"""Dropout as the last thing a net does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .detector import Detector
from .nets import ending, layers_in, nets, outermost
from .program import name_of
from .roles import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .nets import Net
    from .program import Program

__all__ = ["DROPOUT_ON_LOGITS"]

SOFT = frozenset({"LogSoftmax", "log_softmax", "Softmax", "softmax"})
DROPOUTS = frozenset({"Dropout", "dropout", "AlphaDropout", "alpha_dropout"})
HIDDEN = {
    "encoder",
    "features",
    "backbone",
    "body",
    "block",
    "embed",
    "embedding",
    "hidden",
    "conv",
}
"""Words of nets that are parts of others: there dropout comes before the last layer."""


def find(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Nets that have a Linear layer and end in dropout."""
    for net in nets(program):
        if set(words(net.name)) & HIDDEN or not _is_whole(program, net.name):
            continue
        linear = [c for c in layers_in(program, net) if program.last_name(c) == "Linear"]
        for end in ending(program, net):
            last, where = _before(program, net, end[1]) if end[0] in SOFT else end
            if last in DROPOUTS and linear and _follows_linear(program, net, where):
                yield where, f"{net.name} applies dropout to its output, the scores of the classes"


def _before(program: Program, net: Net, where: ast.AST) -> tuple[str, ast.AST]:
    """What comes before a softmax at the end."""
    outer = program.parent(where)
    if isinstance(outer, ast.Call) and program.last_name(outer) == "Sequential":
        position = outer.args.index(where) if where in outer.args else 0
        inner = outer.args[position - 1] if position else None
        return (program.last_name(inner), inner) if isinstance(inner, ast.Call) else ("", where)
    argument = where.args[0] if isinstance(where, ast.Call) and where.args else None
    if isinstance(argument, ast.Call | ast.Name):
        return outermost(program, argument, net) or ("", where)
    return "", where


def _is_whole(program: Program, name: str) -> bool:
    """Whether no other class of the submission builds on it."""
    for call in program.calls:
        outer = program.class_of(call)
        if outer is not None and outer.name != name and program.last_name(call) == name:
            return False
        if program.last_name(call) == "Sequential" and any(name_of(a) == name for a in call.args):
            return False
    return True


def _follows_linear(program: Program, net: Net, where: ast.AST) -> bool:
    """Whether what is dropped are scores, not features: the layer before it is Linear."""
    if net.sequential is not None or (
        isinstance(where, ast.Call) and program.last_name(where) == "Dropout"
    ):
        outer = program.parent(where)
        if isinstance(outer, ast.Call) and where in outer.args:
            position = outer.args.index(where)
            before = outer.args[position - 1] if position else None
            return isinstance(before, ast.Call) and program.last_name(before) == "Linear"
        if isinstance(where, ast.Call) and not where.args:
            return False
    if not isinstance(where, ast.Call) or not where.args:
        return False
    last = outermost(program, where.args[0], net)
    attribute = name_of(where.func).removeprefix("self.")
    layer = net.layers.get(attribute)
    if isinstance(layer, ast.Call) and program.last_name(layer) == "Sequential":
        inner = layer.args[-2] if len(layer.args) > 1 else None
        return isinstance(inner, ast.Call) and program.last_name(inner) == "Linear"
    return last is not None and last[0] == "Linear"


DROPOUT_ON_LOGITS = Detector(
    "dropout_on_logits",
    "Dropout on the scores sets some classes' scores to zero at random, the right one's too: the"
    " loss is noise that no weights can lower.",
    "Put dropout between hidden layers, before the last Linear layer, not after it.",
    find,
)
