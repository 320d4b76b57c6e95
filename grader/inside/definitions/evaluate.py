"""Evaluates pieces of a student's source, one at a time; they may raise anything at all."""

from __future__ import annotations
import __future__

import ast
import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NOTHING", "first_items", "is_short", "run", "softened", "strings_in", "value_of"]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class _Nothing:
    """No value: it could not be known without running the student's work."""


NOTHING: Any = _Nothing()


def run(
    node: ast.stmt, space: dict[str, Any], name: str, *, annotations: bool = False
) -> BaseException | None:
    """Execute one statement; give back what it raised.

    Args:
        node: The statement.
        space: Its globals.
        name: The file name that it is compiled under.
        annotations: Whether annotations stay unevaluated.
    """
    flags = __future__.annotations.compiler_flag if annotations else 0
    try:
        code = compile(ast.Module([node], []), name, "exec", flags, dont_inherit=True)
        exec(code, space)  # noqa: S102 - this is the box
    except BaseException as error:
        return error
    return None


def value_of(node: ast.expr, space: dict[str, Any], name: str) -> Any:
    """The value of an expression, NOTHING when it has none."""
    try:
        code = compile(ast.Expression(node), name, "eval", dont_inherit=True)
        return eval(code, space)  # noqa: S307 - this is the box
    except BaseException:
        return NOTHING


def softened(node: Any, value: Callable[[ast.expr], Any], cheap: Callable[[ast.stmt], bool]) -> Any:
    """A definition without decorators, failing defaults and working class attributes."""
    soft = copy.deepcopy(node)
    soft.decorator_list = []
    functions = [soft] if isinstance(soft, FUNCTIONS) else []
    if isinstance(soft, ast.ClassDef):
        soft.body = [
            n for n in soft.body if not isinstance(n, ast.Assign | ast.Expr) or cheap(n)
        ] or [ast.copy_location(ast.Pass(), soft)]
        functions = [n for n in soft.body if isinstance(n, FUNCTIONS)]
    for function in functions:
        for defaults in (function.args.defaults, function.args.kw_defaults):
            for index, default in enumerate(defaults):
                if default is not None and value(default) is NOTHING:
                    defaults[index] = ast.copy_location(ast.Constant(None), default)
    return soft


def first_items(items: Any, count: int) -> list[Any]:
    """The first items of anything that may be iterable."""
    values: list[Any] = []
    try:
        for item in items:
            values.append(item)
            if len(values) >= count:
                break
    except BaseException:
        return values
    return values


def is_short(items: Any, limit: int) -> bool:
    """Whether a sized collection has few items."""
    return hasattr(type(items), "__len__") and len(first_items(items, limit + 1)) <= limit


def strings_in(value: Any) -> list[str]:
    """The strings that a value is or holds."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [part for part in value if isinstance(part, str)]
    return []
