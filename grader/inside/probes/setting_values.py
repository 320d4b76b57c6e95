"""What an expression of the student's comes to, as far as the text alone can tell. No torch.

Numbers and texts are followed through names, parameters and their calls, attributes, the keys of
dictionaries, options of the command line and arithmetic.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..mistakes.program import Function, Program, name_of, parameters
from ..source.values import LARGEST, arithmetic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "UNKNOWN",
    "Calls",
    "Folded",
    "Values",
    "counted",
    "is_counter",
    "is_step",
    "option",
    "rounds",
]

DEPTH = 8
STEPS = 50_000
MOST = 12
CALLS = 100
LONGEST = 100
LIBRARIES = frozenset({"torch", "numpy", "math", "scipy", "sklearn", "torchvision"})
SAME = frozenset({"int", "float", "str", "round", "abs"})
"""What a number passes through."""
PASSING = frozenset({"tqdm", "trange", "track", "progress_bar", "master_bar", "list", "tuple"})
PASSING |= {"reversed", "iter", "sorted", "tqdm_notebook", "auto", "set"}
"""What may stand around what a loop walks over."""


@dataclass(frozen=True)
class Folded:
    """One value.

    Attributes:
        value: A number or a text; None where it is not known.
        sure: False where it may be another one.
    """

    value: float | str | None
    sure: bool = True


UNKNOWN = Folded(None, sure=False)


class Calls:
    """The student's own functions and classes, and what calls give their parameters."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.by_name: dict[str, list[ast.Call]] = {}
        for call in program.calls:
            self.by_name.setdefault(program.last_name(call), []).append(call)

    def of(self, function: Function) -> list[ast.Call]:
        """The calls of a function; of `__init__`, those of its class and of classes on it."""
        owner = self.program.class_of(function)
        if owner is None or function.name != "__init__":
            return self.by_name.get(function.name, [])[:CALLS]
        names = [owner.name]
        for name, classes in self.program.classes.items():
            if any(owner.name in _bases(one) and not _makes(one) for one in classes):
                names.append(name)
        return [call for name in names for call in self.by_name.get(name, [])][:CALLS]

    def given(self, call: ast.Call, function: Function, name: str) -> ast.expr | bool | None:
        """What a call gives a parameter; None: nothing; False: the text does not tell."""
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        names = parameters(function)
        index = names.index(name)
        if names[:1] in (["self"], ["cls"]):
            index -= 1
        only_word = name in {arg.arg for arg in function.args.kwonlyargs}
        if any(isinstance(one, ast.Starred) for one in call.args[: index + 1]):
            return False
        if not only_word and 0 <= index < len(call.args):
            return call.args[index]
        return False if any(keyword.arg is None for keyword in call.keywords) else None

    def values(self, function: Function, name: str) -> list[ast.expr | None]:
        """What a parameter gets; None for what the text does not tell."""
        calls = self.of(function)
        default = default_of(function, name)
        found: list[ast.expr | None] = []
        left_out = not calls
        for call in calls:
            given = self.given(call, function, name)
            if isinstance(given, ast.expr):
                found.append(given)
            elif given is False:
                found.append(None)
                left_out = True
            else:
                left_out = True
        if default is not None and left_out:
            found.append(default)
        elif not found or (default is None and not calls):
            found.append(None)
        return found


def default_of(function: Function, name: str) -> ast.expr | None:
    """The default of a parameter."""
    args = function.args
    every = [*args.posonlyargs, *args.args]
    last = every[len(every) - len(args.defaults) :]
    pairs = [*zip(last, args.defaults, strict=True)]
    pairs += [
        (arg, default)
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
        if default is not None
    ]
    return next((default for arg, default in pairs if arg.arg == name), None)


class Values:
    """Expressions and what they come to.

    Args:
        program: The submission's code.
        calls: Of its functions.
        kept: Attributes, keys and options: name → what they are given.
    """

    def __init__(self, program: Program, calls: Calls, kept: dict[str, list[ast.expr]]) -> None:
        self.program, self.calls, self.kept = program, calls, kept
        self._left = STEPS
        self._open: set[ast.expr] = set()
        self._changed = {name_of(node.target) for node in program.all(ast.AugAssign)}
        for node in program.all(ast.Assign):
            self._changed |= {name_of(t) for t in node.targets if is_step(t, node.value)}
        self._readings: dict[type[ast.expr], Callable[[Any, int], Iterable[Folded]]] = {
            ast.Constant: lambda node, _depth: [_constant(node.value)],
            ast.Name: self._of_name,
            ast.Attribute: self._of_attribute,
            ast.Subscript: self._of_item,
            ast.BinOp: self._of_sum,
            ast.UnaryOp: self._of_sign,
            ast.Call: self._of_call,
            ast.IfExp: lambda node, depth: [
                *self.of(node.body, depth),
                *self.of(node.orelse, depth),
            ],
            ast.BoolOp: lambda node, depth: [
                one for value in node.values for one in self.of(value, depth)
            ],
            ast.NamedExpr: lambda node, depth: self.of(node.value, depth),
        }

    @property
    def complete(self) -> bool:
        """Whether there were steps enough."""
        return self._left > 0

    def of(self, node: ast.expr, depth: int = DEPTH) -> list[Folded]:
        """All that an expression may come to; nothing where it comes to itself."""
        self._left -= 1
        reading = self._readings.get(type(node))
        if node in self._open:
            return []
        if reading is None or depth <= 0 or self._left <= 0:
            return [UNKNOWN]
        self._open.add(node)
        try:
            found = list(dict.fromkeys(reading(node, depth - 1)))
        finally:
            self._open.discard(node)
        return found[:MOST] if len(found) <= MOST else [*found[:MOST], UNKNOWN]

    def _all(self, nodes: Iterable[ast.expr], depth: int) -> list[Folded]:
        return [one for node in nodes for one in self.of(node, depth)]

    def _of_name(self, node: ast.Name, depth: int) -> list[Folded]:
        program = self.program
        found: list[Folded] = [UNKNOWN] if node.id in self._changed else []
        assigned = program.assigned(node.id, node)
        for value in assigned[: MOST * 2]:
            if isinstance(value.expression, ast.Lambda):
                found.append(Folded(node.id[:LONGEST]))
            elif value.index is not None:
                found.append(UNKNOWN)
            elif value.loop:
                found += self.walked(value.expression, depth) or [UNKNOWN]
            else:
                found += self.of(value.expression, depth)
        scope = program.scope(node)
        while not assigned and scope is not None:
            if node.id in parameters(scope):
                given = self.calls.values(scope, node.id)[: MOST * 2]
                return [
                    *found,
                    *(v for g in given for v in (self.of(g, depth) if g else [UNKNOWN])),
                ]
            scope = program.scope(scope)
        if found:
            return found
        own = node.id in program.functions or node.id in program.classes
        name = program.name(node) or node.id
        sure = own or _is_library(name) or hasattr(builtins, node.id)
        return [Folded(name.rpartition(".")[2][:LONGEST], sure)]

    def _of_attribute(self, node: ast.Attribute, depth: int) -> list[Folded]:
        name = name_of(node)
        if name:
            assigned = [v for v in self.program.assigned(name, node) if v.index is None]
            if assigned:
                extra = [UNKNOWN] if name in self._changed else []
                return [*self._all((v.expression for v in assigned[:MOST]), depth), *extra]
        if self.kept.get(node.attr):
            return self._all(self.kept[node.attr][:MOST], depth)
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        known = isinstance(root, ast.Name) and self.program.imported(root.id, node)
        sure = known and _is_library(self.program.name(node))
        return [Folded(node.attr[:LONGEST], sure)]

    def _of_item(self, node: ast.Subscript, depth: int) -> list[Folded]:
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if isinstance(key, str) and self.kept.get(key):
            return self._all(self.kept[key][:MOST], depth)
        return [UNKNOWN]

    def _of_sum(self, node: ast.BinOp, depth: int) -> list[Folded]:
        left, right = self.of(node.left, depth), self.of(node.right, depth)
        if len(left) != 1 or len(right) != 1 or not (left[0].sure and right[0].sure):
            return [UNKNOWN]
        a, b = left[0].value, right[0].value
        if isinstance(a, str) or isinstance(b, str) or a is None or b is None:
            return [UNKNOWN]
        made = arithmetic(node.op, a, b)
        return [UNKNOWN if made is None else _constant(made)]

    def _of_sign(self, node: ast.UnaryOp, depth: int) -> list[Folded]:
        values = self.of(node.operand, depth)
        if isinstance(node.op, ast.USub) and all(isinstance(v.value, int | float) for v in values):
            return [Folded(-v.value, v.sure) for v in values]  # type: ignore[operator]
        return values if isinstance(node.op, ast.UAdd) else [UNKNOWN]

    def _of_call(self, node: ast.Call, depth: int) -> list[Folded]:
        name = self.program.last_name(node)
        if name in SAME and len(node.args) == 1:
            return self.of(node.args[0], depth)
        if name in {"field", "Field"}:  # of a dataclass
            words = {keyword.arg: keyword.value for keyword in node.keywords}
            return self.of(words["default"], depth) if "default" in words else [UNKNOWN]
        if name == "get" and len(node.args) == 2:  # noqa: PLR2004 - a key and what else
            key = getattr(node.args[0], "value", None)
            kept = self.kept.get(key, []) if isinstance(key, str) else []
            return self._all([*kept[:MOST], node.args[1]], depth)
        return [Folded(name[:LONGEST], sure=False)] if name else [UNKNOWN]

    # Loops

    def walked(self, node: ast.expr, depth: int = DEPTH) -> list[Folded]:
        """The items of a list as it is written, of which a loop's name gets each."""
        if depth <= 0:
            return []
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return self._all(node.elts[:MOST], depth - 1)
        if isinstance(node, ast.Name):
            values = self.program.assigned(node.id, node)
            if len(values) == 1 and values[0].index is None and not values[0].loop:
                return self.walked(values[0].expression, depth - 1)
        inner = _inside(self.program, node)
        return self.walked(inner, depth - 1) if inner is not None else []


def counted(program: Program, node: ast.expr) -> ast.Call | None:
    """The `range(…)` or `trange(…)` that a loop walks over, whatever stands around it."""
    for _ in range(DEPTH):
        if isinstance(node, ast.Call) and program.last_name(node) in {"range", "trange", "arange"}:
            return node
        inner = _inside(program, node)
        if inner is None:
            return None
        node = inner
    return None


def rounds(values: Values, call: ast.Call) -> list[Folded]:
    """How many rounds a `range(…)` gives, for each value of its bounds."""
    if any(isinstance(one, ast.Starred) for one in call.args) or not 0 < len(call.args) < 4:  # noqa: PLR2004
        return [UNKNOWN]
    ways = itertools.product(*(values.of(one) for one in call.args))
    return list(dict.fromkeys(_length(way) for way in itertools.islice(ways, MOST)))


def _length(bounds: tuple[Folded, ...]) -> Folded:
    given = [
        int(one.value)
        for one in bounds
        if one.sure and isinstance(one.value, int | float) and one.value == int(one.value)
    ]
    if len(given) < len(bounds) or given[2:] == [0]:
        return UNKNOWN
    try:
        return Folded(float(len(range(*given))))
    except OverflowError:
        return UNKNOWN


def is_counter(program: Program, node: ast.expr) -> bool:
    """Whether an expression counts the rounds of a loop or the data, and so is no setting."""
    if _is_size(node):
        return True
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            values = program.assigned(inner.id, inner)
            if values and all(
                v.loop and (v.index is not None or counted(program, v.expression) is not None)
                for v in values
            ):
                return True
    return False


def is_step(target: ast.expr, value: ast.expr) -> bool:
    """Whether an assignment changes what a name holds: `epoch = epoch + 1`."""
    name = name_of(target)
    return bool(name) and any(name_of(inner) == name for inner in ast.walk(value))


def _is_size(node: ast.expr) -> bool:
    """`x.shape[0]`, `x.size(0)`, `len(x)`."""
    if isinstance(node, ast.Subscript):
        return getattr(node.value, "attr", "") == "shape"
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    return getattr(called, "attr", "") == "size" or getattr(called, "id", "") == "len"


def option(program: Program, call: ast.Call) -> tuple[str, ast.expr | None] | None:
    """`add_argument("--epochs", default=16)`: the name and its default."""
    words = {keyword.arg: keyword.value for keyword in call.keywords}
    if "default" not in words and program.last_name(call) != "add_argument":
        return None
    texts = [a.value for a in call.args if isinstance(a, ast.Constant)]
    names = [text for text in texts if isinstance(text, str)]
    told = getattr(words.get("dest"), "value", None)
    if isinstance(told, str):
        names = [told]
    if not names:
        return None
    return max(names, key=len).lstrip("-").replace("-", "_"), words.get("default")


def _inside(program: Program, node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.Call) and node.args and program.last_name(node) in PASSING:
        return node.args[0]
    return None


def _is_library(name: str) -> bool:
    """Whether it is no value of a file that was not handed in."""
    return "." in name and name.partition(".")[0] in LIBRARIES


def _constant(value: object) -> Folded:
    if isinstance(value, bool) or value is None:
        return Folded(str(value))
    if isinstance(value, str):
        return Folded(value[:LONGEST])
    if not isinstance(value, int | float) or abs(value) > LARGEST:
        return UNKNOWN
    return Folded(float(value)) if math.isfinite(value) else UNKNOWN


def _bases(node: ast.ClassDef) -> Iterator[str]:
    for base in node.bases:
        yield base.id if isinstance(base, ast.Name) else getattr(base, "attr", "")


def _makes(node: ast.ClassDef) -> bool:
    return any(isinstance(part, Function) and part.name == "__init__" for part in node.body)
