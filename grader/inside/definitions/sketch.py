"""Sees what functions would build: as they are called, else with their defaults."""

from __future__ import annotations

import ast
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .evaluate import NOTHING, strings_in

if TYPE_CHECKING:
    from .lift import Lifter
    from .scope import Scope

__all__ = ["Sketches"]

SKETCH_LIMIT = 400
CALLS_EACH = 8
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Sketches:
    """The functions of a submission and the calls of them that were seen.

    Args:
        lifter: Interprets their bodies.
    """

    def __init__(self, lifter: Lifter) -> None:
        self.functions: list[tuple[Function, Scope]] = []
        self._lifter = lifter
        self._calls: deque[tuple[str, dict[str, Any]]] = deque()
        self._count = 0

    def may_go_on(self) -> bool:
        """Count one more sketch; say whether there may be more."""
        self._count += 1
        return self._count <= SKETCH_LIMIT

    def note_call(self, name: str, node: ast.Call, scope: Scope) -> None:
        """Remember what a function or class is called with, where that is cheap to know."""
        cheap = self._lifter.cheap
        function = cheap.functions.get(name)
        if name in cheap.classes:
            own = [n for n in cheap.classes[name].body if isinstance(n, FUNCTIONS)]
            function = next((n for n in own if n.name == "__init__"), None)
        if function is None:
            return
        names = [a.arg for a in function.args.args]
        names = names[1:] if names[:1] in (["self"], ["cls"]) else names
        given: list[tuple[str, ast.expr]] = list(zip(names, node.args, strict=False))
        given += [(k.arg, k.value) for k in node.keywords if k.arg]
        bound = {}
        for key, expression in given:
            if cheap.expression(expression):
                value = self._lifter.value(expression, scope)
                if value is not NOTHING:
                    bound[key] = value
        calls = self._lifter.found.calls.setdefault(name, [])
        if len(calls) < CALLS_EACH:
            calls.append(bound)
            self._calls.append((name, bound))

    def run(self) -> None:
        """Sketch every function; calls seen meanwhile are sketched too."""
        by_name = {node.name: (node, scope) for node, scope in self.functions}
        done: set[str] = set()
        position = 0
        while self.may_go_on():
            if self._calls:
                name, bound = self._calls.popleft()
                if name in by_name:
                    done.add(name)
                    self._sketch(*by_name[name], bound)
            elif position < len(self.functions):
                node, scope = self.functions[position]
                position += 1
                if node.name not in done:
                    self._sketch(node, scope, {})
            else:
                return

    def _sketch(self, node: Function, scope: Scope, bound: dict[str, Any]) -> None:
        strings = [s for value in bound.values() for s in strings_in(value)]
        inner = replace(scope.sketch(*strings), owner=node.name)
        given = node.args
        plain = [*given.posonlyargs, *given.args]
        late = plain[len(plain) - len(given.defaults) :]
        pairs: list[tuple[ast.arg, ast.expr | None]] = [
            *zip(late, given.defaults, strict=True),
            *zip(given.kwonlyargs, given.kw_defaults, strict=True),
        ]
        for argument, default in pairs:
            value = self._lifter.value(default, scope) if default is not None else NOTHING
            if value is not NOTHING:
                inner.space[argument.arg] = value
        inner.space.update(bound)
        self._lifter.block(node.body, inner)
