"""Where the student's code gives a name a value: every way of writing it. No torch."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..mistakes.program import Function, Program, parameters
from .setting_values import (
    UNKNOWN,
    Calls,
    Folded,
    Values,
    counted,
    is_counter,
    is_step,
    option,
    rounds,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Given", "givens"]

MOST = 20
POSITIONS = {"DataLoader": ("dataset", "batch_size", "shuffle")}
"""Callables of libraries whose arguments are settings, and what these are called."""


@dataclass(frozen=True)
class Given:
    """A value that a name is given.

    Attributes:
        name: As the student writes it, without what it is an attribute of; empty where not all
            could be followed.
        value: What it comes to.
        node: Where.
        how: `assigned`, `argument`, `parameter`, `key`, `option`, `loop` or `import`.
    """

    name: str
    value: Folded
    node: ast.AST
    how: str


def givens(program: Program, wanted: Callable[[str], bool]) -> Iterator[Given]:
    """Each value of the names that are wanted, in the reading order, and after them parameters'.

    Args:
        program: The submission's code.
        wanted: Whether a name is meant.
    """
    calls = Calls(program)
    found = _Writing(program, calls)
    values = Values(program, calls, found.kept())
    for name, expression, node, how in found.pairs(wanted):
        if expression is None:
            yield Given(name, UNKNOWN, node, how)
        elif not is_counter(program, expression):
            for value in values.of(expression):
                yield Given(name, value, node, how)
    yield from _loops(program, values, wanted)
    yield from _parameters(program, calls, values, wanted)
    yield from _seeding(program, values, wanted)
    if not values.complete:
        yield Given("", UNKNOWN, ast.Pass(), "argument")


Pair = tuple[str, ast.expr | None, ast.AST, str]


class _Writing:
    """Names and the expressions beside them. None is a value that the text does not tell."""

    def __init__(self, program: Program, calls: Calls) -> None:
        self.program, self.calls = program, calls
        targets = [target for node in program.all(ast.Assign) for target in node.targets]
        self._here = {target.id for target in targets if isinstance(target, ast.Name)}
        self._here |= {*program.functions, *program.classes}
        self._counters: set[str] = set()
        """Names that start at 0: what is added to them is no setting."""
        self._counters = {
            name
            for name, expression, _, how in self.pairs(lambda _name: True)
            if how == "assigned" and getattr(expression, "value", None) == 0
        }

    def kept(self) -> dict[str, list[ast.expr]]:
        """Attributes, keys and options, whatever they belong to."""
        kept: dict[str, list[ast.expr]] = {}
        for name, expression, node, how in self.pairs(lambda _name: True):
            attribute = isinstance(node, ast.Attribute | ast.Subscript)
            in_class = isinstance(self.program.parent(self.program.statement(node)), ast.ClassDef)
            if expression is not None and (attribute or in_class or how in {"key", "option"}):
                kept.setdefault(name, []).append(expression)
        return kept

    def pairs(self, wanted: Callable[[str], bool]) -> Iterator[Pair]:
        """Each name with its expression."""
        kinds = (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign, ast.Dict, ast.Call)
        for node in self.program.all((*kinds, ast.ImportFrom)):  # type: ignore[arg-type]
            for pair in self._pairs(node):
                if wanted(pair[0]):
                    yield pair

    def _pairs(self, node: ast.AST) -> Iterator[Pair]:
        if isinstance(node, ast.Call):
            yield from self._call(node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value, value, "key"
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name not in self._here:
                    yield alias.asname or alias.name, None, node, "import"
        else:
            yield from self._statement(node)

    def _statement(self, node: ast.AST) -> Iterator[Pair]:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if is_step(target, node.value):
                    yield from self._step(target)
                else:
                    yield from self._target(target, node.value)
        elif isinstance(node, ast.AugAssign):
            yield from self._step(node.target)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            yield from self._target(node.target, node.value)

    def _step(self, target: ast.expr) -> Iterator[Pair]:
        """What a name becomes when it is changed; nothing where it counts from 0."""
        found = self._target(target, None)
        yield from (pair for pair in found if pair[0] not in self._counters)

    def _target(self, target: ast.expr, value: ast.expr | None) -> Iterator[Pair]:
        if isinstance(target, ast.Tuple | ast.List):
            same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
            values = value.elts if same else [None] * len(target.elts)  # type: ignore[union-attr]
            for inner, one in zip(target.elts, values, strict=True):
                yield from self._target(inner, one)
        elif isinstance(target, ast.Starred):
            yield from self._target(target.value, None)
        elif isinstance(target, ast.Name):
            if not isinstance(value, ast.Lambda):
                yield target.id, value, target, "assigned"
        elif isinstance(target, ast.Attribute):
            yield target.attr, value, target, "assigned"
        elif isinstance(target, ast.Subscript):
            key = getattr(target.slice, "value", None)
            if isinstance(key, str):
                yield key, value, target, "assigned"

    def _call(self, node: ast.Call) -> Iterator[Pair]:
        program = self.program
        told = option(program, node)
        if told is not None:
            yield *told, node, "option"
            return
        name = program.last_name(node)
        how = "key" if name in {"dict", "SimpleNamespace", "Namespace"} else "argument"
        for keyword in node.keywords:
            if keyword.arg is not None:
                yield keyword.arg, keyword.value, keyword.value, how
        if any(isinstance(one, ast.Starred) for one in node.args):
            return
        for names in self._positions(name):
            for parameter, argument in zip(names, node.args, strict=False):
                yield parameter, argument, argument, "argument"

    def _positions(self, name: str) -> Iterator[list[str]]:
        """What positional arguments are called, for each that a name may be."""
        if name in POSITIONS:
            yield list(POSITIONS[name])
        if name != "__init__":
            for function in self.program.functions.get(name, [])[:MOST]:
                yield _without_self(function)
        for owner in self.program.classes.get(name, [])[:MOST]:
            yield from self._of_class(owner, 4)

    def _of_class(self, owner: ast.ClassDef, depth: int) -> Iterator[list[str]]:
        made = [f for f in owner.body if isinstance(f, Function) and f.name == "__init__"]
        if made:
            yield from map(_without_self, made)
            return
        if any("dataclass" in ast.dump(mark) for mark in owner.decorator_list):
            fields = [f.target for f in owner.body if isinstance(f, ast.AnnAssign)]
            yield [target.id for target in fields if isinstance(target, ast.Name)]
            return
        for base in owner.bases if depth else ():
            for above in self.program.classes.get(getattr(base, "id", ""), []):
                yield from self._of_class(above, depth - 1)


def _loops(program: Program, values: Values, wanted: Callable[[str], bool]) -> Iterator[Given]:
    """`for epoch in range(16)`: sixteen rounds; `for lr in [0.01, 0.1]`: each of them."""
    for node in program.all((ast.For, ast.AsyncFor, ast.comprehension)):  # type: ignore[arg-type]
        if not isinstance(node.target, ast.Name) or not wanted(node.target.id):
            continue
        call = counted(program, node.iter)
        if call is not None:
            for value in rounds(values, call):
                yield Given(node.target.id, value, node.target, "loop")
        else:
            for value in values.walked(node.iter):
                yield Given(node.target.id, value, node.target, "loop")
    yield from _whiles(program, values, wanted)


def _whiles(program: Program, values: Values, wanted: Callable[[str], bool]) -> Iterator[Given]:
    """`while epoch < 16`."""
    for node in program.all(ast.While):
        for test in ast.walk(node.test):
            if not isinstance(test, ast.Compare) or len(test.ops) != 1:
                continue
            left = test.left
            name = left.id if isinstance(left, ast.Name) else getattr(left, "attr", "")
            if isinstance(test.ops[0], ast.Lt) and wanted(name):
                for value in values.of(test.comparators[0]):
                    yield Given(name, value, test, "loop")


def _parameters(
    program: Program, calls: Calls, values: Values, wanted: Callable[[str], bool]
) -> Iterator[Given]:
    """Defaults that some call leaves in force, and parameters that no call tells."""
    for functions in program.functions.values():
        for function in functions:
            args = function.args
            for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs):
                if not wanted(arg.arg):
                    continue
                given = {id(call) for call in calls.of(function)}
                for value in calls.values(function, arg.arg):
                    if value is None:
                        yield Given(arg.arg, UNKNOWN, arg, "parameter")
                    elif given and _is_argument(program, value, given):
                        continue  # told with the call
                    else:
                        for one in values.of(value):
                            yield Given(arg.arg, one, value, "parameter")


def _is_argument(program: Program, node: ast.expr, calls: set[int]) -> bool:
    """Whether an expression stands in one of the calls, and is no default."""
    above = program.parent(node)
    if isinstance(above, ast.keyword):
        above = program.parent(above)
    return id(above) in calls


def _seeding(program: Program, values: Values, wanted: Callable[[str], bool]) -> Iterator[Given]:
    """`torch.manual_seed(42)`: the only argument, by the name of what is called."""
    for call in program.calls:
        name = program.last_name(call)
        if len(call.args) != 1 or not wanted(name) or name in program.classes:
            continue
        root: ast.AST = call.func
        while isinstance(root, ast.Attribute):
            root = root.value
        library = isinstance(root, ast.Name) and program.imported(root.id, call)
        for value in values.of(call.args[0]):
            if isinstance(value.value, float) or library:
                yield Given(name, value, call, "argument")


def _without_self(function: Function) -> list[str]:
    names = parameters(function)
    positional = names[: len(function.args.posonlyargs) + len(function.args.args)]
    return positional[1:] if positional[:1] in (["self"], ["cls"]) else positional
