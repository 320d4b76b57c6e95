"""Plots that do not show what their labels say."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .detector import Detector
from .program import name_of, text_of
from .roles import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

__all__ = ["CURVE_SHORTER", "LAST_LIST", "WHY_LAST_LIST"]

WHY_LAST_LIST = (
    "The figure looks like a comparison, but every label stands at the same curve: nothing can be"
    " read from it about the differences."
)
PLOTS = frozenset({"plot", "semilogy", "semilogx", "loglog", "errorbar", "step"})
FEW = 3


def find_last_list(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """A loop over labels in which what is plotted stays the same."""
    for call in program.calls:
        if program.last_name(call) not in PLOTS or not isinstance(call.func, ast.Attribute):
            continue
        label = next((k.value for k in call.keywords if k.arg == "label"), None)
        loops = [loop for loop in program.loops(call) if isinstance(loop, ast.For)]
        if label is None or not loops or not call.args:
            continue
        loop = loops[0]
        targets = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
        if not targets & _names(label):
            continue
        plotted = set().union(*(_names(a) for a in call.args))
        if _depends(program, plotted, targets, loop) or not plotted:
            continue
        if any(_is_drawn_by_call(argument) for argument in call.args):
            continue
        yield (
            call,
            (
                f"in `for {text_of(loop.target, 30)} in {text_of(loop.iter, 40)}` every label has"
                f" the same `{text_of(call.args[-1], 40)}`"
            ),
        )


def _names(node: ast.AST) -> set[str]:
    return {name_of(n) for n in ast.walk(node) if isinstance(n, ast.Name | ast.Attribute)} - {""}


def _is_drawn_by_call(node: ast.expr) -> bool:
    """Something that may be new each time it is called."""
    return any(
        isinstance(n, ast.Call)
        and not (isinstance(n.func, ast.Name) and n.func.id in {"range", "len", "list"})
        and not (
            isinstance(n.func, ast.Attribute) and n.func.attr in {"arange", "array", "linspace"}
        )
        for n in ast.walk(node)
    )


def _depends(program: Program, plotted: set[str], targets: set[str], loop: ast.For) -> bool:
    """Whether what is plotted is set or changed in the loop, or comes from its target."""
    if plotted & targets:
        return True
    changed: set[str] = set(targets)
    for node in ast.walk(loop):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.For | ast.NamedExpr | ast.With):
            if isinstance(node, ast.Assign):
                spots: list[ast.AST] = list(node.targets)
            elif isinstance(node, ast.With):
                spots = [i.optional_vars for i in node.items if i.optional_vars is not None]
            else:
                spots = [node.target]
            changed |= set().union(*(_names(spot) for spot in spots)) if spots else set()
        if isinstance(node, ast.Call) and program.last_name(node) in program.functions:
            return True  # a function of the student's own may set it
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            changed |= _names(node.func.value)  # clf.fit(…) may change clf.loss_curve_
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and program.last_name(call) not in PLOTS:
            changed |= set().union(*(_names(a) for a in call.args))
    return bool(plotted & changed)


def find_shorter(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """A list that early stopping cuts short, plotted over all epochs planned."""
    for loop in program.all(ast.For):
        bound = _range_bound(program, loop.iter)
        if not bound or not _stops_early(program, loop):
            continue
        lists = _appended(program, loop)
        for call in program.calls:
            if program.last_name(call) not in PLOTS or len(call.args) < 2:  # noqa: PLR2004
                continue
            if program.scope(call) is not program.scope(loop) or (
                program.file(call) != program.file(loop)
            ):
                continue
            again = program.assigned(bound, call)  # epochs = len(losses)
            if any(program.order(value.node) > program.order(loop) for value in again):
                continue
            y = name_of(call.args[1])
            if y in lists and _range_bound(program, call.args[0]) == bound:
                yield (
                    call,
                    (
                        f"`{y}` has one entry for each epoch that was run, and is plotted over all"
                        f" `{bound}` planned; the loop in line {loop.lineno} may stop before"
                    ),
                )
                break


def _range_bound(program: Program, node: ast.expr, depth: int = 3) -> str:
    """The `n` of `range(n)`, `range(1, n + 1)`, `np.arange(n)`, also through a name."""
    if depth == 0:
        return ""
    if isinstance(node, ast.Name):
        values = [v for v in program.assigned(node.id, node) if not v.loop and v.index is None]
        return _range_bound(program, values[0].expression, depth - 1) if len(values) == 1 else ""
    if not isinstance(node, ast.Call) or not node.args:
        return ""
    name = program.last_name(node)
    if name in {"tqdm", "list", "trange"} and isinstance(node.args[0], ast.Call):
        return _range_bound(program, node.args[0], depth - 1)
    if name not in {"range", "arange"}:
        return ""
    end = node.args[1] if len(node.args) > 1 else node.args[0]
    if len(node.args) > 1 and isinstance(end, ast.BinOp) and isinstance(end.op, ast.Add):
        end = end.left
    return (
        name_of(end) if "epoch" in " ".join(words(name_of(end))) or name_of(end).isupper() else ""
    )


def _stops_early(program: Program, loop: ast.For) -> bool:
    """Whether the loop itself, not one inside it, may break."""
    for node in ast.walk(loop):
        if isinstance(node, ast.Break):
            loops = program.loops(node)
            if loops and loops[0] is loop:
                return True
    return False


def _appended(program: Program, loop: ast.For) -> set[str]:
    found = set()
    for node in ast.walk(loop):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "append"
            and program.loops(node)[:1] == [loop]
        ):
            found.add(name_of(node.func.value))
    return found - {""}


LAST_LIST = Detector(
    "last_list_under_every_label",
    WHY_LAST_LIST,
    "Keep one list for each run, such as `history[lr] = losses`, and plot `history[lr]`.",
    find_last_list,
)
CURVE_SHORTER = Detector(
    "curve_shorter_than_axis",
    "After early stopping the list is shorter than the axis: the plot fails, or shows epochs that"
    " were never run.",
    "Plot over the list's own length: `plt.plot(range(len(losses)), losses)`.",
    find_shorter,
)
