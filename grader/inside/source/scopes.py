"""Where the student's names are bound: by scope, in the order of the text. No torch."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Binding", "Scope", "Visitor"]

Function = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True, eq=False)
class Binding:
    """One place that gives a name its meaning.

    Attributes:
        kind: `import`, `own`, `value`, `item` (of what is unpacked), `each` (of what is looped
            over), `param` or `other`.
        position: In the order of the text.
        block: First and last position of the branch or loop it is in; None outside of any.
        name: Of what is imported.
        node: The definition, value or parameter.
        index: Of the item.
    """

    kind: str
    position: int
    block: list[int] | None = None
    name: str = ""
    node: ast.AST | None = None
    index: int = 0


@dataclass(eq=False)
class Scope:
    """A module, class, function or comprehension."""

    node: ast.AST | None
    outer: Scope | None
    position: int = 0
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    loops: list[tuple[int, int]] = field(default_factory=list)
    globals: set[str] = field(default_factory=set)
    starred: list[str] = field(default_factory=list)

    @property
    def module(self) -> Scope:
        """The outermost one."""
        scope = self
        while scope.outer is not None:
            scope = scope.outer
        return scope

    @property
    def later(self) -> bool:
        """Whether its text is run some time after it is reached."""
        return isinstance(self.node, Function | ast.Lambda)

    def bind(self, name: str, binding: Binding) -> None:
        """Add a binding."""
        if name in self.globals:
            module = self.module
            never = [-1, -1]
            later = Binding(
                binding.kind, module.position, never, binding.name, binding.node, binding.index
            )
            module.bindings.setdefault(name, []).append(later)
        else:
            self.bindings.setdefault(name, []).append(binding)

    def reaching(self, name: str, position: int) -> list[Binding]:
        """The bindings that a use at a position may see."""
        every = self.bindings.get(name, [])
        seen: list[Binding] = []
        for binding in sorted(every, key=lambda found: found.position):
            if binding.position <= position:
                block = binding.block
                always = block is None or block[0] <= position <= block[1]
                seen = [binding] if always else [*seen, binding]
        for first, last in self.loops:
            if first <= position <= last:
                seen += [b for b in every if first <= b.position <= last and b not in seen]
        return seen


class Visitor(ast.NodeVisitor):
    """Reads trees, one after the other, into scopes.

    Attributes:
        at: Each expression → its scope and position.
        calls: Every call.
        scopes: Each definition → its scope.
        set_attributes: Each attribute that is assigned to, and the value.
        class_of: Each method → its class.
    """

    def __init__(self, module: Scope) -> None:
        self.scope = module
        self.position = 0
        self.block: list[int] | None = None
        self.at: dict[ast.AST, tuple[Scope, int]] = {}
        self.scopes: dict[ast.AST, Scope] = {}
        self.calls: list[ast.Call] = []
        self.set_attributes: list[tuple[ast.Attribute, ast.expr]] = []
        self.class_of: dict[ast.AST, ast.ClassDef] = {}

    def visit(self, node: ast.AST) -> None:
        """Number a node and read it."""
        self.position += 1
        if isinstance(node, ast.expr):
            self.at[node] = (self.scope, self.position)
        if isinstance(node, ast.Call):
            self.calls.append(node)
        super().visit(node)

    def _bind(
        self, bound: str, kind: str, node: ast.AST | None = None, *, name: str = "", index: int = 0
    ) -> None:
        self.position += 1
        self.scope.bind(bound, Binding(kind, self.position, self.block, name, node, index))

    def _target(self, target: ast.expr, value: ast.expr | None, kind: str = "value") -> None:
        if isinstance(target, ast.Name):
            self._bind(target.id, kind if value is not None else "other", value)
        elif isinstance(target, ast.Tuple | ast.List):
            for index, item in enumerate(target.elts):
                if isinstance(item, ast.Name) and value is not None and kind == "value":
                    self._bind(item.id, "item", value, index=index)
                else:
                    self._target(item, None)
        elif isinstance(target, ast.Starred):
            self._target(target.value, None)
        elif isinstance(target, ast.Attribute) and value is not None:
            self.set_attributes.append((target, value))
        self.at[target] = (self.scope, self.position)

    def visit_Import(self, node: ast.Import) -> None:
        """`import a.b` binds `a`."""
        for alias in node.names:
            top = alias.name.split(".", 1)[0]
            whole = alias.name if alias.asname else top
            self._bind(alias.asname or top, "import", name=whole)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """`from a import b`."""
        for alias in node.names:
            module = node.module or ""
            if alias.name == "*":
                self.scope.module.starred.append(module)
            else:
                self._bind(
                    alias.asname or alias.name, "import", name=f"{module}.{alias.name}".strip(".")
                )

    def visit_Assign(self, node: ast.Assign) -> None:
        """The value first, then the names."""
        self.visit(node.value)
        for target in node.targets:
            self.generic_visit(target)
            self._target(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """An annotation alone uses nothing."""
        if node.value is not None:
            self.visit(node.value)
            self.generic_visit(node.target)
            self._target(node.target, node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """The name was there before and stands for something else now."""
        self.generic_visit(node)
        self._target(node.target, None)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """`(x := value)` binds in the function around a comprehension."""
        self.visit(node.value)
        inner = self.scope
        while isinstance(self.scope.node, Comprehension) and self.scope.outer is not None:
            self.scope = self.scope.outer
        self._target(node.target, node.value)
        self.scope = inner

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        """A loop's body may have run before."""
        self.visit(node.iter)
        first = self.position
        self._target(node.target, node.iter, "each")
        self._maybe(node.body)
        self._maybe(node.orelse)
        self.scope.loops.append((first, self.position))

    visit_AsyncFor = visit_For  # noqa: N815

    def visit_While(self, node: ast.While) -> None:
        """As `for`."""
        first = self.position
        self.visit(node.test)
        self._maybe(node.body)
        self._maybe(node.orelse)
        self.scope.loops.append((first, self.position))

    def visit_If(self, node: ast.If) -> None:
        """Either branch."""
        self.visit(node.test)
        self._maybe(node.body)
        self._maybe(node.orelse)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        """Any of its parts."""
        for part in (node.body, node.orelse, node.finalbody):
            self._maybe(part)
        for handler in node.handlers:
            self._maybe([handler])

    visit_TryStar = visit_Try  # noqa: N815

    def visit_Match(self, node: ast.Match) -> None:
        """Any case."""
        self.visit(node.subject)
        for case in node.cases:
            self._maybe([case])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """The type of an exception is only compared with."""
        if node.name:
            self._bind(node.name, "other")
        for statement in node.body:
            self.visit(statement)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """A pattern's name."""
        self.generic_visit(node)
        if node.name:
            self._bind(node.name, "other")

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        """`with a as b`."""
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self._target(item.optional_vars, None)
        for statement in node.body:
            self.visit(statement)

    visit_AsyncWith = visit_With  # noqa: N815

    def visit_Global(self, node: ast.Global) -> None:
        """Names of the module."""
        self.scope.globals |= set(node.names)

    def run_later(self, tree: ast.AST, call: ast.AST) -> None:
        """Read what `exec` is given as if it stood where the call does."""
        scope, position = self.at[call]
        before = (self.scope, self.position)
        self.scope, self.position = scope, position
        self._maybe([tree])
        self.scope, self.position = before[0], max(before[1], self.position)

    def _maybe(self, nodes: Sequence[ast.AST]) -> None:
        outer, block = self.block, [self.position, sys.maxsize]
        self.block = block
        for node in nodes:
            self.visit(node)
        self.block = outer
        block[1] = self.position

    def _inside(self, node: ast.AST) -> tuple[Scope, list[int] | None]:
        before = (self.scope, self.block)
        self.scope = Scope(node, self.scope, self.position)
        self.scopes[node] = self.scope
        self.block = None
        return before

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Decorators and defaults now, the body later; annotations never."""
        for part in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            if part is not None:
                self.visit(part)
        self._bind(node.name, "own", node)
        if isinstance(self.scope.node, ast.ClassDef):
            self.class_of[node] = self.scope.node
        before = self._inside(node)
        self._parameters(node.args)
        for statement in node.body:
            self.visit(statement)
        self.scope, self.block = before

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A function without a name."""
        for part in (*node.args.defaults, *node.args.kw_defaults):
            if part is not None:
                self.visit(part)
        before = self._inside(node)
        self._parameters(node.args)
        self.visit(node.body)
        self.scope, self.block = before

    def _parameters(self, args: ast.arguments) -> None:
        for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs):
            self._bind(arg.arg, "param", arg)
        for rest in (args.vararg, args.kwarg):
            if rest is not None:
                self._bind(rest.arg, "other")

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """The body now."""
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        before = self._inside(node)
        for statement in node.body:
            self.visit(statement)
        self.scope, self.block = before
        self._bind(node.name, "own", node)

    def _comprehension(self, node: Comprehension) -> None:
        before = self._inside(node)
        for part in node.generators:
            self.visit(part.iter)
            self._target(part.target, part.iter, "each")
            for test in part.ifs:
                self.visit(test)
        for result in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(result)
        self.scope, self.block = before

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815
