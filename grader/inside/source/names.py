"""What a name in the student's source stands for: `nn.Conv2d` is `torch.nn.Conv2d`. No torch."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Aliases", "chain"]


def chain(node: ast.AST) -> list[str] | None:
    """The parts of `a.b.c`, or None when the expression is no plain chain of names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
        return parts[::-1]
    if isinstance(node, ast.Call):  # __import__("torch").nn, importlib.import_module("torch").nn
        module = imported_literal(node)
        if module:
            return module.split(".") + parts[::-1]
    return None


def imported_literal(node: ast.Call) -> str:
    """The module that `__import__("x")` or `import_module("x")` names, else nothing."""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in {"__import__", "import_module"} and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return first.value
    return ""


class Aliases:
    """Local name → dotted name, from imports and plain assignments such as `L = nn.Linear`.

    One table for a whole submission: a name that is imported twice keeps its last meaning.
    """

    def __init__(self, trees: Iterable[ast.AST] = ()) -> None:
        self.table: dict[str, str] = {}
        self.starred: list[str] = []
        for tree in trees:
            self.add(tree)

    def add(self, tree: ast.AST) -> None:
        """Read the imports and aliases of one more tree."""
        self._imports(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target = node.targets[0]
                if isinstance(target, ast.Name) and not isinstance(node.value, ast.Constant):
                    known = self.resolve(node.value)
                    if known and known.split(".", 1)[0] != target.id:
                        self.table.setdefault(target.id, known)

    def _imports(self, tree: ast.AST) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.split(".", 1)[0]
                    self.table[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    if alias.name == "*":
                        self.starred.append(node.module)
                    else:
                        self.table[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def resolve(self, node: ast.AST) -> str:
        """The dotted name that an expression stands for, empty when that cannot be told.

        `getattr(nn, "Conv2d")` is followed too.
        """
        if isinstance(node, ast.Call):
            return self._resolve_call(node)
        parts = chain(node)
        if parts is None:
            if isinstance(node, ast.Attribute):
                base = self.resolve(node.value)
                return f"{base}.{node.attr}" if base else ""
            return ""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Call):
            return ".".join(parts)
        if parts[0] not in self.table:
            return ""
        return ".".join([self.table[parts[0]], *parts[1:]])

    def _resolve_call(self, node: ast.Call) -> str:
        module = imported_literal(node)
        if module:
            return module
        if isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) >= 2:  # noqa: PLR2004
            base = self.resolve(node.args[0])
            name = node.args[1]
            if base and isinstance(name, ast.Constant) and isinstance(name.value, str):
                return f"{base}.{name.value}"
        return ""
