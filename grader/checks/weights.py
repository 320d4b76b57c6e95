"""Family `weights`: the saved weights and the class they were saved from."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from grader.checks.base import Seen, check, failed
from grader.checks.phrases import bound_by, called, count, listed
from grader.checks.requests import describe_module, inspect_source
from grader.model.base import Record
from grader.model.measurements import ModuleFacts
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["WeightsLoad"]


class WeightsLoad(Record):
    """Parameters of `weights.load`."""

    model: str
    """A role of kind `module`."""


FORMS = {
    "state_dict": "a state dict",
    "checkpoint": "a checkpoint",
    "module": "a whole pickled module",
    "tensors": "a collection of tensors",
    "none": "nothing",
}


def _needs(params: WeightsLoad, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (describe_module(rubric, params.model, "saved"), inspect_source())


@check("weights.load", WeightsLoad, needs=_needs)
def weights_load(params: WeightsLoad, seen: Seen) -> CheckResult:
    """Your saved weights load into your own model."""
    _, facts = seen.measured(describe_module(seen.rubric, params.model, "saved"), ModuleFacts)
    file = facts.binding.weights
    name = called(params.model)
    more: dict[str, Any] = {
        "expected": "A weight file that loads into the model you define, with finite numbers.",
        "bound_by": bound_by(facts.binding),
    }
    if facts.saved_from == "none" or not facts.saved:
        return failed(
            f"There are no saved weights for your {name}.",
            hint="Save them with torch.save(model.state_dict(), …) and hand the file in.",
            **more,
        )
    wrong = []
    if facts.missing_keys:
        wrong.append(f"the file lacks {listed(facts.missing_keys, most=4)}")
    if facts.unexpected_keys:
        wrong.append(f"your model has no place for {listed(facts.unexpected_keys, most=4)}")
    spoilt = [tensor.name for tensor in facts.saved if not tensor.finite]
    if spoilt:
        wrong.append(f"{listed(spoilt, most=4)} holds NaN or infinite numbers")
    if wrong:
        return failed(
            f"{file or 'The weight file'} does not fit your {name}: {'; '.join(wrong)}.",
            hint="Training diverged: lower the learning rate, and save again."
            if spoilt
            else "Save the weights again from the model that you hand in.",
            **more,
        )
    return CheckResult.banded(
        Fraction(1),
        f"{file or 'Your weight file'} ({FORMS[facts.saved_from]}) loads into your {name}: "
        f"{count(len(facts.saved), 'tensor')}, all finite.",
        **more,
    )
