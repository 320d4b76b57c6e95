"""Layers whose sizes do not fit together, in branches that never ran."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .detector import Detector
from .nets import is_layer_call, nets
from .program import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .nets import Net
    from .program import Program

__all__ = ["DO_NOT_CHAIN"]

KEEPS = frozenset(
    """
    relu ReLU sigmoid Sigmoid tanh Tanh dropout Dropout Dropout1d Dropout2d dropout2d leaky_relu
    LeakyReLU ELU elu GELU gelu SiLU silu Softmax softmax LogSoftmax log_softmax Softplus Hardtanh
    Identity ReLU6 Mish PReLU SELU
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
"""What keeps every size."""
KEEPS_CHANNELS = frozenset(
    """
    MaxPool2d AvgPool2d AdaptiveAvgPool2d AdaptiveMaxPool2d max_pool2d avg_pool2d LPPool2d
    adaptive_avg_pool2d Upsample ZeroPad2d ReflectionPad2d LocalResponseNorm
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
IN = {"Linear": "in_features", "Conv2d": "in_channels", "BatchNorm2d": "num_features",
      "BatchNorm1d": "num_features"}  # fmt: skip
OUT = {"Linear": "out_features", "Conv2d": "out_channels", "BatchNorm2d": "num_features",
       "BatchNorm1d": "num_features"}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """What is known after a layer: features of a vector, or channels of maps."""

    kind: str
    count: int
    layer: str


def find(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Consecutive layers whose numbers contradict each other."""
    for call in program.calls:
        if program.last_name(call) == "Sequential":
            yield from _chain(program, [(a, a) for a in call.args])
    for net in nets(program):
        if net.forward is not None:
            yield from _forward(program, net)


def _chain(
    program: Program, layers: list[tuple[ast.expr | None, ast.AST]], size: Size | None = None
) -> Iterator[tuple[ast.AST, str]]:
    for layer, where in layers:
        name = program.last_name(layer) if isinstance(layer, ast.Call) else ""
        if (
            not isinstance(layer, ast.Call)
            or not is_layer_call(program, layer)
            or name in program.classes
        ):
            size = None
            continue
        wrong = _wrong(program, layer, name, size)
        if wrong:
            yield where, wrong
        size = _after(program, layer, name, size)


def _wrong(program: Program, layer: ast.Call, name: str, size: Size | None) -> str:
    wanted = _number(program, layer, IN[name], 0) if name in IN else None
    if size is None or wanted is None:
        return ""
    if name == "Linear" and size.kind == "vector" and wanted != size.count:
        return f"{size.layer} gives {size.count} numbers, and the Linear after it takes {wanted}"
    if name == "Linear" and size.kind == "flat" and wanted % size.count:
        what = "numbers" if size.layer in {"Linear", "BatchNorm1d"} else "channels"
        return (
            f"{size.layer} gives {size.count} {what}, and {wanted}, the input of the Linear after"
            " it, is no multiple of that"
        )
    if name in {"Conv2d", "BatchNorm2d"} and size.kind == "maps" and wanted != size.count:
        return f"{size.layer} gives {size.count} channels, and the {name} after it takes {wanted}"
    return ""


def _after(program: Program, layer: ast.Call, name: str, size: Size | None) -> Size | None:
    if name in OUT:
        count = _number(program, layer, OUT[name], 0 if name.startswith("BatchNorm") else 1)
        if count is None or count < 1:
            return None
        return Size("vector" if name in {"Linear", "BatchNorm1d"} else "maps", count, name)
    if name == "Flatten" and size is not None and not layer.args and not layer.keywords:
        return Size("flat", size.count, size.layer)  # a Linear may give rows of a sequence
    if name in KEEPS:
        return size
    if name in KEEPS_CHANNELS and size is not None and size.kind == "maps":
        return size
    return None


def _forward(program: Program, net: Net) -> Iterator[tuple[ast.AST, str]]:
    """Statements of forward one after the other, each branch by itself."""
    assert net.forward is not None
    given = [a.arg for a in net.forward.args.args][1:2]
    yield from _block(program, net, net.forward.body, given[0] if given else "x", None)


def _block(  # noqa: C901, PLR0912 - one case a form of code
    program: Program, net: Net, body: list[ast.stmt], name: str, size: Size | None
) -> Iterator[tuple[ast.AST, str]]:
    for statement in body:
        if isinstance(statement, ast.If):
            for branch in (statement.body, statement.orelse):
                yield from _block(program, net, branch, name, size)
            size = None
            continue
        value = statement.value if isinstance(statement, ast.Assign | ast.Return) else None
        if isinstance(statement, ast.Assign) and name_of(statement.targets[0]) != name:
            set_there = {name_of(n) for t in statement.targets for n in ast.walk(t)}
            size = None if name in set_there else size  # x, _ = self.lstm(x)
            continue
        if value is None:
            if not isinstance(statement, ast.Expr):
                size = None
            continue
        steps = _applied(program, net, value, name)
        if steps is None:
            size = None
            continue
        told: set[ast.AST] = set()
        for layer, kind, where in steps:
            if layer is not None and kind in program.classes:
                size = None
            elif layer is not None:
                wrong = _wrong(program, layer, kind, size)
                if wrong and where not in told:  # within a Sequential `_chain` looks
                    yield where, f"{net.name}: {wrong}"
                told.add(where)
                size = _after(program, layer, kind, size)
            elif kind == "flatten":
                size = Size("flat", size.count, size.layer) if size else None
            elif kind not in KEEPS and not (
                kind in KEEPS_CHANNELS and size and size.kind == "maps"
            ):
                size = None


Step = tuple[ast.Call | None, str, ast.AST]


def _applied(program: Program, net: Net, node: ast.expr, name: str) -> list[Step] | None:  # noqa: PLR0911 - one case a form of code
    """What an expression applies to `name`, innermost first; None when it is no plain chain."""
    if isinstance(node, ast.Name):
        return [] if node.id == name else None
    if not isinstance(node, ast.Call):
        return None
    function = node.func
    attribute = name_of(function).removeprefix("self.")
    if attribute in net.layers and node.args:
        if _is_made_twice(program, net, attribute):
            return None
        before = _applied(program, net, node.args[0], name)
        layer = net.layers[attribute]
        if before is None or not isinstance(layer, ast.Call):
            return None
        inner = _inner_layers(program, layer)
        return None if inner is None else before + [(i, k, node) for i, k in inner]
    if isinstance(function, ast.Attribute) and not program.name(function).startswith("torch"):
        before = _applied(program, net, function.value, name)
        if before is None:
            return None
        flat = function.attr in {"view", "reshape", "flatten"} and _flattens(node)
        return [*before, (None, "flatten" if flat else function.attr, node)]
    called = program.last_name(node)
    if not node.args:
        return None
    before = _applied(program, net, node.args[0], name)
    if called == "flatten" and not _starts_at_one(node.args[1:], node.keywords):
        called = "flatten from another dimension"
    return None if before is None else [*before, (None, called, node)]


def _is_made_twice(program: Program, net: Net, attribute: str) -> bool:
    """`if wide: self.fc = Linear(…) else: self.fc = Linear(…)`: it may be either."""
    made = [
        n
        for n in ast.walk(net.node)
        if isinstance(n, ast.Assign)
        and name_of(n.targets[0]) == f"self.{attribute}"
        and program.class_of(n) is net.node
    ]
    return len(made) > 1


def _inner_layers(program: Program, layer: ast.Call) -> list[tuple[ast.Call, str]] | None:
    if program.last_name(layer) != "Sequential":
        return [(layer, program.last_name(layer))]
    found: list[tuple[ast.Call, str]] = []
    for inner in layer.args:
        if not isinstance(inner, ast.Call):
            return None
        found.append((inner, program.last_name(inner)))
    return found


def _flattens(node: ast.Call) -> bool:
    """`view(n, -1)`, `flatten(1)`, `flatten(start_dim=1)`."""
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr == "flatten":
        return _starts_at_one(node.args, node.keywords)
    if len(node.args) != 2:  # noqa: PLR2004
        return False
    last = node.args[1]
    return not isinstance(node.args[0], ast.BinOp) and (
        isinstance(last, ast.UnaryOp)
        and isinstance(last.op, ast.USub)
        and isinstance(last.operand, ast.Constant)
    )


def _starts_at_one(given: list[ast.expr], keywords: list[ast.keyword]) -> bool:
    """Whether `flatten` keeps the batch, and only that."""
    named = {k.arg: k.value for k in keywords}
    start = given[0] if given else named.get("start_dim")
    return (
        isinstance(start, ast.Constant)
        and start.value == 1
        and len(given) < 2  # noqa: PLR2004 - an end
        and "end_dim" not in named
    )


def _number(program: Program, layer: ast.Call, keyword: str, position: int) -> int | None:
    for given in layer.keywords:
        if given.arg == keyword:
            return constant(program, given.value)
    if position < len(layer.args) and not any(
        isinstance(a, ast.Starred) for a in layer.args[: position + 1]
    ):
        return constant(program, layer.args[position])
    return None


def constant(program: Program, node: ast.expr, depth: int = 5) -> int | None:  # noqa: C901, PLR0911 - one case a form of code
    """A whole number that an expression is for certain."""
    if isinstance(node, ast.Constant):
        whole = isinstance(node.value, int) and not isinstance(node.value, bool)
        return node.value if whole else None  # type: ignore[return-value]
    if depth == 0:
        return None
    if isinstance(node, ast.BinOp):
        left = constant(program, node.left, depth - 1)
        right = constant(program, node.right, depth - 1)
        if left is None or right is None:
            return None
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.FloorDiv) and right:
            return left // right
        if isinstance(node.op, ast.Pow) and 0 <= right < 10 and abs(left) < 1000:  # noqa: PLR2004
            return int(left**right)
        return None
    if isinstance(node, ast.Name):
        values = program.assigned(node.id, node)
        changed = any(name_of(n.target) == node.id for n in program.all(ast.AugAssign))
        if len(values) == 1 and not values[0].loop and values[0].index is None and not changed:
            return constant(program, values[0].expression, depth - 1)
    return None


DO_NOT_CHAIN = Detector(
    "layers_do_not_chain",
    "This net, or this branch of it, fails as soon as it runs: so it has never run as it is here,"
    " and numbers reported for it come from something else.",
    "Give each layer the number of inputs that the one before it gives; run every variant once on"
    " one batch.",
    find,
)
