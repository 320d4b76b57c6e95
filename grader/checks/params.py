"""Family `params`: how many numbers a net learns, counted in its saved tensors."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from grader.checks.base import Seen, check, failed
from grader.checks.phrases import bound_by, called, either
from grader.checks.requests import Source, describe_module, inspect_source
from grader.checks.smuggled import smuggled
from grader.model.base import Record
from grader.model.measurements import ModuleFacts
from grader.model.scorecard import CheckResult, Flag

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.measurements import SavedTensor
    from grader.model.rubric import Rubric

__all__ = ["ParamsExactly", "ParamsLimit", "counted"]


Which = Literal["total", "trainable"]


class ParamsLimit(Record):
    """Parameters of `params.fewer_than` and `params.at_most`."""

    model: str
    """A role of kind `module`."""
    limit: int = Field(gt=0)
    """Numbers in the parameters; buffers do not count."""
    count: Which = "total"
    """All parameters, or those that require a gradient, as the running module says."""
    source: Source = "any"


class ParamsExactly(Record):
    """Parameters of `params.exactly`."""

    model: str
    """A role of kind `module`."""
    counts: tuple[int, ...] = Field(min_length=1)
    """The number of parameters must be one of these."""
    count: Which = "total"
    source: Source = "any"


def _needs(params: ParamsLimit | ParamsExactly, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (describe_module(rubric, params.model, params.source), inspect_source())


@check("params.fewer_than", ParamsLimit, needs=_needs)
def fewer_than(params: ParamsLimit, seen: Seen) -> CheckResult:
    """Your model has fewer parameters than the assignment's limit."""
    return _limited(params, seen, strictly=True)


@check("params.at_most", ParamsLimit, needs=_needs)
def at_most(params: ParamsLimit, seen: Seen) -> CheckResult:
    """Your model stays within the number of parameters that the assignment allows."""
    return _limited(params, seen, strictly=False)


def _limited(params: ParamsLimit, seen: Seen, *, strictly: bool) -> CheckResult:
    described = describe_module(seen.rubric, params.model, params.source)
    _, facts = seen.measured(described, ModuleFacts)
    total, flags = counted(facts, params.model, params.count)
    limit = params.limit
    flags += smuggled(seen, params.model, limit)
    within = total < limit if strictly else total <= limit
    asked = f"{'fewer than' if strictly else 'at most'} {limit:,}"
    kind = "trainable parameters" if params.count == "trainable" else "parameters"
    name = called(params.model)
    more: dict[str, Any] = {
        "expected": f"{asked[0].upper()}{asked[1:]} {kind}.",
        "measured": float(total),
        "threshold": float(limit),
        "unit": "parameters",
        "bound_by": bound_by(facts.binding),
        "flags": flags,
    }
    text = f"Your {name} has {total:,} {kind}; {asked} were asked for."
    if within:
        return CheckResult.banded(Fraction(1), text, **more)
    over = total - limit + strictly
    return failed(
        f"{text} That is {over:,} too many.",
        hint=_largest(facts),
        **more,
    )


@check("params.exactly", ParamsExactly, needs=_needs)
def exactly(params: ParamsExactly, seen: Seen) -> CheckResult:
    """Your model has exactly the number of parameters that its architecture gives."""
    described = describe_module(seen.rubric, params.model, params.source)
    _, facts = seen.measured(described, ModuleFacts)
    total, flags = counted(facts, params.model, params.count)
    flags += smuggled(seen, params.model, min(params.counts))
    kind = "trainable parameters" if params.count == "trainable" else "parameters"
    asked = either(f"{number:,}" for number in params.counts)
    nearest = min(params.counts, key=lambda number: abs(number - total))
    right = total in params.counts
    few_or_many = "many" if total > nearest else "few"
    text = f"Your {called(params.model)} has {total:,} {kind}"
    return CheckResult.banded(
        Fraction(right),
        f"{text}, as expected." if right else f"{text} where {asked} were expected.",
        expected=f"{asked} {kind}.",
        hint="" if right else f"{abs(total - nearest):,} too {few_or_many}.",
        measured=float(total),
        threshold=float(nearest),
        unit="parameters",
        bound_by=bound_by(facts.binding),
        flags=flags,
    )


def counted(facts: ModuleFacts, role: str, which: Which = "total") -> tuple[int, tuple[Flag, ...]]:
    """Numbers in the saved parameters; the live module only where nothing was saved."""
    name = called(role)
    if which == "trainable":
        return facts.trainable, ()
    saved = sum(math.prod(t.shape) for t in _distinct(facts) if t.role != "buffer")
    if not facts.saved:
        text = f"{name}: no saved weights, so the parameters were counted in the running module."
        return facts.parameters, (Flag(code="params_from_live_module", message=text),)
    if saved != facts.parameters:
        text = (
            f"{name}: the weight file holds {saved:,} parameters, the running module says "
            f"{facts.parameters:,}. The file was believed."
        )
        return saved, (Flag(code="params_disagree", message=text),)
    return saved, ()


def _distinct(facts: ModuleFacts) -> list[SavedTensor]:
    """The saved tensors, those with two names once: equal numbers must bear the box's word out."""
    by_name = {one.name: one for one in facts.saved}
    return [one for one in facts.saved if not _equal(one, by_name.get(one.same_as))]


def _equal(one: SavedTensor, first: SavedTensor | None) -> bool:
    if first is None or first is one or first.same_as or not one.sha256:
        return False
    return (one.sha256, one.shape, one.dtype) == (first.sha256, first.shape, first.dtype)


def _largest(facts: ModuleFacts) -> str:
    sizes = [(layer.parameters, layer.path or layer.type, layer.type) for layer in facts.layers]
    if not sizes:
        return ""
    numbers, path, kind = max(sizes)
    return f"Its largest layer is {path} ({kind}) with {numbers:,} parameters."
