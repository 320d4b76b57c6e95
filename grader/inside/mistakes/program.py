"""A submission's code as one program: who assigns what, who calls whom. Syntax only, nothing runs.

Cells of a notebook share one module scope, in their order. A name that is not known in its own
file is looked for in the others: students import their own modules. What cannot be told is left
unsaid: a detector that sees nothing finds nothing.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..source.names import Aliases, chain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..source.sources import Chunk, Sources

__all__ = ["Function", "Program", "Value", "text_of"]

Function = ast.FunctionDef | ast.AsyncFunctionDef
DEPTH = 6


@dataclass(frozen=True)
class Value:
    """Something that a name was given.

    Attributes:
        expression: The right side; of a `for`, what it walks over.
        index: Its place in the tuple on the left, when there is one.
        node: The statement.
        loop: Whether the name is the target of a `for`.
    """

    expression: ast.expr
    index: int | None
    node: ast.AST
    loop: bool = False


class Program:
    """All parsed code of a submission.

    Args:
        sources: The notebooks and scripts.
    """

    def __init__(self, sources: Sources) -> None:
        self.chunks: list[Chunk] = [chunk for chunk in sources.chunks if chunk.tree is not None]
        self.files = sources.files
        self.functions: dict[str, list[Function]] = {}
        self.classes: dict[str, list[ast.ClassDef]] = {}
        self.calls: list[ast.Call] = []
        self._chunk: dict[ast.AST, Chunk] = {}
        self._parent: dict[ast.AST, ast.AST] = {}
        self._order: dict[ast.AST, int] = {}
        self._aliases: dict[str, Aliases] = {}
        self._values: dict[tuple[ast.AST | None, str, str], list[Value]] = {}
        for chunk in self.chunks:
            self._read(chunk)

    def _read(self, chunk: Chunk) -> None:
        assert chunk.tree is not None
        self._aliases.setdefault(chunk.file, Aliases()).add(chunk.tree)
        for node in _in_order(chunk.tree):
            self._chunk[node] = chunk
            self._order[node] = len(self._order)
            for child in ast.iter_child_nodes(node):
                self._parent[child] = node
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.ClassDef):
                self.classes.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.Call):
                self.calls.append(node)
        for node in list(self._order)[-_count(chunk.tree) :]:
            self._note_values(node)

    def _note_values(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value, node)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            if node.value is not None:
                self._assign(node.target, node.value, node)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            self._assign(node.target, node.iter, node, loop=True)
        elif isinstance(node, ast.With):
            for item in node.items:
                if item.optional_vars is not None:
                    self._assign(item.optional_vars, item.context_expr, node)

    def _assign(
        self, target: ast.expr, value: ast.expr, node: ast.AST, *, loop: bool = False
    ) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
            for index, inner in enumerate(target.elts):
                if same and not loop:
                    self._assign(inner, value.elts[index], node)  # type: ignore[attr-defined]
                else:
                    self._keep(inner, Value(value, index, node, loop), node)
        else:
            self._keep(target, Value(value, None, node, loop), node)

    def _keep(self, target: ast.expr, value: Value, node: ast.AST) -> None:
        if isinstance(target, ast.Starred):
            target = target.value
        name = name_of(target)
        if name:
            scope = self.class_of(node) if name.startswith("self.") else self.scope(node)
            self._values.setdefault((scope, self.file(node), name), []).append(value)

    # Where things are

    def file(self, node: ast.AST) -> str:
        """The file that a node stands in."""
        return self._chunk[node].file

    def chunk(self, node: ast.AST) -> Chunk:
        """The cell or script."""
        return self._chunk[node]

    def order(self, node: ast.AST) -> int:
        """Its position in the reading order of the whole submission."""
        return self._order[node]

    def place(self, node: ast.AST) -> dict[str, Any]:
        """Its file, cell and line."""
        return self._chunk[node].place(getattr(node, "lineno", None))

    def line(self, node: ast.AST) -> str:
        """Its source line."""
        lines = self._chunk[node].text.split("\n")
        number = getattr(node, "lineno", 0)
        return lines[number - 1].strip()[:160] if 0 < number <= len(lines) else ""

    def parent(self, node: ast.AST) -> ast.AST | None:
        """What it stands in."""
        return self._parent.get(node)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """Everything that it stands in, the nearest first."""
        here = self._parent.get(node)
        while here is not None:
            yield here
            here = self._parent.get(here)

    def scope(self, node: ast.AST) -> Function | None:
        """The function that it stands in; None at the level of the module."""
        found = (n for n in self.above(node) if isinstance(n, Function))
        return next(found, None)

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """The class that it stands in."""
        return next((n for n in self.above(node) if isinstance(n, ast.ClassDef)), None)

    def loops(self, node: ast.AST) -> list[ast.For | ast.While]:
        """The loops around it within its function, the nearest first."""
        found: list[ast.For | ast.While] = []
        for outer in self.above(node):
            if isinstance(outer, Function):
                break
            if isinstance(outer, ast.For | ast.While):
                found.append(outer)
        return found

    def statement(self, node: ast.AST) -> ast.AST:
        """The statement that it is part of."""
        here = node
        while not isinstance(here, ast.stmt) and here in self._parent:
            here = self._parent[here]
        return here

    # What things are

    def name(self, node: ast.AST) -> str:
        """The dotted name of an expression: imports resolved, else as it is written."""
        known = self._aliases[self.file(node)].resolve(node) if node in self._chunk else ""
        return known or ".".join(chain(node) or ())

    def called(self, call: ast.Call) -> str:
        """The dotted name of what is called; of a method of something unnamed, its own."""
        return self.name(call.func) or (
            call.func.attr if isinstance(call.func, ast.Attribute) else ""
        )

    def last_name(self, call: ast.Call) -> str:
        """The last part of what is called: `cross_entropy`."""
        return self.called(call).rpartition(".")[2]

    def imported(self, name: str, at: ast.AST) -> bool:
        """Whether a name is a module's, or stands for something of one."""
        return name in self._aliases[self.file(at)].table

    def assigned(self, name: str, at: ast.AST) -> list[Value]:
        """What a name was given, as seen from a node; parameters are not followed."""
        file = self.file(at)
        if name.startswith("self."):
            return self._values.get((self.class_of(at), file, name), [])
        scope: ast.AST | None = self.scope(at)
        while scope is not None:
            found = self._values.get((scope, file, name), [])
            if found or name in parameters(scope):
                return found
            scope = self.scope(scope)
        found = self._values.get((None, file, name), [])
        if not found and name not in self._aliases[file].table:
            return []
        if not found:  # imported from another file of the submission
            others = [key for key in self._values if key[0] is None and key[2] == name]
            found = [value for key in others for value in self._values[key]]
        return found

    def values(self, node: ast.expr, depth: int = DEPTH) -> list[Value]:
        """What a name or `self.` attribute may hold, through parameters to their call sites."""
        name = name_of(node)
        if not name or depth == 0:
            return []
        found = self.assigned(name, node)
        scope = self.scope(node)
        if not found and scope is not None and name in parameters(scope):
            for call, argument in self.arguments(scope, name):
                del call
                found = [*found, Value(argument, None, argument)]
        return found

    def arguments(self, function: Function, parameter: str) -> Iterator[tuple[ast.Call, ast.expr]]:
        """What is given for a parameter, over all calls of the function; else its default."""
        names = parameters(function)
        method = names[:1] == ["self"]
        owner = self.class_of(function)
        called = owner.name if owner is not None and function.name == "__init__" else function.name
        position = names.index(parameter) - (1 if method else 0)
        for call in self.calls:
            if self.last_name(call) != called:
                continue
            keyword = next((k.value for k in call.keywords if k.arg == parameter), None)
            if keyword is not None:
                yield call, keyword
            elif 0 <= position < len(call.args) and not any(
                isinstance(a, ast.Starred) for a in call.args[: position + 1]
            ):
                yield call, call.args[position]

    def is_given(self, call: ast.Call, names: Iterable[str]) -> bool:
        """Whether a call's last name is one of those."""
        return self.last_name(call) in set(names)

    def all(self, kind: type[ast.AST]) -> Iterator[Any]:
        """Every node of a kind, in the reading order."""
        return (node for node in self._order if isinstance(node, kind))


def _in_order(tree: ast.AST) -> Iterator[ast.AST]:
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from _in_order(child)


def _count(tree: ast.AST) -> int:
    return sum(1 for _ in _in_order(tree))


def parameters(function: ast.AST) -> list[str]:
    """The names of a function's parameters, in order."""
    if not isinstance(function, Function):
        return []
    given = function.args
    return [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def name_of(node: ast.AST) -> str:
    """`x`, or `self.x`; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    ):
        return f"self.{node.attr}"
    return ""


def text_of(node: ast.AST, limit: int = 100) -> str:
    """An expression as text, shortened."""
    try:
        text = " ".join(ast.unparse(node).split())
    except (ValueError, RecursionError, AttributeError):
        return "…"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
