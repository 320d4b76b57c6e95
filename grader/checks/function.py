"""Family `function`: a student's function against one computed outside the box."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import Field

from grader.checks.arguments import Argument, Drawn, call, draw, generator, keyword, specs
from grader.checks.base import Seen, Stopped, check, failed, ours
from grader.checks.compare import Difference, Tolerance, difference
from grader.checks.phrases import bound_by, count, either, listed, share
from grader.checks.requests import call_function, inspect_source
from grader.checks.scores import numbers
from grader.model.base import Points, Record
from grader.model.measurements import CallResult
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.model.evidence import Place, ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["FunctionMatches"]


class Signature(Record):
    """Another way of calling that is accepted too."""

    arguments: tuple[Argument, ...] = Field(min_length=1)
    """Of each call."""
    accepted: tuple[str, ...] = Field(min_length=1)
    """Functions in the rubric's `expected.py`."""


class FunctionMatches(Record):
    """Parameters of `function.matches`."""

    role: str
    """Of kind `function` or `class`."""
    method: str = ""
    """Of the class; empty for a function."""
    made_with: tuple[Argument, ...] = ()
    """Arguments that make the object, drawn once."""
    arguments: tuple[Argument, ...] = ()
    """Arguments of each call."""
    calls: int = Field(default=3, ge=1, le=50)
    """How many calls with newly drawn inputs."""
    seed: int = Field(default=0, ge=0)
    accepted: tuple[str, ...] = Field(min_length=1)
    """Functions in the rubric's `expected.py`: the one asked for, then other conventions.

    Each is called as `f(**made_with, **arguments)` on float64 (int64) numpy arrays; a `net` comes
    as an object with `weight`, `bias` and `log_probabilities(x)`.
    """
    otherwise: tuple[Signature, ...] = ()
    """Other arguments that the function may take, such as a vector to multiply by."""
    convention_fraction: Points = Fraction(1)
    """Share for matching another convention than the first. It is told to the student by the first
    line of the docstring of its function in `expected.py`."""
    relative: float = Field(default=1e-4, ge=0)
    absolute: float = Field(default=1e-6, ge=0)
    dtypes: tuple[str, ...] = ()
    """Such as `["int64"]`; empty: any."""
    dtype_fraction: Points = Fraction(0)
    """Share when only the type is wrong."""
    same_shape: bool = True
    """Whether the result must have the expected shape, beyond axes of length 1."""


def _needs(params: FunctionMatches, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    requests = [_request(params, rubric, one) for one in _signatures(params)]
    return (*dict.fromkeys(requests), inspect_source())


@dataclass(frozen=True)
class _Asked:
    """One way of calling, with its drawn inputs.

    Attributes:
        made_with: Arguments that make the object.
        calls: Arguments of each call.
        accepted: Names in `expected.py`.
    """

    made_with: tuple[Drawn, ...]
    calls: tuple[tuple[Drawn, ...], ...]
    accepted: tuple[str, ...]


def _signatures(params: FunctionMatches) -> list[_Asked]:
    """The way that was asked for, then the others."""
    asked = []
    ways = [(params.arguments, params.accepted)]
    ways += [(other.arguments, other.accepted) for other in params.otherwise]
    for arguments, accepted in ways:
        source = generator(params.seed)
        made_with = draw(params.made_with, source)
        calls = tuple(draw(arguments, source) for _ in range(params.calls))
        asked.append(_Asked(made_with, calls, accepted))
    return asked


def _request(params: FunctionMatches, rubric: Rubric, asked: _Asked) -> ProbeRequest:
    role = rubric.roles.get(params.role)
    construct = None if role is None or role.kind == "function" else specs(asked.made_with)
    return call_function(
        rubric, params.role, params.method, construct, [call(one) for one in asked.calls]
    )


@check("function.matches", FunctionMatches, needs=_needs)
def function_matches(params: FunctionMatches, seen: Seen) -> CheckResult:
    """Your function gives the expected results on inputs it has not seen."""
    results: list[CheckResult] = []
    for asked in _signatures(params):
        try:
            result = _judged(params, seen, asked)
        except Stopped as stopped:
            result = stopped.result
        if result.fraction > 0 or result.outcome is Outcome.ERROR:
            return result
        results.append(result)
    return results[0]


def _judged(params: FunctionMatches, seen: Seen, asked: _Asked) -> CheckResult:
    """Hold one way of calling against the functions accepted for it."""
    evidence, result = seen.measured(_request(params, seen.rubric, asked), CallResult)
    name = f"{result.binding.definition or params.role}{'.' * bool(params.method)}{params.method}"
    found = [numbers(evidence, f"result_{index}") for index in range(len(asked.calls))]
    more = {"bound_by": bound_by(result.binding), "places": _places(result)}
    first: Difference | None = None
    call_number = 1
    for convention in asked.accepted:
        if convention not in seen.truth.expected:
            return ours(f"the rubric's expected.py has no function '{convention}'")
        expected = seen.truth.expected[convention]
        index, apart = _compare(params, expected, asked, found)
        if apart is None:
            other = "" if convention == params.accepted[0] else _spoken(expected, convention)
            return _matched(params, other, name, result, more)
        if first is None:
            first, call_number = apart, index + 1
    assert first is not None
    return failed(
        f"`{name}` gives other results than expected: in call {call_number} of "
        f"{len(asked.calls)}, {first.text}.",
        expected=f"The numbers of {either(params.accepted)}, up to rounding.",
        hint=first.hint or "Try it by hand on two rows of small numbers.",
        **more,
    )


def _spoken(expected: Callable[..., Any], name: str) -> str:
    """What a convention is, in words."""
    return (inspect.getdoc(expected) or name).split("\n", 1)[0].rstrip(".")


def _compare(
    params: FunctionMatches,
    expected: Callable[..., Any],
    asked: _Asked,
    found: list[Any],
) -> tuple[int, Difference | None]:
    """The first call whose result differs, and how."""
    import numpy as np

    tolerance = Tolerance(params.relative, params.absolute)
    for index, one in enumerate(asked.calls):
        with np.errstate(all="ignore"):
            wanted = expected(**keyword(asked.made_with), **keyword(one))
        apart = difference(
            found[index], np.asarray(wanted), tolerance, same_shape=params.same_shape
        )
        if apart is not None:
            return index, apart
    return len(asked.calls), None


def _matched(
    params: FunctionMatches, other: str, name: str, result: CallResult, more: dict[str, Any]
) -> CheckResult:
    """Right numbers; the type and another convention may still cost something."""
    wrong = sorted(set(result.dtypes) - set(params.dtypes)) if params.dtypes else []
    if wrong:
        return CheckResult.banded(
            params.dtype_fraction,
            f"`{name}` gives the right numbers, but as {listed(wrong)} where "
            f"{either(params.dtypes)} was asked for.",
            expected=f"Results of type {either(params.dtypes)}.",
            hint="Convert the result, such as with .long().",
            **more,
        )
    text = f"`{name}` gives the expected results in {count(params.calls, 'call')}"
    if not other:
        return CheckResult.banded(Fraction(1), f"{text}.", **more)
    if params.convention_fraction == 1:
        return CheckResult.banded(Fraction(1), f"{text}: {other[0].lower()}{other[1:]}.", **more)
    return CheckResult.banded(
        params.convention_fraction,
        f"{text}, by another convention than {params.accepted[0]}: {other}. "
        f"That earns {share(params.convention_fraction)}.",
        **more,
    )


def _places(result: CallResult) -> tuple[Place, ...]:
    return (result.binding.place,) if result.binding.place else ()
