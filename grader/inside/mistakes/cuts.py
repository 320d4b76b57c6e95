"""Validation arrays cut from training arrays that are then trained on as a whole."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .program import name_of, parameters, text_of
from .roles import NETS, role_of_name, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

__all__ = ["of_slices"]

DRAWN = frozenset({"randperm", "permutation", "randint", "choice", "integers"})
"""What draws numbers of rows."""
PARTS = frozenset({"Subset", "random_split", "SubsetRandomSampler", "SequentialSampler"})


def of_slices(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """`x_val = x_train[-5000:]` while `x_train` stays whole."""
    for node in program.all(ast.Assign):
        for target, value in _pairs(node):
            name = name_of(target)
            if role_of_name(name) != "val" or not isinstance(value, ast.Subscript):
                continue
            source = name_of(value.value)
            if role_of_name(source) != "train" or not _takes_some(value):
                continue
            if _is_cut(program, source, node):
                continue
            used = _trained_on(program, source, node)
            if used is not None:
                kept = f"`{text_of(node)}`, and `{source}` keeps these examples and is trained on"
                line = getattr(used, "lineno", 0)
                yield node, f"{kept} (line {line}, `{text_of(used, 60)}`)"
                break


def _pairs(node: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=False))
    return [(target, value)]


def _takes_some(value: ast.Subscript) -> bool:
    inner = value.slice
    return isinstance(inner, ast.Slice) and (inner.lower is not None or inner.upper is not None)


def _is_cut(program: Program, source: str, node: ast.AST) -> bool:
    """Whether the training data are assigned anew after the cut, or in the same statement."""
    return any(
        program.order(value.node) >= program.order(node) for value in program.assigned(source, node)
    )


def _trained_on(program: Program, source: str, node: ast.AST) -> ast.AST | None:
    """The call or loop that trains on all rows of the source; None when a part may be meant."""
    uses = [
        use
        for kind in (ast.Name, ast.Attribute)
        for use in program.all(kind)
        if name_of(use) == source
        and isinstance(use.ctx, ast.Load)
        and program.statement(use) is not node
        and program.order(use) > program.order(node)
        and _is_same(program, source, use, node)
    ]
    if any(_is_part(program, use, source) for use in uses):
        return None
    for use in uses:
        found = _training_call(program, use) or _batches_of_all(program, use, source)
        if found is not None:
            return found
    return None


def _is_same(program: Program, source: str, use: ast.AST, node: ast.AST) -> bool:
    """Whether the name means there what it means here."""
    if program.file(use) != program.file(node):
        return False
    known = program.assigned(source, node)
    if known:
        return program.assigned(source, use) == known
    return program.scope(use) is program.scope(node)


def _is_part(program: Program, use: ast.expr, source: str) -> bool:
    """`x[:50000]`; not a batch, whose bounds run over all rows, nor the validation data's."""
    outer = program.parent(use)
    if not isinstance(outer, ast.Subscript) or outer.value is not use:
        return False
    statement = program.statement(outer)
    if isinstance(statement, ast.Assign) and _is_label(statement):
        return False
    bounds = {n.id for n in ast.walk(outer.slice) if isinstance(n, ast.Name)}
    return not any(_runs_over(program, n, outer, source) for n in bounds)


def _is_label(statement: ast.Assign) -> bool:
    return all(role_of_name(name_of(target)) == "val" for target, _ in _pairs(statement))


def _runs_over(program: Program, name: str, at: ast.AST, source: str, depth: int = 4) -> bool:
    """Whether a name is, or is drawn from, the numbers of all rows of the source."""
    for value in program.assigned(name, at) if depth else ():
        for call in (n for n in ast.walk(value.expression) if isinstance(n, ast.Call)):
            given = call.args[:2][-1:] if program.last_name(call) in {"range", "arange"} else (
                call.args if program.last_name(call) in DRAWN else []
            )  # fmt: skip
            if any(_is_length(program, n, source) for n in given):
                return True
        inner = {n.id for n in ast.walk(value.expression) if isinstance(n, ast.Name)} - {name}
        if any(_runs_over(program, n, value.expression, source, depth - 1) for n in inner):
            return True
    return False


def _is_length(program: Program, node: ast.expr, source: str) -> bool:
    """`len(x)`, `x.shape[0]`, `x.size(0)`, or a name of it."""
    if isinstance(node, ast.Name):
        values = program.assigned(node.id, node)
        return len(values) == 1 and text_of(values[0].expression) in _lengths(source)
    return text_of(node) in _lengths(source)


def _lengths(source: str) -> set[str]:
    return {f"len({source})", f"{source}.shape[0]", f"{source}.size(0)", f"{source}.size()[0]"}


def _training_call(program: Program, use: ast.expr) -> ast.AST | None:
    """`train(net, x)`, `TensorDataset(x, y)`, `net(x)` in a loop that steps."""
    call = program.parent(use)
    if isinstance(call, ast.keyword):
        call = program.parent(call)
    if not isinstance(call, ast.Call) or use is call.func:
        return None
    name = program.last_name(call)
    own = {"dataset", "data"} & set(words(name)) and name in program.classes
    if name == "TensorDataset" or (own and all(role_of_name(name_of(a)) for a in call.args)):
        classes = program.classes.get(name, [])
        parted = any(program.is_given(c, PARTS) for c in program.calls)
        sliced = any(isinstance(n, ast.Slice) for made in classes for n in ast.walk(made))
        return None if parted or sliced or call.keywords else call
    if set(words(name)) & {"train", "fit", "training"}:
        known = program.functions.get(name, [])
        parted = any(
            isinstance(n.slice, ast.Slice)
            and name_of(n.value) in parameters(function)
            and not isinstance(n.slice.upper, ast.BinOp)
            for function in known
            for n in ast.walk(function)
            if isinstance(n, ast.Subscript)
        )
        return None if parted or _is_scaler(call) else call
    loops = [loop for loop in program.loops(call) if _steps(program, loop)]
    backward = any(program.last_name(o) == "no_grad" for o in _contexts(program, call))
    is_net = bool(set(words(name)) & NETS) and not backward
    return call if loops and is_net and role_of_name(name) == "" else None


def _is_scaler(call: ast.Call) -> bool:
    """`scaler.fit(x)` learns numbers of scaling."""
    owner = name_of(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    return bool(set(words(owner)) & {"scaler", "pca", "encoder", "binarizer", "imputer"}) or (
        isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call)
    )


def _contexts(program: Program, node: ast.AST) -> Iterator[ast.Call]:
    for outer in program.above(node):
        if isinstance(outer, ast.With):
            yield from (i.context_expr for i in outer.items if isinstance(i.context_expr, ast.Call))


def _steps(program: Program, loop: ast.AST) -> bool:
    return any(
        isinstance(n, ast.Call) and program.last_name(n) in {"step", "backward"}
        for n in ast.walk(loop)
    )


def _batches_of_all(program: Program, use: ast.expr, source: str) -> ast.AST | None:
    """`for i in range(0, len(x_train), 64):`, with `x_train[i:i + 64]` in a loop that steps."""
    outer = program.parent(use)
    if not isinstance(outer, ast.Subscript) or outer.value is not use:
        return None
    bounds = {n.id for n in ast.walk(outer.slice) if isinstance(n, ast.Name)}
    if not any(_runs_over(program, n, outer, source) for n in bounds):
        return None
    loop = next(iter(program.loops(outer)), None)
    return outer if loop is not None and _steps(program, loop) else None
