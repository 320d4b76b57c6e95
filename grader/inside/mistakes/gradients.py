"""Hand-written gradients of another loss than the one that is reported."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from .detector import Detector
from .program import name_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Function, Program

__all__ = ["GRADIENT_OF_ANOTHER_LOSS"]

BACKWARD = re.compile(r"back", re.IGNORECASE)
DERIVATIVE = re.compile(
    r"^(?:d_?|grad_?|deriv\w*_)?(softmax|sigmoid)(?:_?(?:d|prime|derivative|grad|deriv|backward))?$",
    re.IGNORECASE,
)
PREDICTION = re.compile(r"hat|pred|out|prob|^a\d?$|^o$|^p$|softmax", re.IGNORECASE)


def find(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """`(y_hat - y) * d_softmax(y_hat)` where the loss is cross-entropy."""
    loss = _cross_entropy(program)
    if loss is None:
        return
    for functions in program.functions.values():
        for function in functions:
            if not BACKWARD.search(function.name) or _mentions_mse(program):
                continue
            for node in ast.walk(function):
                what = _derivative_of_error(program, node, function)
                if what:
                    line = getattr(loss, "lineno", 0)
                    is_of = f"`{text_of(node)}` is the gradient of the squared error"
                    yield node, f"{is_of}; the loss in line {line} is `{text_of(loss, 60)}`"
                    break


def _cross_entropy(program: Program) -> ast.AST | None:
    """`-(y * log(p)).sum()` or the like, written by hand."""
    for call in program.calls:
        if program.last_name(call) not in {"log", "log2"} or not call.args:
            continue
        for outer in program.above(call):
            if isinstance(outer, ast.stmt):
                break
            if isinstance(outer, ast.UnaryOp) and isinstance(outer.op, ast.USub):
                return outer
    return None


def _mentions_mse(program: Program) -> bool:
    """A squared error is computed somewhere: then its gradient has its place."""
    for node in program.all(ast.BinOp):
        if (
            isinstance(node.op, ast.Pow)
            and isinstance(node.left, ast.BinOp)
            and isinstance(node.left.op, ast.Sub)
        ):
            return True
    return any(
        program.last_name(c).lower() in {"mse_loss", "mseloss", "mse", "square"}
        for c in program.calls
    )


def _derivative_of_error(program: Program, node: ast.AST, function: Function) -> bool:
    """A product of prediction minus label with the derivative of the last activation."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
        return False
    for error, other in ((node.left, node.right), (node.right, node.left)):
        if not _is_error(program, error):
            continue
        if isinstance(other, ast.Call) and program.last_name(other) in program.functions:
            found = DERIVATIVE.match(program.last_name(other))
            if found and _is_of_output(other, error, program, function):
                return True
        if _is_own_product(other, error, program):
            return True
    return False


def _is_error(program: Program, node: ast.expr) -> bool:
    """`y_hat - y`, itself or through a name."""
    return _error(program, node) is not None


def _error(program: Program, node: ast.expr) -> ast.BinOp | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        names = [name_of(side) for side in (node.left, node.right)]
        if all(names) and any(PREDICTION.search(n.removeprefix("self.")) for n in names):
            return node
        return None
    name = name_of(node)
    if name:
        values = program.assigned(name, node)
        if len(values) == 1:
            found = values[0].expression
            if isinstance(found, ast.BinOp) and isinstance(found.op, ast.Div):
                found = found.left
            return _error(program, found) if isinstance(found, ast.BinOp) else None
    return None


def _names_in_error(program: Program, error: ast.expr) -> set[str]:
    found = _error(program, error)
    return {name_of(found.left), name_of(found.right)} if found is not None else set()


def _is_of_output(other: ast.Call, error: ast.expr, program: Program, function: Function) -> bool:
    """The derivative is taken at the prediction, or at what it was made of (`z2`)."""
    del function
    given = {name_of(a) for a in other.args} - {""}
    if given & _names_in_error(program, error):
        return True
    return "softmax" in program.last_name(other).lower()


def _is_own_product(other: ast.expr, error: ast.expr, program: Program) -> bool:
    """`y_hat * (1 - y_hat)`."""
    names = _names_in_error(program, error)
    return (
        isinstance(other, ast.BinOp)
        and isinstance(other.op, ast.Mult)
        and name_of(other.left) in names
        and isinstance(other.right, ast.BinOp)
        and isinstance(other.right.op, ast.Sub)
        and name_of(other.right.right) == name_of(other.left)
    )


GRADIENT_OF_ANOTHER_LOSS = Detector(
    "gradient_does_not_match_loss",
    "Each step then lowers another function than the one that is plotted: training is slower, and"
    " hardly moves where the net is confidently wrong.",
    "For softmax with cross-entropy the gradient at the softmax's input is `y_hat - y`, without the"
    " derivative of the activation.",
    find,
)
