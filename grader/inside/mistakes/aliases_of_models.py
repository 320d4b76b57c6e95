"""`best_model = model` in a training loop: another name for the same net, not a copy of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .detector import Detector
from .program import name_of, text_of
from .roles import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

__all__ = ["ALIAS"]

KEPT = {"best", "final", "checkpoint", "ckpt", "saved", "keep", "kept", "optimal"}
NET_METHODS = frozenset({"parameters", "train", "eval", "state_dict", "load_state_dict", "forward"})


def find(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Assignments of the net itself, or of its live `state_dict()`, to a `best…` name."""
    for node, target, value in _assigned(program):
        name = name_of(target)
        if not set(words(name)) & KEPT:
            continue
        source = _shared(program, value)
        if source is None or not _keeps_the_best(program, node):
            continue
        loops = program.loops(node)
        if not loops or _is_made_in(program, source, loops) or not _goes_on(program, source, loops):
            continue
        if not _is_used_later(program, name, node):
            continue
        what = (
            "the same net"
            if isinstance(value, ast.Name | ast.Attribute)
            else ("the same tensors, which the optimizer goes on changing")
        )
        yield node, f"`{text_of(node)}` in a training loop keeps no copy: both names are {what}"


def _assigned(program: Program) -> Iterator[tuple[ast.Assign, ast.expr, ast.expr]]:
    """Each name and its value, also of `best, best_model = acc, model`."""
    for node in program.all(ast.Assign):
        target, value = node.targets[0], node.value
        if len(node.targets) != 1:
            continue
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            yield from ((node, t, v) for t, v in zip(target.elts, value.elts, strict=False))
        else:
            yield node, target, value


def _shared(program: Program, value: ast.expr) -> str | None:
    """The net's name, when the right side is the net or its live state."""
    name = name_of(value)
    if name:
        return name if _is_net(program, name, value) else None
    if isinstance(value, ast.Call):
        called = program.called(value)
        if called in {"copy.copy", "dict", "OrderedDict", "collections.OrderedDict"}:
            return _shared(program, value.args[0]) if len(value.args) == 1 else None
        function = value.func
        if isinstance(function, ast.Attribute) and function.attr == "copy" and not value.args:
            inner = function.value  # the dictionary is copied, its tensors are not
            return _shared(program, inner) if isinstance(inner, ast.Call) else None
    if isinstance(value, ast.DictComp) and isinstance(value.value, ast.Name):
        walked = value.generators[0].iter  # {k: v for k, v in net.state_dict().items()}
        if isinstance(walked, ast.Call) and program.last_name(walked) == "items":
            inner = walked.func.value if isinstance(walked.func, ast.Attribute) else walked
            return _shared(program, inner) if isinstance(inner, ast.Call) else None
    if (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr == "state_dict"
        and not value.args
    ):
        return name_of(value.func.value) or None
    return None


def _is_net(program: Program, name: str, at: ast.AST) -> bool:
    """Whether a name has the methods of a net somewhere in this file."""
    file = program.file(at)
    return any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr in NET_METHODS
        and name_of(call.func.value) == name
        and program.file(call) == file
        for call in program.calls
    )


def _keeps_the_best(program: Program, node: ast.AST) -> bool:
    for outer in program.above(node):
        if isinstance(outer, ast.If):
            return any(isinstance(n, ast.Compare) for n in ast.walk(outer.test))
        if isinstance(outer, ast.For | ast.While):
            return False
    return False


def _is_made_in(program: Program, source: str, loops: list[ast.For | ast.While]) -> bool:
    """Whether each round of a loop makes a new net: then the old one stays as it is."""
    for loop in loops:
        for inner in ast.walk(loop):
            if isinstance(inner, ast.Assign | ast.For):
                targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
                names = {
                    name_of(n) for t in targets for n in ast.walk(t) if isinstance(n, ast.expr)
                }
                if source in names:
                    return True
    del program
    return False


def _goes_on(program: Program, source: str, loops: list[ast.For | ast.While]) -> bool:
    """Whether the loop trains the net: it steps, or hands the net to something that may."""
    for inner in ast.walk(loops[-1]):
        if not isinstance(inner, ast.Call):
            continue
        name = program.last_name(inner)
        if name in {"step", "backward", "fit"}:
            return True
        if {"train", "fit"} & set(words(name)) and any(name_of(a) == source for a in inner.args):
            return True
    return False


def _is_used_later(program: Program, name: str, node: ast.AST) -> bool:
    """Whether the name is read outside of the `if` that sets it."""
    keeper = next((n for n in program.above(node) if isinstance(n, ast.If)), node)
    inside = set(ast.walk(keeper))
    return any(
        other not in inside and name_of(other) == name and program.file(other) == program.file(node)
        for kind in (ast.Name, ast.Attribute)
        for other in program.all(kind)
        if isinstance(other.ctx, ast.Load)
    )


ALIAS = Detector(
    "best_model_alias",
    "When training goes on, the kept net changes with it: what is evaluated or saved afterwards is"
    " the last net, not the best one.",
    "Keep a copy: `best_state = copy.deepcopy(model.state_dict())`, and load it after training; or"
    " save it to a file at that moment.",
    find,
)
