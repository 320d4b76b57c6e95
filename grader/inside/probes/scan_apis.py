"""Probe `scan_apis`: where names are used, by syntax and through aliases; comments do not count.

What is imported and never used, what is only annotated or compared with, and what a name of the
student's own hides is no use. What the text does not settle is told apart, for a person.
"""

from __future__ import annotations

import ast
import re
import sys
from typing import TYPE_CHECKING, Any

from ..source.meaning import Meaning
from ..source.values import Known
from .api_names import Wanted
from .api_uses import Place, Use, looked_into, uses_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..reply import Reply
    from ..session import Session
    from ..source.sources import Chunk

__all__ = ["scan_apis", "uses_in"]

USE_LIMIT = 2000
CONSTANTS = 32
LARGEST = 1e300
STATEMENT_LINES = 20
DEEPEST = 40_000
"""Python's own parser refuses deeper source long before; frames of Python need no stack of C."""
COMMENT = re.compile(r"""\s*\#[^'"]*$""")


def scan_apis(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: ApiUses."""
    names = list(params["names"])
    where = Place(tuple(params.get("within") or ()), tuple(params.get("having") or ()))
    chunks = [chunk for chunk in session.sources().chunks if chunk.tree is not None]
    sys.setrecursionlimit(max(sys.getrecursionlimit(), DEEPEST))
    of_file: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        of_file.setdefault(chunk.file, []).append(chunk)
    meanings: dict[str, Meaning] = {}
    found: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for file, parts in of_file.items():
        try:
            made = Meaning([part.tree for part in parts if part.tree is not None], meanings)
        except RecursionError:
            deep = _use(parts[0], names[0], 1)
            found[False].append({**deep, "text": "the code is nested too deeply to be searched"})
            continue
        meanings[_key(file)] = made
    by_node = {node: chunk for chunk in chunks for node in ast.walk(chunk.tree or ast.Pass())}
    calls_at: dict[tuple[int, int], list[ast.Call]] = {}
    for node, chunk in by_node.items():
        if isinstance(node, ast.Call):
            calls_at.setdefault((id(chunk), node.lineno), []).append(node)
    wanted = Wanted(names, params.get("allowed") or ())
    into = looked_into(list(meanings.values()), where)
    for use in uses_of(list(meanings.values()), wanted, where):
        place = by_node.get(use.node) or by_node.get(use.inside)
        if place is not None and len(found[use.sure]) < USE_LIMIT:
            entry = _use(place, use.name, use.line)
            calls = calls_at.get((id(place), use.line), ())
            entry["constants"] = _constants(meanings[_key(place.file)], calls)
            if entry not in found[use.sure]:
                found[use.sure].append(entry)
    certain = {(use["name"], str(use["place"])) for use in found[True]}
    unclear = [u for u in found[False] if (u["name"], str(u["place"])) not in certain]
    reply.payload = {
        "uses": found[True],
        "unclear": unclear,
        "searched": names,
        "looked_into": into[:USE_LIMIT],
    }


def _use(chunk: Chunk, name: str, line: int) -> dict[str, Any]:
    text = _statement(chunk.text.split("\n"), line)
    return {"name": name[:300], "place": chunk.place(line), "how": "static", "text": text}


def _key(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def _constants(meaning: Meaning, calls: Iterable[ast.Call]) -> dict[str, float]:
    """What arguments of calls come to, where the text gives it one number: `lr=LR`, `10**-2`."""
    arguments = [one for c in calls for one in (*c.args, *(word.value for word in c.keywords))]
    found: dict[str, float] = {}
    for one in arguments[:CONSTANTS]:
        if isinstance(one, ast.Constant):
            continue
        values = [value.value if isinstance(value, Known) else None for value in meaning.of(one)]
        number = values[0] if len(values) == 1 else None
        if isinstance(number, bool) or not isinstance(number, int | float):
            continue
        if abs(number) < LARGEST:
            found[ast.unparse(one)[:80]] = float(number)
    return found


def _statement(lines: list[str], line: int) -> str:
    """The line, and those after it until its brackets close, as one line."""
    taken: list[str] = []
    for text in lines[max(0, line - 1) : line - 1 + STATEMENT_LINES] if line > 0 else ():
        taken.append(text.strip())
        whole = " ".join(taken)
        if sum(map(whole.count, "([{")) <= sum(map(whole.count, ")]}")):
            break
        taken[-1] = COMMENT.sub("", taken[-1])
    return " ".join(taken)[:500]


def uses_in(
    *trees: ast.AST,
    names: list[str],
    within: list[str],
    having: list[str] | None = None,
    allowed: list[str] | None = None,
    sure: bool = True,
) -> Iterator[tuple[str, int]]:
    """Each use in the cells of one file, as (name, line), once a line.

    Args:
        trees: Of cells or of a script.
        names: Dotted names; a module's name stands for everything in it.
        within: Functions and classes to look into; empty: everywhere.
        having: Methods that make a class one to look into.
        allowed: Names that are not meant.
        sure: The certain uses, or those for a person to look at.
    """
    seen: set[tuple[str, int]] = set()
    where = Place(tuple(within), tuple(having or ()))
    found: list[Use] = list(uses_of([Meaning(trees)], Wanted(names, allowed or ()), where))
    certain = {(use.name, use.line) for use in found if use.sure}
    for use in found:
        key = (use.name, use.line)
        if use.sure == sure and key not in seen and (sure or key not in certain):
            seen.add(key)
            yield key
