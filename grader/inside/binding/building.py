"""Nets to try a weight file on: the code's own, and its classes built with likely arguments."""

from __future__ import annotations

import copy
import inspect
import itertools
import math
import sys
from typing import TYPE_CHECKING, Any

from ..definitions.lifted import Candidate, Definitions, is_module

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["built_classes", "fresh", "required_arguments", "wraps"]

GUESS_ARGUMENTS = 3
GUESS_SIZES = 5
WRAP_LIMIT = 12


def fresh(candidate: Candidate, replaced: Collection[str] = ()) -> Any:
    """A copy of a candidate's net, so that weights of one role never leak into another.

    Args:
        candidate: The net.
        replaced: Names of parameters whose numbers will be loaded: these are not copied.
    """
    memo: dict[int, Any] = {}
    for name, parameter in torch_parameters(candidate.module):
        if name in replaced and type(parameter).__name__ == "Parameter":
            empty = type(parameter)(parameter.data.new_empty(parameter.shape))
            memo[id(parameter)] = empty.requires_grad_(parameter.requires_grad)
    try:
        return copy.deepcopy(candidate.module, memo)
    except Exception:
        return candidate.module


def torch_parameters(module: Any) -> list[tuple[str, Any]]:
    """Names and parameters of a net."""
    return list(sys.modules["torch"].nn.Module.named_parameters(module))


def required_arguments(kind: type) -> list[str] | None:
    """Names of the constructor's arguments without defaults; None when that cannot be told."""
    try:
        parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]  # type: ignore[misc]
    except (TypeError, ValueError):
        return None
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = (*plain, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in parameters if p.kind in needed and p.default is inspect.Parameter.empty]


def built_classes(
    definitions: Definitions, role: dict[str, Any], sizes: list[int]
) -> Iterator[Candidate]:
    """Every version of every class of nets, built somehow.

    Args:
        definitions: Of the submission.
        role: What is looked for: its sizes are likely arguments.
        sizes: Of the saved tensors: likely arguments too.
    """
    for name, versions in definitions.versions.items():
        for kind in reversed(versions):
            if name not in definitions.module_classes():
                continue
            yield from _built(definitions, name, kind, role, sizes)


def _built(
    definitions: Definitions, name: str, kind: type, role: dict[str, Any], sizes: list[int]
) -> Iterator[Candidate]:
    place = definitions.places.get(name)

    def attempt(*args: Any, **kwargs: Any) -> Candidate | None:
        try:
            module = kind(*args, **kwargs)
        except BaseException:
            return None
        if not is_module(module):
            return None
        shown = [_shown(a) for a in args] + [f"{k}={_shown(v)}" for k, v in kwargs.items()]
        return Candidate(name, f"{name}({', '.join(shown)})"[:280], module, place)

    required = required_arguments(kind)
    tries: list[Candidate | None] = []
    if not required:
        tries.append(attempt())
    tries += [attempt(**call) for call in definitions.calls.get(name, ()) if call]
    if required and len(required) == 1:
        inner = [c for c in definitions.candidates if type(c.module) is not kind]
        tries += [attempt(fresh(c)) for c in inner[-WRAP_LIMIT:]]
    yield from (candidate for candidate in tries if candidate is not None)
    if required and len(required) <= GUESS_ARGUMENTS:
        known = [
            math.prod(role.get("input_shape") or ()),
            math.prod(role.get("output_shape") or ()),
        ]
        likely = list(dict.fromkeys(s for s in [*known, *sizes] if s > 0))[:GUESS_SIZES]
        for guess in itertools.product(likely, repeat=len(required)):
            candidate = attempt(*guess)
            if candidate is not None:
                yield candidate


def _shown(value: Any) -> str:
    return "…" if is_module(value) else repr(value)[:40]


def wraps(definitions: Definitions, inner: Candidate) -> Iterator[Candidate]:
    """A net inside each of the student's classes that take one argument."""
    for name, kind in definitions.module_classes().items():
        if len(required_arguments(kind) or ()) != 1 or kind is type(inner.module):
            continue
        try:
            module = kind(fresh(inner))
        except BaseException:  # noqa: S112 - a class that wraps something else
            continue
        yield Candidate(name, f"{name}({inner.text})"[:280], module, inner.place, inner.hints)
