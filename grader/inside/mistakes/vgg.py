"""VGG16 that is VGG13, and VGG16 with batch norm, which cannot load the official weights."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from .detector import Detector
from .nets import layers_in, nets
from .program import name_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .nets import Net
    from .program import Program

__all__ = ["BATCH_NORM_IN_VGG16", "VGG13_AS_VGG16", "WHY_BATCH_NORM", "WHY_VGG13"]

WHY_VGG13 = (
    "VGG16-D has thirteen convolutions, in blocks of 2, 2, 3, 3 and 3; with ten it is VGG13:"
    " another net, with 5,310,000 parameters less, that cannot load VGG16's weights."
)
WHY_BATCH_NORM = (
    "VGG16-D has no batch norm. With it the layers have other names and other parameters: the"
    " official weights no longer load, and comparisons with the paper no longer hold."
)
VGG16 = re.compile(r"vgg[-_ ]?(?:net)?[-_ ]?16", re.IGNORECASE)
BATCH_NORM = re.compile(
    r"(?i:bn|batch_?norm|custom|own|mod|improved|better|v2|fast|small|mini|tiny|lite)|S$|s$"
)
CONVOLUTIONS_13 = 10


def _named_vgg16(name: str) -> bool:
    found = VGG16.search(name)
    return bool(found) and not BATCH_NORM.search(name[found.end() :] + name[: found.start()])  # type: ignore[union-attr]


def find_vgg13(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Nets named VGG16 with ten convolutions, and torchvision's vgg13 under that name."""
    for net in _vgg16s(program):
        count, where = _convolutions(program, net)
        if count == CONVOLUTIONS_13:
            yield where, f"{net.name} has {count} convolutions; VGG16 has 13"
    for node in program.all(ast.Assign):
        value = node.value
        if (
            isinstance(value, ast.Call)
            and re.fullmatch(r"vgg13(_bn)?", program.last_name(value))
            and VGG16.search(name_of(node.targets[0]))
        ):
            yield node, f"`{text_of(node, 80)}`"


def _vgg16s(program: Program) -> list[Net]:
    return [
        net for net in nets(program) if _named_vgg16(net.name) or _named_vgg16(_owner(program, net))
    ]


def _owner(program: Program, net: Net) -> str:
    """The function that a Sequential stands in."""
    scope = program.scope(net.node)
    return scope.name if scope is not None and net.sequential is not None else ""


def _convolutions(program: Program, net: Net) -> tuple[int, ast.AST]:
    """How many, and where; 0 when a loop without a list of sizes makes them."""
    calls = [c for c in layers_in(program, net) if program.last_name(c) == "Conv2d"]
    if any(program.loops(c) for c in calls) or any(_in_a_helper(program, c, net) for c in calls):
        return _from_list(program, net)
    return len(calls), net.node


def _in_a_helper(program: Program, call: ast.Call, net: Net) -> bool:
    scope = program.scope(call)
    return (
        scope is not None
        and scope.name not in {"__init__", "forward"}
        and (program.class_of(call) is net.node)
    )


def _from_list(program: Program, net: Net) -> tuple[int, ast.AST]:
    """`[64, 64, "M", 128, …]`: the whole numbers in the one list with an M that the net uses."""
    lists = [n for n in program.all(ast.List) if _is_plan(n)]
    mine = [n for n in lists if n in set(ast.walk(net.node))]
    named = {n.id for n in ast.walk(net.node) if isinstance(n, ast.Name)}
    for found in lists:
        statement = program.statement(found)
        if isinstance(statement, ast.Assign) and name_of(statement.targets[0]) in named:
            mine.append(found)
    if len(set(mine)) != 1:
        return 0, net.node
    whole = [e for e in mine[0].elts if isinstance(e, ast.Constant) and isinstance(e.value, int)]
    return len(whole), mine[0]


def _is_plan(node: ast.List) -> bool:
    values = [e.value for e in node.elts if isinstance(e, ast.Constant)]
    return (
        len(values) == len(node.elts)
        and any(v in ("M", "m", "pool", "P") for v in values)
        and (
            sum(isinstance(v, int) for v in values) > 4  # noqa: PLR2004
        )
    )


def find_batch_norm(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Nets named VGG16 that make batch norm layers."""
    for net in _vgg16s(program):
        for call in layers_in(program, net):
            if program.last_name(call) == "BatchNorm2d" and not _is_optional(program, call):
                yield call, f"{net.name} has batch norm after its convolutions"
                break


def _is_optional(program: Program, call: ast.Call) -> bool:
    """`if batch_norm:`."""
    for outer in program.above(call):
        if isinstance(outer, ast.If | ast.IfExp):
            names = {name_of(n) for n in ast.walk(outer.test) if isinstance(n, ast.expr)}
            if any(re.search(r"norm|bn|batch", name, re.IGNORECASE) for name in names):
                return True
    return False


VGG13_AS_VGG16 = Detector(
    "vgg13_as_vgg16",
    WHY_VGG13,
    "Three convolutions in each of the last three blocks, of 256, 512 and 512 channels. Compare the"
    " number of parameters: 138,357,544 with 1000 classes.",
    find_vgg13,
)
BATCH_NORM_IN_VGG16 = Detector(
    "batch_norm_in_vgg16",
    WHY_BATCH_NORM,
    "Leave batch norm out, or call the net what it is (VGG16 with batch norm) and load the weights"
    " of `vgg16_bn`.",
    find_batch_norm,
)
