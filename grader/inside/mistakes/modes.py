"""Evaluation without `eval()`, and training steps without `zero_grad()`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .detector import Detector
from .nets import layers_in, nets
from .program import text_of
from .roles import role_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

__all__ = ["NO_EVAL_MODE", "NO_ZERO_GRAD", "WHY_EVAL"]

WHY_EVAL = (
    "In training mode dropout goes on removing units, and batch norm takes its numbers from the"
    " batch at hand and changes its running ones: evaluations come out wrong and differ each time."
)
SENSITIVE = ("Dropout", "BatchNorm")


def find_eval(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Evaluation loops in a submission that never calls `eval()`."""
    if any(_sets_mode(program, call) for call in program.calls):
        return
    layer = next(
        (
            program.last_name(call)
            for net in nets(program)
            for call in layers_in(program, net)
            if program.last_name(call).startswith(SENSITIVE)
        ),
        "",
    )
    if not layer or not any(program.last_name(c) == "backward" for c in program.calls):
        return
    for loop in program.all(ast.For):
        if role_of(program, _walked(program, loop)) in {"val", "test"} and _asks(program, loop):
            yield (
                loop,
                (
                    f"the net has {layer}, `for … in {text_of(loop.iter, 40)}` evaluates it, and"
                    " `eval()` is called nowhere"
                ),
            )
            return


def _sets_mode(program: Program, call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    if call.func.attr == "eval" and not call.args:
        return True
    if program.last_name(call) in {"Trainer", "LightningModule"}:
        return True
    return call.func.attr == "train" and bool(call.args or call.keywords)


def _walked(program: Program, loop: ast.For) -> ast.expr:
    """What a loop walks over, without `enumerate` and progress bars."""
    node = loop.iter
    while (
        isinstance(node, ast.Call)
        and program.last_name(node) in {"enumerate", "tqdm", "iter", "trange"}
        and node.args
    ):
        node = node.args[0]
    return node


def _asks(program: Program, loop: ast.For) -> bool:
    called = {program.last_name(n) for n in ast.walk(loop) if isinstance(n, ast.Call)}
    return not called & {"step", "backward"} and bool(
        called & {"model", "net", "forward", "classify", "argmax", "max", "criterion", "cnn"}
    )


def find_zero_grad(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Loops that go backward and step, where nothing clears gradients."""
    for call in program.calls:
        if program.last_name(call) != "backward" or not isinstance(call.func, ast.Attribute):
            continue
        loops = program.loops(call)
        if not loops:
            continue
        outer = loops[-1]
        scope = program.scope(call) or program.chunk(call).tree or outer
        names = {program.last_name(n) for n in ast.walk(outer) if isinstance(n, ast.Call)}
        if "step" not in names or _clears(program, scope) or not _is_optimizer(program, outer):
            continue
        yield call, f"`{text_of(call, 50)}` and `step()` in a loop, and no `zero_grad()`"


def _clears(program: Program, scope: ast.AST) -> bool:
    for node in ast.walk(scope):
        if isinstance(node, ast.Call) and program.last_name(node) in {
            "zero_grad", "zero_", "zero_gradients", "zero_grads", "grad", "clear_grad",
        }:  # fmt: skip
            return True
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr == "grad":
                    return True
    for node in ast.walk(scope):  # a function of the student's own may do it
        if isinstance(node, ast.Call):
            for function in program.functions.get(program.last_name(node), []):
                if function is not scope and any(
                    isinstance(n, ast.Call) and program.last_name(n) == "zero_grad"
                    for n in ast.walk(function)
                ):
                    return True
    return False


def _is_optimizer(program: Program, loop: ast.AST) -> bool:
    """Whether what steps is an optimizer of torch."""
    from .program import name_of

    for node in ast.walk(loop):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "step"
        ):
            values = program.values(node.func.value)
            made = [v.expression for v in values if isinstance(v.expression, ast.Call)]
            if any("optim" in program.called(m) for m in made):
                return True
            if not values and name_of(node.func.value).startswith("opt"):
                return True
    return False


NO_EVAL_MODE = Detector(
    "no_eval_mode",
    WHY_EVAL,
    "Call `model.eval()` before every evaluation, and `model.train()` before training goes on.",
    find_eval,
)
NO_ZERO_GRAD = Detector(
    "no_zero_grad",
    "Gradients add up from batch to batch: each step goes in the direction of all batches so far,"
    " not of the one at hand.",
    "Call `optimizer.zero_grad()` once for every step, before `backward()`.",
    find_zero_grad,
)
