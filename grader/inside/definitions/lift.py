"""Definitions path: runs what defines things in a submission and nothing that trains.

A small interpreter over the statements of all sources. Imports, classes, functions and cheap
assignments run as they stand, each on its own, so that one failure costs one name. Loops, untaken
branches and function bodies are *sketched*: their cheap assignments run in a copy of the namespace,
only to see which nets the code would build there.
"""

from __future__ import annotations

import ast
import copy
import math
import sys
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..source.sources import is_main_guard
from .cheap import Cheap, assigned_names
from .evaluate import NOTHING, first_items, is_short, run, softened, strings_in, value_of
from .lifted import Candidate, Definitions, Problem, is_module, shapes_of
from .local_modules import LocalModules, module_name
from .scope import Scope
from .sketch import Sketches

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ..source.sources import Chunk, Sources

__all__ = ["Lifter", "lift"]

CANDIDATE_LIMIT = 80
NUMBERS_LIMIT = 300_000_000
"""Parameters of all nets built to look at: 1.2 GB."""
ITERATIONS_EACH = 6
EXACT_ITERATIONS = 2000
DEPTH_LIMIT = 30
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def lift(sources: Sources, main: ModuleType, root: str, kind: type[Cheap] = Cheap) -> Definitions:
    """Lift a submission into `__main__`.

    Args:
        sources: The parsed submission.
        main: The real `__main__` module.
        root: The submission's folder: its own modules are imported from there.
        kind: Judges what may run.
    """
    lifter = Lifter(sources, main, kind)
    finder = LocalModules(sources, root, lifter.load_module)
    sys.meta_path.insert(0, finder)
    lifter.run(root)
    return lifter.found


class Lifter:
    """Interprets one submission's definitions."""

    def __init__(self, sources: Sources, main: ModuleType, kind: type[Cheap] = Cheap) -> None:
        self.sources = sources
        self.main = main
        self.cheap = kind(c.tree for c in sources.chunks if c.tree)
        self.found = Definitions(main.__dict__)
        self.sketches = Sketches(self)
        self._handlers: tuple[tuple[Any, Callable[[Any, Scope], None]], ...] = (
            (ast.Import | ast.ImportFrom, self._import),
            (ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, self._define),
            (ast.If, self._branch),
            (ast.For | ast.AsyncFor | ast.While, self._loop),
            (ast.With | ast.AsyncWith, lambda node, scope: self.block(node.body, scope)),
            (ast.Try | ast.TryStar, self._try),
            (ast.Return, self._returned),
        )
        self._numbers = 0
        self._targets: tuple[str, ...] = ()
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
            if type(self.cheap) is Cheap:  # else only what is at module level is asked for
                self.sketches.run()

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
        for kinds, handle in self._handlers:
            if isinstance(node, kinds):
                handle(node, scope)
                return
        if self.cheap.statement(node):
            self._execute_cheap(node, scope)
        else:
            self._busy(node, scope)

    def _returned(self, node: ast.Return, scope: Scope) -> None:
        if node.value is not None and self.cheap.expression(node.value):
            self._candidate(scope.owner, node.value, scope)
        elif node.value is not None:
            self._inner(node.value, scope)

    def _execute_cheap(self, node: ast.stmt, scope: Scope) -> None:
        self.found.datasets.note_assigned(self, node, scope)
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
            self.found.datasets.note_named(name, value, self._at(node, scope))
            if is_module(value):
                text = ast.unparse(node)
                self._add(Candidate(name, text[:280], value, self._at(node, scope), scope.hints))

    def _busy(self, node: ast.stmt, scope: Scope) -> None:
        """A statement that works: not run, but the nets and calls in it are seen."""
        self._targets = tuple(assigned_names(node))
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._inner(child, scope)
        self._targets = ()
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
                self.sketches.note_call(own, node, scope)
            self.found.datasets.note_call(self, node, dotted, scope, self._targets)
        if isinstance(node, ast.DictComp | ast.ListComp):
            self._comprehension(node, scope)
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._inner(child, scope)
            elif isinstance(child, ast.keyword):
                self._inner(child.value, scope)

    def _comprehension(self, node: ast.DictComp | ast.ListComp, scope: Scope) -> None:
        """`{x: ImageFolder(…, transforms[x]) for x in ["train", "val"]}`: once for each item."""
        first = node.generators[0]
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        items = self.value(first.iter, scope) if self.cheap.expression(first.iter) else ()
        for item in first_items(items, ITERATIONS_EACH) or [NOTHING]:
            once = scope if item is NOTHING else self._bound(first.target, item, scope)
            for part in parts:
                self._inner(part, once)

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
            error = self._run(self._soft(node, scope), scope, annotations=True)
        place = scope.chunk.place(node.lineno)
        if error is not None:
            self._problem(node.name, error, place)
            return
        value = scope.space.get(node.name)
        if isinstance(node, ast.ClassDef) and isinstance(value, type):
            self.found.versions.setdefault(node.name, []).append(value)
            self._methods(node, scope)
        elif isinstance(node, FUNCTIONS):
            self.sketches.functions.append((node, scope))
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
                self.sketches.functions.append((method, scope))

    # Control flow

    def _branch(self, node: ast.If, scope: Scope) -> None:
        if is_main_guard(node):
            self.block(node.body if scope.main else node.orelse, scope)
            return
        hints = tuple(
            n.value
            for n in ast.walk(node.test)
            if isinstance(n, ast.Constant) and isinstance(n.value, str)
        )
        test = self.value(node.test, scope) if self.cheap.expression(node.test) else NOTHING
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
            items = self.value(node.iter, scope)
            if items is not NOTHING and is_short(items, EXACT_ITERATIONS):
                self._execute_cheap(node, scope)
                return
        values: list[Any] = [NOTHING]
        if not isinstance(node, ast.While) and self.cheap.expression(node.iter):
            items = self.value(node.iter, scope)
            values = first_items(items, ITERATIONS_EACH) or [NOTHING]
        for value in values:
            if not self.sketches.may_go_on():
                return
            if value is not NOTHING and not isinstance(node, ast.While):
                self.block(node.body, self._bound(node.target, value, scope))
            else:
                self.block(node.body, scope.sketch())
        self.block(node.orelse, scope.sketch())

    def _bound(self, target: ast.expr, value: Any, scope: Scope) -> Scope:
        """A sketch in which a loop's variable has a value."""
        once = scope.sketch(*strings_in(value))
        once.space["__grader_item__"] = value
        item = ast.copy_location(ast.Name("__grader_item__", ast.Load()), target)
        self._run(ast.copy_location(ast.Assign([target], item), target), once)
        return once

    def _try(self, node: ast.Try | ast.TryStar, scope: Scope) -> None:
        before = len(self.found.problems)
        self.block(node.body, scope)
        if any(p.package for p in self.found.problems[before:]):
            for handler in node.handlers:
                self.block(handler.body, scope)
        else:
            self.block(node.orelse, scope)
        self.block(node.finalbody, scope)

    # Evaluation

    def _run(
        self, node: ast.stmt, scope: Scope, *, annotations: bool = False
    ) -> BaseException | None:
        return run(node, scope.space, scope.chunk.name, annotations=annotations)

    def value(self, node: ast.expr, scope: Scope) -> Any:
        """The value of an expression where it stands, NOTHING when it has none."""
        return value_of(node, scope.space, scope.chunk.name)

    def _soft(self, node: ast.stmt, scope: Scope) -> Any:
        return softened(node, lambda n: self.value(n, scope), self.cheap.statement)

    def _candidate(self, name: str, node: ast.expr, scope: Scope) -> None:
        if len(self.found.candidates) >= CANDIDATE_LIMIT or self._numbers > NUMBERS_LIMIT:
            return
        value = self.value(node, scope)
        if is_module(value):
            text = ast.unparse(node)[:280]
            self._add(Candidate(name, text, value, self._at(node, scope), scope.hints))

    def _add(self, candidate: Candidate) -> None:
        """Keep a net; the same one built again in a loop only adds what it is told apart by."""
        known = self.found.candidates
        shapes = shapes_of(candidate.module)
        for index, other in enumerate(known):
            same = (other.text, other.place) == (candidate.text, candidate.place)
            if other.module is candidate.module or (same and shapes_of(other.module) == shapes):
                hints = tuple(dict.fromkeys((*other.hints, *candidate.hints)))
                known[index] = replace(other, hints=hints)
                return
        self._numbers += sum(map(math.prod, shapes))
        if len(known) < CANDIDATE_LIMIT and self._numbers <= NUMBERS_LIMIT:
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
