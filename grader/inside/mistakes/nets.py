"""The nets that the code defines: their layers, what forward ends with, which names hold them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .program import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Function, Program

__all__ = ["Net", "ending", "layers_in", "nets", "nets_held_by", "outermost"]

DEPTH = 7
SAME_VALUES = frozenset(
    """
    view reshape squeeze unsqueeze flatten contiguous float double to clone permute transpose
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
"""Methods after which the numbers are the same."""
SAME_NET = frozenset({"to", "cuda", "cpu", "float", "double", "half", "train", "eval", "compile"})


@dataclass(eq=False)
class Net:
    """A class of the student's, or an `nn.Sequential` of its own.

    Attributes:
        name: The class, or what the Sequential is assigned to.
        node: Where it is defined.
        layers: Attribute → the expression that makes it.
        forward: Its method; None for a Sequential.
    """

    name: str
    node: ast.AST
    layers: dict[str, ast.expr] = field(default_factory=dict)
    forward: Function | None = None
    sequential: ast.Call | None = None


def is_layer_call(program: Program, node: ast.AST) -> bool:
    """Whether an expression makes a layer of torch."""
    if not isinstance(node, ast.Call):
        return False
    name = program.called(node)
    last = name.rpartition(".")[2]
    return bool(last[:1].isupper()) and (name.startswith(("torch.nn.", "nn.")) or "." not in name)


def nets(program: Program) -> list[Net]:
    """Every class with a forward, every Sequential that is no part of one."""
    found: list[Net] = []
    for classes in program.classes.values():
        for node in classes:
            methods = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}
            bases = [program.name(base) for base in node.bases]
            if "forward" in methods and any("Module" in base for base in bases):
                found.append(Net(node.name, node, _attributes(program, node), methods["forward"]))
    for call in program.calls:
        if program.last_name(call) == "Sequential" and program.class_of(call) is None:
            outer = program.parent(call)
            if isinstance(outer, ast.Call) and program.last_name(outer) == "Sequential":
                continue
            statement = program.statement(call)
            name = ""
            if isinstance(statement, ast.Assign):
                name = name_of(statement.targets[0])
            scope = program.scope(call)
            found.append(Net(name or (scope.name if scope else "Sequential"), call, {}, None, call))
    return found


def _attributes(program: Program, node: ast.ClassDef) -> dict[str, ast.expr]:
    found: dict[str, ast.expr] = {}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assign) and len(inner.targets) == 1:
            name = name_of(inner.targets[0])
            if name.startswith("self.") and program.class_of(inner) is node:
                found[name.removeprefix("self.")] = inner.value
    return found


def layers_in(program: Program, net: Net) -> Iterator[ast.Call]:
    """Every layer that its definition makes."""
    for node in ast.walk(net.node):
        if isinstance(node, ast.Call) and is_layer_call(program, node):
            yield node


def ending(program: Program, net: Net) -> list[tuple[str, ast.AST]]:
    """What each `return` of forward, or the Sequential, applies last, and where."""
    if net.sequential is not None:
        found = _last_of_sequential(program, net.sequential)
        return [found] if found else []
    if net.forward is None:
        return []
    ends = []
    for node in ast.walk(net.forward):
        if isinstance(node, ast.Return) and node.value is not None:
            if program.scope(node) is not net.forward:
                continue
            value = node.value.elts[0] if isinstance(node.value, ast.Tuple) else node.value
            last = outermost(program, value, net)
            if last is not None:
                ends.append(last)
    return ends


def outermost(  # noqa: PLR0911 - one case a form of code
    program: Program, node: ast.expr, net: Net | None, depth: int = DEPTH
) -> tuple[str, ast.AST] | None:
    """The function or layer that gives an expression its numbers."""
    if depth == 0:
        return None
    if isinstance(node, ast.Name):
        before = [v for v in program.assigned(node.id, node) if _is_before(program, v.node, node)]
        return outermost(program, before[-1].expression, net, depth - 1) if before else None
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute) and node.func.attr in SAME_VALUES:
        return outermost(program, node.func.value, net, depth - 1)
    name = program.called(node)
    if name in {"torch.flatten", "torch.squeeze", "torch.reshape"} and node.args:
        return outermost(program, node.args[0], net, depth - 1)
    attribute = name_of(node.func).removeprefix("self.")
    if net is not None and attribute in net.layers:
        return _last_of_layer(program, net.layers[attribute], node)
    if isinstance(node.func, ast.Call):  # nn.Softmax(dim=1)(x)
        return _last_of_layer(program, node.func, node)
    last = name.rpartition(".")[2]
    return (last, node) if last else None


def _is_before(program: Program, first: ast.AST, second: ast.AST) -> bool:
    return program.order(first) < program.order(program.statement(second))


def _last_of_layer(program: Program, layer: ast.expr, use: ast.AST) -> tuple[str, ast.AST] | None:
    if not isinstance(layer, ast.Call):
        return None
    if program.last_name(layer) == "Sequential":
        return _last_of_sequential(program, layer)
    return program.last_name(layer), use


def _last_of_sequential(program: Program, call: ast.Call) -> tuple[str, ast.AST] | None:
    if not call.args:
        return None
    last = call.args[-1]
    if isinstance(last, ast.Starred):
        return _last_of_list(program, last.value)
    if isinstance(last, ast.Call):
        name = program.last_name(last)
        if name == "Sequential":
            return _last_of_sequential(program, last)
        if name in {"Flatten", "Unflatten", "Identity"} and len(call.args) > 1:
            before = call.args[-2]
            if isinstance(before, ast.Call):
                return program.last_name(before), before
        return name, last
    return None


def _last_of_list(program: Program, node: ast.expr) -> tuple[str, ast.AST] | None:
    """`layers = […]`, `layers.append(…)`, `layers += […]`; then `Sequential(*layers)`."""
    name = name_of(node)
    last: ast.expr | None = node.elts[-1] if isinstance(node, ast.List) and node.elts else None
    if name:
        for value in program.assigned(name, node):
            if isinstance(value.expression, ast.List) and value.expression.elts:
                last = value.expression.elts[-1]
        scope = program.scope(node)
        for call in program.calls:
            if (
                isinstance(call.func, ast.Attribute)
                and call.func.attr == "append"
                and name_of(call.func.value) == name
                and program.scope(call) is scope
                and call.args
                and (last is None or program.order(call) > program.order(last))
            ):
                last = call.args[0]
        for added in program.all(ast.AugAssign):
            if (
                name_of(added.target) == name
                and program.scope(added) is scope
                and isinstance(added.value, ast.List)
                and added.value.elts
                and (last is None or program.order(added) > program.order(last))
            ):
                last = added.value.elts[-1]
    if isinstance(last, ast.Call) and is_layer_call(program, last):
        return program.last_name(last), last
    return None


def nets_held_by(  # noqa: C901, PLR0911, PLR0912 - one case a form of code
    program: Program, node: ast.expr, known: list[Net], depth: int = DEPTH
) -> set[Net] | None:
    """The nets that an expression may stand for; None when it may be one we cannot see."""
    if depth == 0:
        return None
    if isinstance(node, ast.Name | ast.Attribute):
        values = program.values(node)
        if not values:
            return None
        found: set[Net] = set()
        for value in values:
            inner = (
                _held_in_loop(program, value.expression, known, depth)
                if value.loop
                else (nets_held_by(program, value.expression, known, depth - 1))
            )
            if inner is None:
                continue
            found |= inner
        return found or None
    if isinstance(node, ast.IfExp):
        both = [nets_held_by(program, n, known, depth - 1) for n in (node.body, node.orelse)]
        return set().union(*(b for b in both if b)) or None
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute) and node.func.attr in SAME_NET:
        return nets_held_by(program, node.func.value, known, depth - 1)
    own = {net for net in known if net.node is node}
    if own:
        return own
    name = program.last_name(node)
    named = {net for net in known if net.name == name and isinstance(net.node, ast.ClassDef)}
    if named:
        return named
    if name in {"DataParallel", "compile", "deepcopy", "Module"} and node.args:
        return nets_held_by(program, node.args[0], known, depth - 1)
    returned: set[Net] = set()
    for function in program.functions.get(name, []):
        for inner_node in ast.walk(function):
            if isinstance(inner_node, ast.Return) and inner_node.value is not None:
                returned |= nets_held_by(program, inner_node.value, known, depth - 1) or set()
    return returned or None


def _held_in_loop(
    program: Program, node: ast.expr, known: list[Net], depth: int
) -> set[Net] | None:
    """`for name, net in nets.items()`, `for net in (a, b)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in {"items", "values"}:
            return _held_in_loop(program, node.func.value, known, depth - 1)
        return None
    if depth <= 0:
        return None
    if isinstance(node, ast.Dict):
        elements: list[ast.expr] = list(node.values)
    elif isinstance(node, ast.List | ast.Tuple):
        elements = list(node.elts)
    elif isinstance(node, ast.Name):
        found: set[Net] = set()
        for value in program.assigned(node.id, node):
            found |= _held_in_loop(program, value.expression, known, depth - 1) or set()
        return found or None
    else:
        return None
    held: set[Net] = set()
    for element in elements:
        held |= nets_held_by(program, element, known, depth - 1) or set()
    return held or None
