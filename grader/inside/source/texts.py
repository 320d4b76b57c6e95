"""Text and numbers that the student's code makes of constants, as far as can be told. No torch."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from .values import Dotted, Items, Known, Value, arithmetic, computed, short

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NOTHING", "Texts", "Values", "last"]

Values = frozenset[Value]
NOTHING: Values = frozenset()


class Texts:
    """The part of a file's meaning that makes text."""

    def of(self, node: ast.AST) -> Values:
        """What an expression may stand for."""
        raise NotImplementedError

    def sliced(self, whole: Any, key: ast.expr) -> Values:
        """A part of a constant."""
        try:
            if isinstance(key, ast.Slice):
                ends = (key.lower, key.upper, key.step)
                part = whole[slice(*(None if e is None else ast.literal_eval(e) for e in ends))]
            else:
                part = whole[ast.literal_eval(key)]
            return frozenset({Known(part)})
        except (ValueError, TypeError, LookupError, RecursionError):
            return NOTHING

    def text(self, node: ast.BinOp | ast.JoinedStr | ast.FormattedValue) -> Values:
        """What is joined, added or formatted."""
        if isinstance(node, ast.FormattedValue):
            return frozenset() if node.format_spec else self.of(node.value)
        if isinstance(node, ast.JoinedStr):
            parts = self.constants(node.values)
            return NOTHING if parts is None else frozenset({Known("".join(map(str, parts)))})
        found: Values = NOTHING
        for left in self.of(node.left):
            for right in self.of(node.right) or (
                [Items(())] if isinstance(node.op, ast.Mod) else []
            ):
                found |= self._operated(node.op, left, right, node.right)
                found |= self._computed(node.op, left, right)
        return found

    def _computed(self, op: ast.operator, left: Value, right: Value) -> Values:
        if not (isinstance(left, Known) and isinstance(right, Known)):
            return NOTHING
        if not (left.is_number and right.is_number):
            return NOTHING
        made = arithmetic(op, left.value, right.value)
        return NOTHING if made is None else frozenset({Known(made)})

    def _operated(self, op: ast.operator, left: Value, right: Value, node: ast.expr) -> Values:
        if not isinstance(left, Known) or not isinstance(left.value, str | bytes):
            return NOTHING
        whole: Any = left.value
        value: Any = right.value if isinstance(right, Known) else self.constants([node])
        if not (short(whole) and short(value if not isinstance(value, list) else tuple(value))):
            return NOTHING
        if isinstance(op, ast.Add) and type(value) is type(left.value):
            return frozenset({Known(whole + value)})
        if isinstance(op, ast.Mod) and isinstance(left.value, str) and "%s" in left.value:
            try:
                return frozenset({Known(left.value % value)})
            except (TypeError, ValueError):
                return NOTHING
        return NOTHING

    def texts(self, node: ast.AST) -> list[str]:
        """The texts that an expression may be."""
        return [v.value for v in self.of(node) if isinstance(v, Known) and isinstance(v.value, str)]

    def constants(self, nodes: Iterable[ast.AST]) -> list[Any] | None:
        """One constant for each, or None."""
        found = []
        for node in nodes:
            known = self.constant(node)
            if known is None:
                return None
            found.append(known.value)
        return found

    def constant(self, node: ast.AST) -> Known | None:
        """The one constant that it is, or None."""
        if isinstance(node, ast.Tuple | ast.List):
            parts = self.constants(node.elts)
            return None if parts is None else Known(tuple(parts))
        if isinstance(node, ast.ListComp | ast.GeneratorExp) and len(node.generators) == 1:
            return self._mapped(node)
        if isinstance(node, ast.Call) and last(node.func) == "map" and len(node.args) == 2:  # noqa: PLR2004
            return self._each(node)
        values = [value for value in self.of(node) if isinstance(value, Known)]
        return values[0] if len(values) == 1 else None

    def _each(self, node: ast.Call) -> Known | None:
        whole = self.constant(node.args[1])
        names = [v.name for v in self.of(node.args[0]) if isinstance(v, Dotted)]
        if whole is None or not names or not isinstance(whole.value, tuple | str | bytes):
            return None
        made = [computed(names[0], None, [part]) for part in whole.value]
        return Known(tuple(m.value for m in made if m)) if all(made) else None

    def _mapped(self, node: ast.ListComp | ast.GeneratorExp) -> Known | None:
        """`chr(c) for c in (…)`."""
        part, call = node.generators[0], node.elt
        if part.ifs or not isinstance(part.target, ast.Name):
            return None
        simple = isinstance(call, ast.Call) and len(call.args) == 1
        if simple and isinstance(call, ast.Call) and isinstance(call.args[0], ast.Name):
            as_map = ast.Call(ast.Name("map"), [call.func, part.iter], [])
            return self._each(as_map) if call.args[0].id == part.target.id else None
        return None


def last(node: ast.AST) -> str:
    """The name after the last dot."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
