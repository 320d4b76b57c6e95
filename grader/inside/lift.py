"""Definitions path: runs what defines things in a submission and nothing that trains.

A small interpreter over the statements of all sources. Imports, classes, functions and cheap
assignments run as they stand, each on its own, so that one failure costs one name. Loops, untaken
branches and function bodies are *sketched*: their cheap assignments run in a copy of the namespace,
only to see which nets the code would build there.
"""

from __future__ import annotations

import __future__

import ast
import copy
import sys
import warnings
from collections import deque
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .cheap import Cheap, assigned_names
from .definitions import Candidate, Definitions, Problem, is_module
from .local_modules import LocalModules, module_name

if TYPE_CHECKING:
    from .sources import Chunk, Sources

__all__ = ["Lifter", "Scope", "lift"]

CANDIDATE_LIMIT = 80
SKETCH_LIMIT = 400
CALLS_EACH = 8
ITERATIONS_EACH = 6
EXACT_ITERATIONS = 2000
DEPTH_LIMIT = 30
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Scope:
    """Where statements take effect.

    Attributes:
        space: Their globals.
        chunk: The cell or script they stand in.
        main: Whether `if __name__ == "__main__"` holds.
        exact: False in a sketch, whose namespace is a copy.
        hints: Strings that tell this place apart.
        owner: The function that is sketched.
        depth: Of nesting.
    """

    space: dict[str, Any]
    chunk: Chunk
    main: bool = True
    exact: bool = True
    hints: tuple[str, ...] = ()
    owner: str = ""
    depth: int = 0

    def sketch(self, *hints: str) -> Scope:
        """A copy whose statements leave no trace."""
        return replace(
            self,
            space=dict(self.space),
            exact=False,
            hints=(*self.hints, *hints),
            depth=self.depth + 1,
        )


def lift(sources: Sources, main: ModuleType, root: str) -> Definitions:
    """Lift a submission into `__main__`.

    Args:
        sources: The parsed submission.
        main: The real `__main__` module.
        root: The submission's folder: its own modules are imported from there.
    """
    lifter = Lifter(sources, main)
    finder = LocalModules(sources, root, lifter.load_module)
    sys.meta_path.insert(0, finder)
    lifter.run(root)
    return lifter.found


class Lifter:
    """Interprets one submission's definitions."""

    def __init__(self, sources: Sources, main: ModuleType) -> None:
        self.sources = sources
        self.main = main
        self.cheap = Cheap(c.tree for c in sources.chunks if c.tree)
        self.found = Definitions(main.__dict__)
        self._functions: list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, Scope]] = []
        self._calls: deque[tuple[str, dict[str, Any]]] = deque()
        self._sketches = 0
        self._missing_names: dict[str, str] = {}

    def run(self, root: str) -> None:
        """Lift the entry into `__main__`, every other source into a module of its own."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for chunk in self.sources.chunks:
                if chunk.tree is None:
                    continue
                if chunk.file == self.sources.entry:
                    self.block(chunk.tree.body, Scope(self.main.__dict__, chunk))
                else:
                    self._other(chunk, root)
            self._sketch_functions()

    def load_module(self, module: ModuleType, chunk: Chunk) -> None:
        """Fill one of the submission's own modules, as an import of it asks."""
        assert chunk.tree is not None
        self.found.namespaces.append(module.__dict__)
        self.block(chunk.tree.body, Scope(module.__dict__, chunk, main=False))

    def _other(self, chunk: Chunk, root: str) -> None:
        """A notebook or script beside the entry: what it defines is known, too."""
        name = module_name(chunk.file)
        module = sys.modules.get(name) if name else None
        if chunk.cell is None and name and module is None:
            try:
                module = __import__(name, fromlist=["*"])
            except BaseException as error:
                self._problem(name, error, chunk.place())
        own = getattr(module, "__file__", None) == chunk.name
        if module is not None and own:
            scope = Scope(module.__dict__, chunk)
            assert chunk.tree is not None
            for node in chunk.tree.body:  # what only a direct run defines
                if isinstance(node, ast.If):
                    self.statement(node, scope)
            space = module.__dict__
        else:
            key = f"{root}/{chunk.file}"
            space = next(
                (s for s in self.found.namespaces if s.get("__grader_source__") == key), {}
            )
            if not space:
                space.update({"__name__": "__main__", "__grader_source__": key})
                self.found.namespaces.append(space)
            assert chunk.tree is not None
            self.block(chunk.tree.body, Scope(space, chunk))
        for key, value in list(space.items()):
            if not key.startswith("__"):
                self.main.__dict__.setdefault(key, value)

    # Statements

    def block(self, body: list[ast.stmt], scope: Scope) -> None:
        """Lift statements in order."""
        if scope.depth > DEPTH_LIMIT:
            return
        for node in body:
            self.statement(node, scope)

    def statement(self, node: ast.stmt, scope: Scope) -> None:
        """Lift one statement."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, scope)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            self._define(node, scope)
        elif isinstance(node, ast.If):
            self._branch(node, scope)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
            self._loop(node, scope)
        elif isinstance(node, ast.With | ast.AsyncWith):
            self.block(node.body, scope)
        elif isinstance(node, ast.Try | ast.TryStar):
            self._try(node, scope)
        elif isinstance(node, ast.Return):
            if node.value is not None and self.cheap.expression(node.value):
                self._candidate(scope.owner, node.value, scope)
            elif node.value is not None:
                self._inner(node.value, scope)
        elif self.cheap.statement(node):
            self._execute_cheap(node, scope)
        else:
            self._busy(node, scope)

    def _execute_cheap(self, node: ast.stmt, scope: Scope) -> None:
        problem = self._run(node, scope)
        if problem is not None:
            value = getattr(node, "value", None)
            if isinstance(value, ast.expr) and isinstance(node, ast.Assign | ast.AnnAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                name = target.attr if isinstance(target, ast.Attribute) else ""
                if name:  # self.model = Net(): who self is, is unknown in a sketch
                    self._candidate(name, value, scope)
                    return
            for name in assigned_names(node):
                self._problem(name, problem, scope.chunk.place(node.lineno), quiet=True)
            return
        for name in assigned_names(node):
            if scope.exact:
                self.found.places[name] = scope.chunk.place(node.lineno)
            value = scope.space.get(name)
            if is_module(value):
                text = ast.unparse(node)
                self._add(Candidate(name, text[:280], value, self._at(node, scope), scope.hints))

    def _busy(self, node: ast.stmt, scope: Scope) -> None:
        """A statement that works: not run, but the nets and calls in it are seen."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._inner(child, scope)
        for name in assigned_names(node):
            self.found.places.setdefault(name, scope.chunk.place(node.lineno))

    def _inner(self, node: ast.expr, scope: Scope) -> None:
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "")
            dotted = self.cheap.aliases.resolve(node.func)
            own = dotted.rsplit(".", 1)[-1] if dotted else name
            if (
                self.cheap.is_module(own)
                or dotted == "torch.nn.Sequential"
                or dotted.startswith("torchvision.models.")
            ):
                self._candidate(own, node, scope)
                return
            if own in self.cheap.functions or own in self.cheap.classes:
                self._note_call(own, node, scope)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._inner(child, scope)
            elif isinstance(child, ast.keyword):
                self._inner(child.value, scope)

    # Imports and definitions

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            single = copy.copy(node)
            single.names = [alias]
            error = self._run(single, scope)
            if error is None:
                continue
            package = (getattr(node, "module", None) or alias.name).split(".", 1)[0]
            missing = error.name if isinstance(error, ModuleNotFoundError) else ""
            place = scope.chunk.place(node.lineno)
            local = alias.asname or alias.name.split(".", 1)[0]
            if missing:
                package = str(missing).split(".", 1)[0]
                self.found.missing.setdefault(package, place)
                self._missing_names[local] = package
            self._problem(local, error, place, package=package if missing else "")

    def _define(
        self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope
    ) -> None:
        error = self._run(node, scope)
        if error is not None:
            error = self._run(node, scope, annotations=True)
        if error is not None:
            error = self._run(self._softened(node, scope), scope, annotations=True)
        place = scope.chunk.place(node.lineno)
        if error is not None:
            self._problem(node.name, error, place)
            return
        value = scope.space.get(node.name)
        if isinstance(node, ast.ClassDef) and isinstance(value, type):
            self.found.versions.setdefault(node.name, []).append(value)
            self._methods(node, scope)
        elif isinstance(node, FUNCTIONS):
            self._functions.append((node, scope))
        if scope.exact:
            self.found.places[node.name] = place
        else:
            self.found.places.setdefault(node.name, place)
            self.main.__dict__.setdefault(node.name, value)

    def _methods(self, node: ast.ClassDef, scope: Scope) -> None:
        if self.cheap.is_module(node.name):
            return
        for method in node.body:
            if isinstance(method, FUNCTIONS):
                self._functions.append((method, scope))

    def _softened(self, node: Any, scope: Scope) -> Any:
        """The definition without decorators, failing defaults and working class attributes."""
        soft = copy.deepcopy(node)
        soft.decorator_list = []
        functions = [soft] if isinstance(soft, FUNCTIONS) else []
        if isinstance(soft, ast.ClassDef):
            soft.body = [
                n
                for n in soft.body
                if not isinstance(n, ast.Assign | ast.Expr) or self.cheap.statement(n)
            ] or [ast.copy_location(ast.Pass(), soft)]
            functions = [n for n in soft.body if isinstance(n, FUNCTIONS)]
        for function in functions:
            for defaults in (function.args.defaults, function.args.kw_defaults):
                for index, default in enumerate(defaults):
                    if default is not None and self._value(default, scope) is NOTHING:
                        defaults[index] = ast.copy_location(ast.Constant(None), default)
        return soft

    # Control flow

    def _branch(self, node: ast.If, scope: Scope) -> None:
        from .sources import is_main_guard

        if is_main_guard(node):
            self.block(node.body if scope.main else node.orelse, scope)
            return
        hints = tuple(
            n.value
            for n in ast.walk(node.test)
            if isinstance(n, ast.Constant) and isinstance(n.value, str)
        )
        test = self._value(node.test, scope) if self.cheap.expression(node.test) else NOTHING
        if test is not NOTHING:
            try:
                taken = bool(test)
            except BaseException:
                taken = False
            chosen = node.body if taken else node.orelse
            self.block(chosen, replace(scope, hints=(*scope.hints, *(hints if taken else ()))))
            return
        for body, names in ((node.body, hints), (node.orelse, ())):
            branch = scope.sketch(*names)
            self.block(body, branch)
            self._keep(branch, scope)

    def _keep(self, branch: Scope, scope: Scope) -> None:
        """After a branch that may or may not be taken, names that are new stay known."""
        for name, value in branch.space.items():
            scope.space.setdefault(name, value)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, scope: Scope) -> None:
        if isinstance(node, ast.For) and self.cheap.statement(node):
            items = self._value(node.iter, scope)
            if items is not NOTHING and _short(items, EXACT_ITERATIONS):
                self._execute_cheap(node, scope)
                return
        values: list[Any] = [NOTHING]
        if not isinstance(node, ast.While) and self.cheap.expression(node.iter):
            items = self._value(node.iter, scope)
            values = _first(items, ITERATIONS_EACH) or [NOTHING]
        for value in values:
            if self._sketches > SKETCH_LIMIT:
                return
            self._sketches += 1
            once = scope.sketch(*_strings(value))
            if value is not NOTHING and not isinstance(node, ast.While):
                once.space["__grader_item__"] = value
                item = ast.copy_location(ast.Name("__grader_item__", ast.Load()), node)
                bind = ast.copy_location(ast.Assign([node.target], item), node)
                self._run(bind, once)
            self.block(node.body, once)
        self.block(node.orelse, scope.sketch())

    def _try(self, node: ast.Try | ast.TryStar, scope: Scope) -> None:
        before = len(self.found.problems)
        self.block(node.body, scope)
        if any(p.package for p in self.found.problems[before:]):
            for handler in node.handlers:
                self.block(handler.body, scope)
        else:
            self.block(node.orelse, scope)
        self.block(node.finalbody, scope)

    # Functions

    def _note_call(self, name: str, node: ast.Call, scope: Scope) -> None:
        """Remember what a function or class is called with, where that is cheap to know."""
        function = self.cheap.functions.get(name)
        if name in self.cheap.classes:
            function = next(
                (
                    n
                    for n in self.cheap.classes[name].body
                    if isinstance(n, FUNCTIONS) and n.name == "__init__"
                ),
                None,
            )
        if function is None:
            return
        names = [a.arg for a in function.args.args]
        names = names[1:] if names[:1] in (["self"], ["cls"]) else names
        given: list[tuple[str, ast.expr]] = list(zip(names, node.args, strict=False))
        given += [(k.arg, k.value) for k in node.keywords if k.arg]
        bound = {}
        for key, expression in given:
            if self.cheap.expression(expression):
                value = self._value(expression, scope)
                if value is not NOTHING:
                    bound[key] = value
        calls = self.found.calls.setdefault(name, [])
        if len(calls) < CALLS_EACH:
            calls.append(bound)
            self._calls.append((name, bound))

    def _sketch_functions(self) -> None:
        """See what functions would build: as they are called, else with their defaults."""
        by_name = {node.name: (node, scope) for node, scope in self._functions}
        done: set[str] = set()
        position = 0
        while self._sketches <= SKETCH_LIMIT:
            if self._calls:
                name, bound = self._calls.popleft()
                if name in by_name:
                    done.add(name)
                    self._sketch(*by_name[name], bound)
            elif position < len(self._functions):
                node, scope = self._functions[position]
                position += 1
                if node.name not in done:
                    self._sketch(node, scope, {})
            else:
                return

    def _sketch(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef,
        scope: Scope,
        bound: dict[str, Any],
    ) -> None:
        self._sketches += 1
        strings = [s for value in bound.values() for s in _strings(value)]
        inner = replace(scope.sketch(*strings), owner=node.name)
        arguments = node.args
        plain = [*arguments.posonlyargs, *arguments.args]
        pairs = list(
            zip(plain[len(plain) - len(arguments.defaults) :], arguments.defaults, strict=True)
        )
        pairs += [
            (a, d)
            for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if d is not None
        ]
        for argument, default in pairs:
            value = self._value(default, scope)
            if value is not NOTHING:
                inner.space[argument.arg] = value
        inner.space.update(bound)
        self.block(node.body, inner)

    # Evaluation

    def _run(
        self, node: ast.stmt, scope: Scope, *, annotations: bool = False
    ) -> BaseException | None:
        """Execute one statement; student code may raise anything at all."""
        flags = __future__.annotations.compiler_flag if annotations else 0
        try:
            tree = ast.Module([node], [])
            code = compile(tree, scope.chunk.name, "exec", flags, dont_inherit=True)
            exec(code, scope.space)  # noqa: S102 - this is the box
        except BaseException as error:
            return error
        return None

    def _value(self, node: ast.expr, scope: Scope) -> Any:
        try:
            code = compile(ast.Expression(node), scope.chunk.name, "eval", dont_inherit=True)
            return eval(code, scope.space)  # noqa: S307 - this is the box
        except BaseException:
            return NOTHING

    def _candidate(self, name: str, node: ast.expr, scope: Scope) -> None:
        if len(self.found.candidates) >= CANDIDATE_LIMIT:
            return
        value = self._value(node, scope)
        if is_module(value):
            text = ast.unparse(node)[:280]
            self._add(Candidate(name, text, value, self._at(node, scope), scope.hints))

    def _add(self, candidate: Candidate) -> None:
        known = self.found.candidates
        if len(known) < CANDIDATE_LIMIT and all(k.module is not candidate.module for k in known):
            known.append(candidate)

    def _at(self, node: ast.AST, scope: Scope) -> dict[str, Any]:
        return scope.chunk.place(getattr(node, "lineno", None))

    def _problem(
        self,
        name: str,
        error: BaseException,
        place: dict[str, Any],
        *,
        package: str = "",
        quiet: bool = False,
    ) -> None:
        needed = getattr(error, "name", None) if isinstance(error, NameError) else None
        package = package or self._missing_names.get(str(needed), "")
        if package:
            self._missing_names.setdefault(name, package)
        if quiet and not package:
            return
        message = str(error)[:500]
        self.found.problems.append(Problem(name, type(error).__name__, message, place, package))


class _Nothing:
    """No value: it could not be known without running the student's work."""


NOTHING: Any = _Nothing()


def _first(items: Any, count: int) -> list[Any]:
    values = []
    try:
        for item in items:
            values.append(item)
            if len(values) >= count:
                break
    except BaseException:
        return values
    return values


def _short(items: Any, limit: int) -> bool:
    return len(_first(items, limit + 1)) <= limit and hasattr(type(items), "__len__")


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [part for part in value if isinstance(part, str)]
    return []
