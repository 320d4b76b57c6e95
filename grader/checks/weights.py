"""Families `weights` and `checkpoint`: what the weight file holds, and whether it fits the net."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import Field

from grader.checks.base import Seen, check, failed
from grader.checks.phrases import bound_by, called, count, listed, share
from grader.checks.requests import describe_module, inspect_source
from grader.model.base import Record
from grader.model.measurements import ModuleFacts
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["CheckpointHas", "WeightsLoad"]


class WeightsLoad(Record):
    """Parameters of `weights.load`."""

    model: str
    """A role of kind `module`."""


class CheckpointHas(Record):
    """Parameters of `checkpoint.has`."""

    model: str
    """A role of kind `module`; its weight file is looked at."""
    holds: tuple[str, ...] = Field(default=("model", "optimizer"), min_length=1)
    """`model`: its weights; `optimizer`: an optimizer's state; else a key of the file: `epoch`."""
    partial: bool = True
    """Whether each part that is there earns its share."""


FORMS = {
    "state_dict": "a state dict",
    "checkpoint": "a checkpoint",
    "module": "a whole pickled module",
    "tensors": "a collection of tensors",
    "none": "nothing",
}


def _needs(params: WeightsLoad | CheckpointHas, rubric: Rubric) -> tuple[ProbeRequest, ...]:
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
        holds = "holds" if len(spoilt) == 1 else "hold"
        wrong.append(f"{listed(spoilt, most=4)} {holds} NaN or infinite numbers")
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


@check("weights.finite", WeightsLoad, needs=_needs)
def weights_finite(params: WeightsLoad, seen: Seen) -> CheckResult:
    """Your saved weights are numbers: training did not diverge."""
    _, facts = seen.measured(describe_module(seen.rubric, params.model, "saved"), ModuleFacts)
    name = called(params.model)
    more: dict[str, Any] = {
        "expected": "Saved tensors without NaN or infinity.",
        "bound_by": bound_by(facts.binding),
    }
    if not facts.saved:
        return failed(
            f"There are no saved weights for your {name}.",
            hint="Save them with torch.save(model.state_dict(), …) and hand the file in.",
            **more,
        )
    spoilt = [tensor.name for tensor in facts.saved if not tensor.finite]
    tensors = count(len(facts.saved), "saved tensor")
    if spoilt:
        return failed(
            f"{len(spoilt)} of {tensors} of your {name} hold NaN or infinite numbers: "
            f"{listed(spoilt, most=4)}.",
            hint="Training diverged: lower the learning rate, and save again.",
            **more,
        )
    return CheckResult.banded(Fraction(1), f"All {tensors} of your {name} are finite.", **more)


OPTIMIZER_STATE = "optimizer.state"
"""What the probe says of a file that holds an optimizer's state."""


SAVE_BOTH = (
    'Save both: torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, …).'
)


@check("checkpoint.has", CheckpointHas, needs=_needs)
def checkpoint_has(params: CheckpointHas, seen: Seen) -> CheckResult:
    """Your checkpoint holds what training needs to go on."""
    _, facts = seen.measured(describe_module(seen.rubric, params.model, "saved"), ModuleFacts)
    if not facts.saved and not facts.file_keys:
        return failed(
            f"There is no checkpoint of your {called(params.model)}.",
            expected=f"A checkpoint with {listed(_part(part) for part in params.holds)}.",
            hint=SAVE_BOTH,
            bound_by=bound_by(facts.binding),
        )
    files = {facts.binding.weights or "The weight file": facts.file_keys, **facts.beside}
    file = min(files, key=lambda one: len(_absent(params, facts, files[one])))
    keys, absent = files[file], _absent(params, facts, files[file])
    total = len(params.holds)
    fraction = Fraction(total - len(absent), total) if params.partial or not absent else Fraction(0)
    shown = f"its keys are {listed(keys, most=6)}" if keys else "it has no keys"
    more: dict[str, Any] = {
        "expected": f"A checkpoint with {listed(_part(part) for part in params.holds)}.",
        "bound_by": bound_by(facts.binding),
    }
    if not absent:
        holds = listed(_part(part) for part in params.holds)
        return CheckResult.banded(Fraction(1), f"{file} holds {holds}.", **more)
    text = f"{file} lacks {listed(_part(part) for part in absent)} ({shown})."
    if fraction:
        text += f" This earns {share(fraction)}."
    return CheckResult.banded(
        fraction,
        text,
        hint=SAVE_BOTH,
        **more,
    )


def _absent(params: CheckpointHas, facts: ModuleFacts, keys: tuple[str, ...]) -> list[str]:
    """What a file with these keys lacks."""
    low = {key.lower() for key in keys}
    there = {"model": bool(facts.saved), "optimizer": OPTIMIZER_STATE in keys}
    return [part for part in params.holds if not there.get(part, part.lower() in low)]


def _part(part: str) -> str:
    spoken = {"model": "the model's weights", "optimizer": "the optimizer's state"}
    return spoken.get(part, f"'{part}'")
