"""What expressions in a student's file stand for, through every alias the text shows. No torch.

Follows imports, assignments, attributes of classes and objects, arguments, constant text that is
put together, `getattr`, `vars`, `globals()`, `sys.modules`, `import_module`, `eval` and `exec`.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

from .scopes import Binding, Function, Scope, Visitor
from .texts import NOTHING, Texts, Values, last
from .values import Dotted, Getter, Items, Known, Made, Names, Own, Value, computed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Meaning"]

MOST_VALUES = 12
DEEPEST = 40
EXPANSIONS = 200
ROUNDS = 3
LOADERS = {"builtins.__import__", "importlib.import_module", "importlib.__import__"}
READERS = {"builtins.getattr", "inspect.getattr_static", "builtins.object.__getattribute__"}
LOCATORS = {"pydoc.locate", "pkgutil.resolve_name", "importlib.import_module"}
NAMESPACES = {"builtins.globals", "builtins.locals"}
PASSING = {"functools.partial", "functools.wraps", "builtins.staticmethod", "builtins.classmethod"}
PASSING |= {"builtins.property", "functools.cache", "functools.partialmethod", "copy.copy"}
PASSING |= {"copy.deepcopy", "builtins.iter", "builtins.next", "builtins.compile", "builtins.list"}


class Meaning(Texts):
    """One file: a script, or all cells of a notebook in their order.

    Args:
        trees: Its trees, in the order in which they are run.
        files: The student's other files by module name.
    """

    def __init__(self, trees: Iterable[ast.AST], files: dict[str, Meaning] | None = None) -> None:
        self.files = files if files is not None else {}
        self.module = Scope(None, None)
        self.visitor = Visitor(self.module)
        self.reached: set[ast.AST] | None = None
        """Where calls give parameters their values; None: everywhere."""
        self._memo: dict[ast.AST, Values] = {}
        self._depth = 0
        self.expanded: dict[ast.Call, ast.AST] = {}
        self._readings: dict[type[ast.AST], Callable[[Any], Iterable[Value]]] = {
            ast.Constant: lambda node: [Known(node.value)],
            ast.Name: self._of_name,
            ast.Attribute: lambda node: self.attributes(self.of(node.value), node.attr),
            ast.Call: self._called,
            ast.Subscript: self._item,
            ast.UnaryOp: self._of_sign,
            ast.IfExp: lambda node: self.of(node.body) | self.of(node.orelse),
            ast.BoolOp: lambda node: NOTHING.union(*map(self.of, node.values)),
            ast.NamedExpr: lambda node: self.of(node.value),
            ast.Await: lambda node: self.of(node.value),
            ast.Starred: lambda node: self.of(node.value),
            ast.Tuple: self._of_items,
            ast.List: self._of_items,
            ast.Dict: self._of_pairs,
            ast.Lambda: lambda node: [Own(node)],
            ast.ListComp: self._of_each,
            ast.GeneratorExp: self._of_each,
        }
        self.trees = tuple(trees)
        for tree in self.trees:
            self.visitor.visit(tree)
        self._expand()

    def of(self, node: ast.AST) -> Values:
        """What an expression may stand for; nothing when that cannot be told."""
        if node in self._memo:
            return self._memo[node]
        home = self._home(node)
        if home is not self:
            return home.of(node)
        if self._depth > DEEPEST:
            return NOTHING
        self._memo[node] = NOTHING  # a name that stands for itself
        self._depth += 1
        try:
            found = frozenset(list(self._of(node))[:MOST_VALUES])
        finally:
            self._depth -= 1
        self._memo[node] = found
        return found

    def _home(self, node: ast.AST) -> Meaning:
        if node in self.visitor.at or node in self.visitor.scopes:
            return self
        every = self.files.values()
        return next((f for f in every if node in f.visitor.at or node in f.visitor.scopes), self)

    def forget(self, reached: set[ast.AST] | None) -> None:
        """Look anew, with the calls in these nodes only."""
        self.reached = reached
        self._memo.clear()

    def _of(self, node: ast.AST) -> Iterable[Value]:
        kinds = (ast.BinOp, ast.JoinedStr, ast.FormattedValue)
        if isinstance(node, kinds):
            return self.text(node)
        reading = self._readings.get(type(node))
        return NOTHING if reading is None else reading(node)

    def _of_name(self, node: ast.Name) -> Values:
        scope, position = self.visitor.at.get(node, (self.module, self.visitor.position))
        return self.named(node.id, scope, position)

    def _of_sign(self, node: ast.UnaryOp) -> Iterable[Value]:
        values = self.of(node.operand) if isinstance(node.op, ast.USub) else NOTHING
        return [Known(-v.value) for v in values if isinstance(v, Known) and v.is_number]

    def _of_items(self, node: ast.Tuple | ast.List) -> Iterable[Value]:
        constant = self.constant(node)
        return [constant] if constant and node.elts else [Items(tuple(enumerate(node.elts)))]

    def _of_pairs(self, node: ast.Dict) -> Iterable[Value]:
        pairs = zip(node.keys, node.values, strict=True)
        return [Items(tuple((k.value, v) for k, v in pairs if isinstance(k, ast.Constant)))]

    def _of_each(self, node: ast.ListComp | ast.GeneratorExp) -> Iterable[Value]:
        constant = self.constant(node)
        return [constant] if constant else self.of(node.elt)

    # Names

    def named(self, name: str, scope: Scope, position: int) -> Values:
        """What a name may stand for at a position of a scope."""
        here: Scope | None = scope
        if name in scope.globals:
            here = scope.module
        start = True
        while here is not None:
            if name in here.bindings and (start or not isinstance(here.node, ast.ClassDef)):
                seen = here.reaching(name, position)
                found = self._bound(seen or here.bindings[name], here)
                if not start and seen:
                    after = [b for b in here.bindings[name] if b not in seen]
                    found |= frozenset(map(_doubtful, self._bound(after, here)))
                return found
            # a function sees the names around it as they are later
            position = here.position
            start = start and not here.later
            here = here.outer
        if hasattr(builtins, name):
            return frozenset({Dotted(f"builtins.{name}")})
        starred: Values = NOTHING
        for module in scope.module.starred:
            starred |= self._imported(f"{module}.{name}")
        return starred

    def _bound(self, bindings: Iterable[Binding], scope: Scope) -> Values:
        found: Values = NOTHING
        for binding in bindings:
            found |= self._binding(binding, scope)
        return found

    def _binding(self, binding: Binding, scope: Scope) -> Values:
        node = binding.node
        if binding.kind == "import":
            return self._imported(binding.name)
        if binding.kind == "own" and node is not None:
            return frozenset({Own(node)})
        if binding.kind == "value" and node is not None:
            return self.of(node)
        if binding.kind in {"item", "each"} and node is not None:
            return self._part(node, binding.index if binding.kind == "item" else None)
        if binding.kind == "param" and isinstance(node, ast.arg):
            return self._parameter(node, scope)
        return NOTHING

    def _imported(self, name: str) -> Values:
        """A library's thing, or that of a file of the student's."""
        module, _, rest = name.rpartition(".")
        for path, attribute in ((name, ""), (module, rest)):
            file = self.files.get(path)
            if file is not None and file is not self and attribute:
                return file.named(attribute, file.module, file.visitor.position)
        return frozenset({Dotted(name)})

    def _part(self, node: ast.AST, index: int | None) -> Values:
        if isinstance(node, ast.Tuple | ast.List) and index is not None:
            return self.of(node.elts[index]) if index < len(node.elts) else NOTHING
        found: Values = NOTHING
        for value in self.of(node):
            if isinstance(value, Items):
                for key, item in value.pairs:
                    if index is None or key == index:
                        found |= self.of(item)
            elif isinstance(value, Known) and isinstance(value.value, tuple | str):
                parts: list[Any] = list(value.value)[:MOST_VALUES]
                chosen = parts if index is None else parts[index : index + 1]
                found |= {Known(part) for part in chosen}
        return found

    def _parameter(self, arg: ast.arg, scope: Scope) -> Values:
        function = scope.node
        assert isinstance(function, Function | ast.Lambda)
        args = function.args
        every = [*args.posonlyargs, *args.args]
        owner = self.visitor.class_of.get(function)
        if owner is not None and every and arg is every[0] and not _static(function):
            return frozenset({Made(owner)})
        found: Values = NOTHING
        defaults = dict(zip(every[len(every) - len(args.defaults) :], args.defaults, strict=True))
        named = zip(args.kwonlyargs, args.kw_defaults, strict=True)
        defaults |= {a: default for a, default in named if default is not None}
        if arg in defaults:
            found |= self.of(defaults[arg])
        if isinstance(function, ast.Lambda):
            return found
        index = every.index(arg) if arg in every else None
        if owner is not None and index is not None and not _static(function):
            index -= 1
        wanted = owner.name if owner is not None and function.name == "__init__" else function.name
        for call in self.visitor.calls:
            if last(call.func) == wanted and self._counts(call, function):
                found |= self._argument(call, arg.arg, index)
        return found

    def _counts(self, call: ast.Call, function: ast.AST) -> bool:
        return self.reached is None or call in self.reached or function in self.reached

    def _argument(self, call: ast.Call, name: str, index: int | None) -> Values:
        for keyword in call.keywords:
            if keyword.arg == name:
                return self.of(keyword.value)
        if index is None or not 0 <= index < len(call.args):
            return NOTHING
        spread = any(isinstance(a, ast.Starred) for a in call.args[: index + 1])
        return NOTHING if spread else self.of(call.args[index])

    # Attributes

    def attributes(self, values: Values, name: str) -> Values:
        """What an attribute of any of the values may stand for."""
        found: Values = NOTHING
        for value in values:
            if isinstance(value, Dotted):
                found |= self._of_library(value, name)
            elif isinstance(value, Own | Made) and isinstance(value.node, ast.ClassDef):
                found |= self.member(value.node, name)
            elif isinstance(value, Own) and name == "__wrapped__":
                found |= {value}
        return found

    def _of_library(self, value: Dotted, name: str) -> Values:
        if name == "__dict__":
            return frozenset({Names(value)})
        of_partial = name == "func" and value.name != "torch"  # torch.func is a module
        if of_partial or name in {"__call__", "__func__", "__class__", "__wrapped__"}:
            return frozenset({value})
        file = self.files.get(value.name)
        if file is not None and file is not self:
            return file.named(name, file.module, file.visitor.position)
        return frozenset({Dotted(f"{value.name}.{name}", value.sure, value.made)})

    def member(self, owner: ast.ClassDef, name: str, depth: int = 0) -> Values:
        """What an attribute of a class of the student's, or of its objects, is."""
        home = self._home(owner)
        if home is not self:
            return home.member(owner, name, depth)
        found: Values = NOTHING
        scope = self.visitor.scopes.get(owner)
        if scope is not None and name in scope.bindings:
            found |= self._bound(scope.bindings[name], scope)
        for target, assigned in self.visitor.set_attributes:
            if target.attr == name and self._is_of(target.value, owner):
                found |= self.of(assigned)
        if not found and depth < 5:  # noqa: PLR2004 - deep enough for any homework
            for base in owner.bases:
                for value in self.of(base):
                    if isinstance(value, Own) and isinstance(value.node, ast.ClassDef):
                        found |= self.member(value.node, name, depth + 1)
        return found

    def _is_of(self, node: ast.AST, owner: ast.ClassDef) -> bool:
        return any(isinstance(value, Own | Made) and value.node is owner for value in self.of(node))

    # Calls

    def _called(self, node: ast.Call) -> Values:
        found: Values = NOTHING
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if method and isinstance(node.func, ast.Attribute):
            receiver = self.of(node.func.value)
            found |= self._method(node, method, receiver)
        for value in self.of(node.func):
            if isinstance(value, Dotted):
                found |= self._library_call(node, value)
            elif isinstance(value, Getter) and node.args:
                found |= self.path(self.of(node.args[0]), value.path)
            elif isinstance(value, Own):
                found |= self._own_call(value.node)
        return found

    def _method(self, node: ast.Call, method: str, receivers: Values) -> Values:
        found: Values = NOTHING
        arguments = self.constants(node.args)
        for receiver in receivers:
            if isinstance(receiver, Known) and arguments is not None and not node.keywords:
                made = computed(f".{method}", receiver.value, arguments)
                found |= {made} if made else NOTHING
            elif isinstance(receiver, Names | Items) and method in {"get", "pop", "__getitem__"}:
                found |= self._looked_up(receiver, node.args[0] if node.args else None)
            elif isinstance(receiver, Items) and method == "values":
                found |= frozenset().union(*(self.of(item) for _, item in receiver.pairs))
            elif method in {"__getattribute__", "__getattr__"} and node.args:
                for text in self.texts(node.args[-1]):
                    found |= self.attributes(frozenset({receiver}), text)
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
            inner = node.func.value  # "".join(...) of what is no constant alone
            if method == "get" and last(inner.func) == "modules" and node.args:
                found |= {Dotted(text) for text in self.texts(node.args[0])}
        return found

    def _library_call(self, node: ast.Call, value: Dotted) -> Values:
        name, args = value.name, node.args
        found: Values = NOTHING
        if name in LOADERS and args:
            for text in self.texts(args[0]):
                found |= self._loaded(node, name, text)
        elif name in READERS and len(args) > 1:
            for text in self.texts(args[1]):
                found |= self.attributes(self.of(args[0]), text)
            found |= self.of(args[2]) if len(args) > 2 else NOTHING  # noqa: PLR2004
        elif name in LOCATORS and args:
            found |= {Dotted(text.replace(":", ".")) for text in self.texts(args[0])}
        else:
            found |= self._reflected(node, name)
        if not found and not node.keywords and (constants := self.constants(args)) is not None:
            made = computed(name, None, constants)
            found |= {made} if made else NOTHING
        if not found and not value.made and name.rpartition(".")[2][:1].isupper():
            found |= {Dotted(name, value.sure, made=True)}
        return found

    def _reflected(self, node: ast.Call, name: str) -> Values:
        args = node.args
        found: Values = NOTHING
        if name == "builtins.vars" and args:
            found |= {Names(v) for v in self.of(args[0]) if isinstance(v, Dotted)}
        elif name in NAMESPACES or name == "builtins.vars":
            found |= {Names(None)}
        elif name == "sys.modules.get" and args:
            found |= {Dotted(text) for text in self.texts(args[0])}
        elif name == "operator.attrgetter" and args:
            found |= {Getter(text) for text in self.texts(args[0])}
        elif name == "builtins.eval" and node in self.expanded:
            inner = self.expanded[node]
            found |= self.of(inner.body) if isinstance(inner, ast.Expression) else NOTHING
        elif name in PASSING and args:
            found |= self.of(args[0])
        elif name == "builtins.super":
            found |= self._above(node)
        return found

    def _loaded(self, node: ast.Call, name: str, text: str) -> Values:
        if text.startswith(".") and len(node.args) > 1:
            return frozenset(
                Dotted(f"{package}.{text.lstrip('.')}") for package in self.texts(node.args[1])
            )
        if name == "builtins.__import__" and len(node.args) < 4 and not node.keywords:  # noqa: PLR2004
            return frozenset({Dotted(text.split(".", 1)[0])})
        return frozenset({Dotted(text)})

    def _own_call(self, node: ast.AST) -> Values:
        if isinstance(node, ast.ClassDef):
            return frozenset({Made(node)})
        if isinstance(node, ast.Lambda):
            return self.of(node.body)
        found: Values = NOTHING
        for inner in ast.walk(node):
            if isinstance(inner, ast.Return) and inner.value is not None:
                found |= frozenset(
                    v for v in self.of(inner.value) if not isinstance(v, Dotted) or not v.made
                )
        return found

    def _above(self, node: ast.Call) -> Values:
        scope: Scope | None = self.visitor.at.get(node, (self.module, 0))[0]
        while scope is not None and not isinstance(scope.node, ast.ClassDef):
            scope = scope.outer
        if scope is None or not isinstance(scope.node, ast.ClassDef):
            return NOTHING
        return frozenset().union(*map(self.of, scope.node.bases))

    def path(self, values: Values, path: str) -> Values:
        """An attribute of an attribute."""
        for part in path.split("."):
            values = self.attributes(values, part)
        return values

    # Items

    def _item(self, node: ast.Subscript) -> Values:
        found: Values = NOTHING
        for value in self.of(node.value):
            if isinstance(value, Dotted) and value.name == "sys.modules":
                found |= {Dotted(text) for text in self.texts(node.slice)}
            elif isinstance(value, Names | Items):
                found |= self._looked_up(value, node.slice)
            elif isinstance(value, Known):
                found |= self.sliced(value.value, node.slice)
        return found

    def _looked_up(self, value: Names | Items, key: ast.expr | None) -> Values:
        found: Values = NOTHING
        if key is None:
            return found
        keys = [k.value for k in self.of(key) if isinstance(k, Known)]
        if isinstance(value, Items):
            chosen = [item for known, item in value.pairs if not keys or known in keys]
            return frozenset().union(*map(self.of, chosen))
        for text in keys:
            if not isinstance(text, str):
                continue
            if value.of is not None:
                found |= self.attributes(frozenset({value.of}), text)
            else:
                found |= self.named(text, self.module, self.visitor.position)
        return found

    # Text that is run

    def _expand(self) -> None:
        """Read what `eval` and `exec` are given, in the scope where it runs."""
        for _ in range(ROUNDS):
            before = len(self.expanded)
            for call in list(self.visitor.calls):
                if call not in self.expanded and len(self.expanded) < EXPANSIONS:
                    self._expand_call(call)
            self._memo.clear()
            if len(self.expanded) == before:
                return

    def _expand_call(self, call: ast.Call) -> None:
        if not call.args or last(call.func) in {"compile", "print"}:
            return
        runs = {"builtins.eval": "eval", "builtins.exec": "exec"}
        for value in self.of(call.func):
            mode = runs.get(value.name) if isinstance(value, Dotted) else None
            for text in self.texts(call.args[0]) if mode else ():
                try:
                    tree = ast.parse(text.strip(), mode=str(mode))
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    continue
                for node in ast.walk(tree):
                    if hasattr(node, "lineno"):
                        node.lineno = call.lineno
                self.expanded[call] = tree
                self.visitor.run_later(tree, call)


def _doubtful(value: Value) -> Value:
    return Dotted(value.name, sure=False, made=value.made) if isinstance(value, Dotted) else value


def _static(node: ast.AST) -> bool:
    marks = getattr(node, "decorator_list", [])
    return any(last(mark) == "staticmethod" for mark in marks)
