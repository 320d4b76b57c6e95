"""Softmax or sigmoid before cross-entropy, which applies log-softmax itself."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .detector import Detector
from .nets import ending, nets, nets_held_by, outermost
from .program import name_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .nets import Net
    from .program import Program

__all__ = ["SIGMOID", "SOFTMAX", "cross_entropies"]

SOFTMAXES = frozenset({"softmax", "Softmax", "Softmax2d"})
SIGMOIDS = frozenset({"sigmoid", "Sigmoid"})


def cross_entropies(program: Program) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Every call of a cross-entropy loss, and its first argument."""
    for call in program.calls:
        if call.args and _is_cross_entropy(program, call.func):
            yield call, call.args[0]


def _is_cross_entropy(program: Program, function: ast.expr) -> bool:
    name = program.name(function)
    if name in {
        "torch.nn.functional.cross_entropy",
        "F.cross_entropy",
        "nn.functional.cross_entropy",
    }:
        return True
    if isinstance(function, ast.Call):
        return program.last_name(function) == "CrossEntropyLoss"
    if not name_of(function):
        return False
    values = [v for v in program.values(function) if not v.loop]
    made = [v.expression for v in values if isinstance(v.expression, ast.Call)]
    if len(made) != len(values):
        return any(program.name(v.expression).endswith("functional.cross_entropy") for v in values)
    return bool(made) and all(program.last_name(m) == "CrossEntropyLoss" for m in made)


def _find(program: Program, wanted: frozenset[str], word: str) -> Iterator[tuple[ast.AST, str]]:
    known = nets(program)
    told: set[ast.AST] = set()
    for call, argument in cross_entropies(program):
        for net, last, where in _sources(program, argument, known):
            if last not in wanted or where in told:
                continue
            told.add(where)
            if net is None:
                yield where, f"`{text_of(where)}` goes into `{text_of(call)}`"
            else:
                line = getattr(call, "lineno", 0)
                loss = f"(line {line}, `{text_of(call, 60)}`)"
                seen = f"{net.name} ends in {word}, and cross-entropy is computed on its output"
                yield where, f"{seen} {loss}"


def _sources(
    program: Program, argument: ast.expr, known: list[Net]
) -> Iterator[tuple[Net | None, str, ast.AST]]:
    """What the loss is given: through a variable, the call of a net, or a function."""
    mine = next((net for net in known if net.node is program.class_of(argument)), None)
    last = (outermost(program, argument, mine) if mine else None) or (
        outermost(program, argument, None)
    )
    if last is None:
        return
    name, node = last
    if name in SOFTMAXES | SIGMOIDS:
        yield None, name, node
        return
    if not isinstance(node, ast.Call):
        return
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr == "forward":
        function = function.value
    for net in nets_held_by(program, function, known) or ():
        ends = ending(program, net)
        if ends and all(end[0] in SOFTMAXES | SIGMOIDS for end in ends):
            yield net, *ends[0]


def find_softmax(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Softmax before cross-entropy."""
    yield from _find(program, SOFTMAXES, "softmax")


def find_sigmoid(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Sigmoid before cross-entropy."""
    yield from _find(program, SIGMOIDS, "a sigmoid")


SOFTMAX = Detector(
    "softmax_before_cross_entropy",
    "Cross-entropy applies log-softmax itself. Applied twice, softmax squeezes the scores into"
    " 0 to 1: the loss cannot come near 0, gradients are small, and training is slow.",
    "Return the raw scores (logits) for training; take softmax only where probabilities are shown.",
    find_softmax,
)
SIGMOID = Detector(
    "sigmoid_before_cross_entropy",
    "Cross-entropy expects unbounded scores. Squeezed into 0 to 1 by a sigmoid, no class can get"
    " more than e times the weight of another: the loss stays high and the net learns slowly.",
    "Return the raw scores (logits); for one class among many, leave the sigmoid out.",
    find_sigmoid,
)
