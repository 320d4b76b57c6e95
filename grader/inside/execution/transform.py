"""Rewrites loops of student code so that a budget can end them. Pure syntax, no torch.

    for x in loader:        →   for x in __grader_loop__(loader, "train.py:3:4", False):
        …                           …

    while test:             →   for () in __grader_ticks__("train.py:9:4", False):
        …                           if not test: break
                                    …

Every node keeps its line, so tracebacks stay true. The last argument says that the loop stands in
a generator: it feeds another loop, and ending it would raise `StopIteration` in its consumer.
"""

from __future__ import annotations

import ast

__all__ = ["LOOP", "OWN_PREFIX", "TICKS", "Loops", "transform"]

OWN_PREFIX = "__grader_"
LOOP = "__grader_loop__"
TICKS = "__grader_ticks__"


def transform(tree: ast.Module, name: str) -> ast.Module:
    """Wrap every loop of a module, in place.

    Args:
        tree: The syntax tree.
        name: What it is compiled under; with line and column it names each loop.
    """
    new = Loops(name).visit(tree)
    assert isinstance(new, ast.Module)
    return new


class Loops(ast.NodeTransformer):
    """Wraps what loops iterate over.

    Args:
        name: What the code is compiled under.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._in_generator = False

    def visit_For(self, node: ast.For) -> ast.For:
        """Wrap the iterable."""
        self.generic_visit(node)
        node.iter = self._call(LOOP, node, node.iter)
        return node

    def visit_While(self, node: ast.While) -> ast.stmt:
        """Turn it into a `for` over ticks that tests first."""
        self.generic_visit(node)
        if jumps(node.orelse):
            return node  # its `else` leaves an outer loop: rare, and not worth a second form
        test = ast.UnaryOp(ast.Not(), node.test)
        leave = [*node.orelse, ast.Break()]
        new = ast.For(
            target=ast.Tuple([], ast.Store()),  # leaves no name behind
            iter=self._call(TICKS, node),
            body=[ast.If(test, leave, []), *node.body],
            orelse=[],
            type_comment=None,
        )
        for made in (new, new.target, new.body[0], test, leave[-1]):
            ast.copy_location(made, node.test)
        ast.copy_location(new, node)
        return new

    def visit_ListComp(self, node: ast.ListComp) -> ast.ListComp:
        """Wrap: a list of epochs' results is an epoch loop too."""
        self._comprehension(node.generators)
        self.generic_visit(node)
        return node

    def visit_SetComp(self, node: ast.SetComp) -> ast.SetComp:
        """Wrap."""
        self._comprehension(node.generators)
        self.generic_visit(node)
        return node

    def visit_DictComp(self, node: ast.DictComp) -> ast.DictComp:
        """Wrap."""
        self._comprehension(node.generators)
        self.generic_visit(node)
        return node

    def _comprehension(self, generators: list[ast.comprehension]) -> None:
        for generator in generators:
            if not generator.is_async:
                generator.iter = self._call(LOOP, generator.iter, generator.iter)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Remember whether the function yields."""
        self._function(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        """Remember whether the function yields."""
        self._function(node)
        return node

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outer = self._in_generator
        self._in_generator = yields(node.body)
        self.generic_visit(node)
        self._in_generator = outer

    def _call(self, function: str, loop: ast.stmt | ast.expr, *arguments: ast.expr) -> ast.Call:
        place = ast.Constant(f"{self.name}:{loop.lineno}:{loop.col_offset}")
        inside = ast.Constant(self._in_generator)
        call = ast.Call(ast.Name(function, ast.Load()), [*arguments, place, inside], [])
        where = arguments[0] if arguments else loop
        for made in (call, call.func, place, inside):
            ast.copy_location(made, where)
        return call


def yields(body: list[ast.stmt]) -> bool:
    """Whether statements yield, nested functions aside."""
    found: list[ast.AST] = list(body)
    while found:
        node = found.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            found.extend(ast.iter_child_nodes(node))
    return False


def jumps(body: list[ast.stmt]) -> bool:
    """Whether statements break or continue a loop around them."""
    found: list[ast.AST] = list(body)
    inner = (ast.For, ast.AsyncFor, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    while found:
        node = found.pop()
        if isinstance(node, ast.Break | ast.Continue):
            return True
        if not isinstance(node, inner):
            found.extend(ast.iter_child_nodes(node))
    return False
