"""This course's own checks: the parts of a CNN in their order, and a second model of its own."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from grader.checks.base import Seen, check, failed
from grader.checks.requests import describe_module, inspect_source
from grader.model.base import Record
from grader.model.measurements import ModuleFacts
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

CONVOLUTIONS = frozenset({"Conv1d", "Conv2d", "Conv3d"})
POOLING = frozenset(
    f"{kind}Pool{n}d" for kind in ("Max", "Avg", "AdaptiveAvg", "AdaptiveMax", "LP") for n in (1, 2)
)
DENSE = frozenset({"Linear", "LazyLinear"})


class Parts(Record):
    """Parameters of `cnn.parts`."""

    model: str
    """A role of kind `module`."""


class Another(Record):
    """Parameters of `model.another`."""

    model: str
    """The role whose weights must be its own."""
    than: str
    """The other role."""


def _needs_parts(params: Parts, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (describe_module(rubric, params.model, "any"), inspect_source())


@check("cnn.parts", Parts, needs=_needs_parts)
def cnn_parts(params: Parts, seen: Seen) -> CheckResult:
    """Your CNN has convolutions, pooling, and fully connected layers after them."""
    _, facts = seen.measured(describe_module(seen.rubric, params.model, "any"), ModuleFacts)
    types = [step.type for step in facts.operations] or [layer.type for layer in facts.layers]
    expected = "A convolution, then pooling, then a fully connected (Linear) layer."
    places = {
        "convolution": _first(types, CONVOLUTIONS),
        "pooling": _first(types, POOLING),
        "fully connected layer": _last(types, DENSE),
    }
    if absent := [name for name, at in places.items() if at is None]:
        run = ", ".join(dict.fromkeys(types)) or "no layer"
        return failed(
            f"Your net has no {' and no '.join(absent)}. What runs in it: {run}.",
            expected=expected,
            hint="Use nn.MaxPool2d or F.max_pool2d between convolutions, nn.Linear at the end.",
        )
    order = [at for at in places.values() if at is not None]
    if order != sorted(order):
        return failed(
            f"Your net has all three kinds of layers, but in another order: {', '.join(types)}.",
            expected=expected,
        )
    return CheckResult.banded(Fraction(1), f"Your net runs {', '.join(types)}.", expected=expected)


def _first(types: list[str], kinds: frozenset[str]) -> int | None:
    return next((i for i, kind in enumerate(types) if kind in kinds), None)


def _last(types: list[str], kinds: frozenset[str]) -> int | None:
    return next((i for i in reversed(range(len(types))) if types[i] in kinds), None)


def _needs_another(params: Another, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (
        describe_module(rubric, params.model),
        describe_module(rubric, params.than),
        inspect_source(),
    )


@check("model.another", Another, needs=_needs_another)
def model_another(params: Another, seen: Seen) -> CheckResult:
    """The weights of this model were handed in, load, and are not those of the other model."""
    _, mine = seen.measured(describe_module(seen.rubric, params.model), ModuleFacts)
    evidence = seen.evidence.get_for(describe_module(seen.rubric, params.than))
    expected = "A second file of weights, of a second model."
    if not mine.saved:
        return failed(
            "There are no saved weights for your second model.",
            expected=expected,
            hint="Save the improved model into a file of its own, Name_Surname_2.pt.",
        )
    if evidence is not None and evidence.state == "measured":
        _, other = seen.measured(describe_module(seen.rubric, params.than), ModuleFacts)
        file = mine.binding.weights
        if file and file == other.binding.weights:
            return failed(
                f"The only weights that fit are those of the first model ({file}).",
                expected=expected,
                hint="Save the improved model into a file of its own, Name_Surname_2.pt.",
            )
        digests = [{t.sha256 for t in facts.saved if t.role != "buffer"} for facts in (mine, other)]
        if digests[0] and digests[0] == digests[1]:
            return failed(
                f"{file} holds the numbers of {other.binding.weights}: the first model again.",
                expected=expected,
                hint="Save the improved model after it was trained.",
            )
    if broken := [t.name for t in mine.saved if not t.finite]:
        return failed(
            f"{mine.binding.weights} holds numbers that are not finite, in '{broken[0]}'.",
            expected=expected,
        )
    if mine.missing_keys or mine.unexpected_keys:
        names = ", ".join((*mine.missing_keys, *mine.unexpected_keys)[:4])
        return failed(
            f"{mine.binding.weights} does not fit the net in your code ({names}).",
            expected=expected,
            hint="Save the weights of the net that your code defines.",
        )
    return CheckResult.banded(
        Fraction(1), f"{mine.binding.weights} loads into your second model.", expected=expected
    )
