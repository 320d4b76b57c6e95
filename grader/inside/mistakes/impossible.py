"""Stored results that the code above them cannot give.

Only stored outputs of notebooks are looked at, and only where everything that may print is seen.
Three things are certain: a line that no print in reach writes; an epoch that no loop in reach gets
to; a share of right answers that is no whole number of them. Numbers in texts and reports, results
of other packages, and what a run alone could tell are left to `claim.matches`.
"""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from .chaining import constant
from .detector import Detector
from .program import name_of, parameters, text_of
from .stored import cells_with_outputs, is_count, prints_of, shown_by, writes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..source.sources import Chunk
    from .program import Function, Program
    from .stored import Printed

__all__ = ["NUMBER_NOT_OF_THIS_CODE"]

RESULT = re.compile(
    r"(?<![a-z])(?:acc|accuracy|error|loss|nll)(?![a-z])[^\d\n]{0,25}[:=]\s*\d*\.\d+", re.IGNORECASE
)
OF_A_VALUE = re.compile(r"""[{(\[]\s*['"]|['"]\s*:|\w\(\w+=|warning|it/s|s/it""", re.IGNORECASE)
"""Lines that show a value (`{'acc': 0.9}`), a warning or a progress bar."""
EPOCH = re.compile(r"^\W*epoch\W{0,3}(\d+)", re.IGNORECASE)
BEFORE_EPOCH = re.compile(r"epoch\W{0,3}$", re.IGNORECASE)
FEWEST = 20
DEPTH = 5
ROUNDING = 1e-6
"""Of float32, as a share."""


def find(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Cells whose stored outputs they cannot have written."""
    for chunk, lines in cells_with_outputs(program):
        prints = prints_of(program, chunk)
        if prints is None or chunk.tree is None:
            continue
        yield from _not_printed(chunk, lines, prints)
        yield from _too_many_epochs(program, chunk, lines, prints)
        yield from _no_share(program, lines, prints)


def _not_printed(
    chunk: Chunk, lines: list[str], prints: list[Printed]
) -> Iterator[tuple[ast.AST, str]]:
    assert chunk.tree is not None
    if any(k.arg in {"end", "sep"} for call in prints for k in call.keywords):
        return  # a line may be of several prints
    for line in lines:
        if not RESULT.search(line) or OF_A_VALUE.search(line):
            continue
        if not any(writes(call, line) for call in prints):
            said = f"the stored output says `{line.strip()[:120]}`"
            yield _first(chunk.tree), f"{said}, and no print that this cell reaches writes that"
            return


def _first(tree: ast.Module) -> ast.AST:
    return tree.body[0] if tree.body else tree


def _too_many_epochs(
    program: Program, chunk: Chunk, lines: list[str], prints: list[Printed]
) -> Iterator[tuple[ast.AST, str]]:
    """`Epoch 50` below loops of 20 epochs."""
    assert chunk.tree is not None
    seen = [(int(found[1]), line) for line in lines if (found := EPOCH.match(line))]
    if not seen:
        return
    number, line = max(seen)
    writing = [call for call in prints if writes(call, line)]
    lasts = [_last_epoch(program, call) for call in writing]
    known = [last for last in lasts if last is not None]
    if writing and len(known) == len(lasts) and number > max(known):
        said = f"the stored output says `{line.strip()[:80]}`"
        yield writing[0], f"{said}, and the last number that this loop prints is {max(known)}"


def _last_epoch(program: Program, call: Printed) -> int | None:
    """The largest epoch that a print can name; None when that cannot be told."""
    node = _after_epoch(call)
    more = 0
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        added = constant(program, node.right)
        if added is None:
            return None
        node, more = node.left, added
    loop = next(
        (
            loop
            for loop in program.loops(call)
            if isinstance(loop, ast.For) and node is not None and name_of(loop.target)
            and name_of(loop.target) == name_of(node)
        ),
        None,
    )  # fmt: skip
    if loop is None:
        return None
    walked = loop.iter
    if isinstance(walked, ast.Call) and program.last_name(walked) == "tqdm" and walked.args:
        walked = walked.args[0]
    if not isinstance(walked, ast.Call) or program.last_name(walked) not in {"range", "trange"}:
        return None
    changed = any(name_of(n.target) == name_of(loop.target) for n in program.all(ast.AugAssign))
    if changed or not 1 <= len(walked.args) <= 2:  # noqa: PLR2004 - with a step it may run down
        return None
    ends = _whole(program, walked.args[1] if len(walked.args) > 1 else walked.args[0])
    return max(ends) - 1 + more if ends else None


def _after_epoch(call: Printed) -> ast.expr | None:
    """The value right after the word: `f"Epoch {epoch + 1}"`, `print("epoch", e)`."""
    parts: list[ast.expr] = []
    for argument in call.args:
        parts += argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    for before, part in pairwise(parts):
        if (
            isinstance(before, ast.Constant)
            and isinstance(before.value, str)
            and BEFORE_EPOCH.search(before.value.rstrip())
        ):
            return part.value if isinstance(part, ast.FormattedValue) else part
    return None


def _whole(  # noqa: PLR0911 - one case a form of code
    program: Program, node: ast.expr, depth: int = DEPTH
) -> set[int] | None:
    """Every whole number that an expression may be; None when one of them cannot be told."""
    plain = constant(program, node)
    if plain is not None:
        return {plain}
    if depth == 0:
        return None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = (_whole(program, n, depth - 1) for n in (node.left, node.right))
        return {a + b for a in left for b in right} if left and right else None
    name = name_of(node)
    if not name or any(name_of(n.target) == name for n in program.all(ast.AugAssign)):
        return None
    scope = program.scope(node)
    values = program.assigned(name, node)
    if not values and scope is not None and name in parameters(scope):
        given = _given(program, scope, name)
        return _all(program, given, depth) if given else None
    if any(value.loop or value.index is not None for value in values):
        return None
    return _all(program, [value.expression for value in values], depth)


def _all(program: Program, nodes: list[ast.expr], depth: int) -> set[int] | None:
    each = [_whole(program, node, depth - 1) for node in nodes]
    return set().union(*(e for e in each if e)) if each and all(each) else None


def _given(program: Program, function: Function, name: str) -> list[ast.expr] | None:
    """What all calls give for a parameter, and its default; None when one hides it."""
    owner = program.class_of(function)
    called = owner.name if owner is not None and function.name == "__init__" else function.name
    calls = [call for call in program.calls if program.last_name(call) == called]
    hidden = any(
        any(isinstance(a, ast.Starred) for a in call.args)
        or any(k.arg is None for k in call.keywords)
        for call in calls
    )
    named = [n.id for n in program.all(ast.Name)] + [n.attr for n in program.all(ast.Attribute)]
    twice = len(program.functions.get(function.name, [])) > 1
    if hidden or twice or not calls or named.count(called) > len(calls):
        return None  # also handed on by its name, or defined twice
    found = [argument for _, argument in program.arguments(function, name)]
    given = function.args
    positional = [*given.posonlyargs, *given.args][::-1]
    defaults: list[tuple[ast.arg, ast.expr | None]] = [
        *zip(positional, given.defaults[::-1], strict=False),
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    ]
    found += [d for argument, d in defaults if argument.arg == name and d is not None]
    return found


def _no_share(
    program: Program, lines: list[str], prints: list[Printed]
) -> Iterator[tuple[ast.AST, str]]:
    """`Accuracy: 0.98337` for `correct / 10000`."""
    for call in prints:
        for shown in (n for a in call.args for n in ast.walk(a)):
            if not isinstance(shown, ast.FormattedValue):
                continue
            share = _share(program, shown)
            if share is None:
                continue
            count, factor = share
            for line in lines:
                if sum(writes(other, line) for other in prints) != 1:
                    continue
                number = shown_by(call, shown.value, line)
                if number and not _is_share(number, count, factor):
                    said = f"the stored output says `{line.strip()[:80]}`"
                    of = f"`{text_of(shown.value, 40)}` is a whole number of {count}"
                    yield call, f"{said}; {of}, and none gives {number}"
                    return


def _share(program: Program, shown: ast.FormattedValue) -> tuple[int, int] | None:
    """Of how many, and 100 for percent, when the value is a count of right answers over them."""
    node: ast.expr = shown.value
    if name_of(node):
        values = program.assigned(name_of(node), node)
        if len(values) != 1 or values[0].index is not None or values[0].loop:
            return None
        node = values[0].expression
    spec = shown.format_spec
    percent = spec is not None and text_of(spec).rstrip("'\"").endswith("%")
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
        return None
    factor, top = 100 if percent else 1, node.left
    if isinstance(top, ast.BinOp) and isinstance(top.op, ast.Mult):
        sides = [top.left, top.right]
        hundred = [s for s in sides if isinstance(s, ast.Constant) and s.value == 100]  # noqa: PLR2004
        rest = [s for s in sides if s not in hundred]
        if len(hundred) != 1 or len(rest) != 1:
            return None
        factor, top = factor * 100, rest[0]
    count = constant(program, node.right)
    return (count, factor) if count and count > FEWEST and is_count(program, top) else None


def _is_share(text: str, count: int, factor: int) -> bool:
    """Whether a number, as precise as it is printed, is a whole number of `count`."""
    value = float(text)
    decimals = len(text.partition(".")[2]) if "e" not in text.lower() else 0
    slack: float = 0.5 * 10.0**-decimals + ROUNDING * factor
    nearest = round(value / factor * count)
    return abs(value - factor * nearest / count) <= slack


NUMBER_NOT_OF_THIS_CODE = Detector(
    "number_not_of_this_code",
    "The number comes from code that is not here any more, or from no code: nobody can check it,"
    " and running the notebook gives another one.",
    "Restart, run all cells, and save the notebook as it is then.",
    find,
)
