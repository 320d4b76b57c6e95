"""Family `transfer`: weights that were kept as they were, and the layers that are new."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import Field

from grader.checks.base import Seen, Stopped, check, failed, ours
from grader.checks.phrases import bound_by, called, count, listed
from grader.checks.requests import describe_module, execute, inspect_source
from grader.checks.runs import not_reached
from grader.checks.tensors import layer_of, parameters_saved
from grader.model.base import Record
from grader.model.measurements import Execution, ModuleFacts
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.journal import OptimizerSeen
    from grader.model.rubric import Rubric

__all__ = ["TransferFrozen"]


class TransferFrozen(Record):
    """Parameters of `transfer.frozen`."""

    before: str
    """A role of kind `module`: the net whose weights were taken over."""
    after: str
    """A role of kind `module`: the net that was trained on."""
    new: int = Field(default=1, ge=1)
    """So many layers at the end are new; all others must be equal, number for number."""
    dynamic: bool = True
    """Whether a run may show it where no weights are saved: an optimizer that trains little of a
    net whose rest needs no gradient."""


FREEZE = "Set requires_grad = False on the old layers and give the optimizer the new one alone."


def _needs(params: TransferFrozen, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    saved = [describe_module(rubric, role, "saved") for role in (params.before, params.after)]
    run = (execute(rubric),) if params.dynamic else ()
    return (*dict.fromkeys(saved), *run, inspect_source())


@check("transfer.frozen", TransferFrozen, needs=_needs)
def transfer_frozen(params: TransferFrozen, seen: Seen) -> CheckResult:
    """Your transferred net keeps the trained layers as they were, and learns the last one."""
    try:
        facts = [
            seen.measured(describe_module(seen.rubric, role, "saved"), ModuleFacts)[1]
            for role in (params.before, params.after)
        ]
    except Stopped as stopped:
        if stopped.result.outcome is Outcome.ERROR or not params.dynamic:
            raise
        return _in_the_run(params, seen, stopped.result)
    if not all(one.saved for one in facts):
        role = params.after if facts[0].saved else params.before
        unsaved = failed(f"There are no saved weights for your {called(role)}.", hint=FREEZE)
        return _in_the_run(params, seen, unsaved) if params.dynamic else unsaved
    return _compared(params, *facts)


def _compared(params: TransferFrozen, before: ModuleFacts, after: ModuleFacts) -> CheckResult:
    old, new = called(params.before), called(params.after)
    more: dict[str, Any] = {
        "expected": f"All but the last {count(params.new, 'layer')} equal to those of your {old}.",
        "bound_by": bound_by(after.binding),
    }
    tensors = parameters_saved(after)
    if not all(one.sha256 for one in (*tensors, *parameters_saved(before))):
        return ours("the tensors came without their digests")
    known = {one.sha256 for one in parameters_saved(before)}
    layers = list(dict.fromkeys(layer_of(one.name) for one in tensors))
    changed = {layer_of(one.name) for one in tensors if one.sha256 not in known}
    kept = [layer for layer in layers if layer not in changed]
    last, others = layers[-params.new :], layers[: -params.new]
    moved = [layer for layer in others if layer in changed]
    if not kept:
        return failed(
            f"No layer of your {new} equals one of your {old}: nothing was kept frozen.",
            hint=FREEZE,
            **more,
        )
    if moved:
        return failed(
            f"{count(len(moved), 'layer')} of your {new} that should be frozen "
            f"{'differs' if len(moved) == 1 else 'differ'} from your {old}: "
            f"{listed(moved, most=4)}.",
            hint=FREEZE,
            **more,
        )
    same = [layer for layer in last if layer not in changed]
    if same:
        return failed(
            f"The last layer of your {new} ({listed(same)}) is still that of your {old}.",
            hint="Put a new layer there and train it.",
            **more,
        )
    return CheckResult.banded(
        Fraction(1),
        f"{count(len(kept), 'layer')} of your {new} {'is' if len(kept) == 1 else 'are'} equal to "
        f"those of your {old}, number for number; {listed(last)} is new.",
        **more,
    )


def _in_the_run(params: TransferFrozen, seen: Seen, unsaved: CheckResult) -> CheckResult:
    """What the optimizers of a run trained and left alone, where no weights were handed in."""
    try:
        evidence, run = seen.measured(execute(seen.rubric), Execution)
    except Stopped as stopped:
        if stopped.result.outcome is Outcome.ERROR:
            raise
        return unsaved
    partly = [one for one in run.optimizers if _partly(one)]
    expected = f"An optimizer that trains the last {count(params.new, 'layer')} alone."
    if partly:
        one = max(partly, key=lambda seen_one: seen_one.frozen)
        where = f" ({one.place})" if one.place else ""
        return CheckResult.banded(
            Fraction(1),
            f"In the run your {one.type}{where} trained {one.parameters:,} numbers of "
            f"{one.net or 'the net'}, and {one.frozen:,} stayed frozen.",
            expected=expected,
            places=(one.place,) if one.place else (),
        )
    if unsaved.outcome is not Outcome.FAIL:
        return unsaved
    if ended := not_reached(evidence, run, "the transferred net's training", seen.source()):
        return ended.model_copy(update={"expected": expected})
    trained = count(len(run.optimizers), "optimizer")
    return failed(
        f"{unsaved.message.rstrip('.')}, and in the run no layer was frozen while another was "
        f"trained ({trained} seen).",
        expected=expected,
        hint=FREEZE,
        places=unsaved.places,
    )


def _partly(one: OptimizerSeen) -> bool:
    """Whether it trained a smaller part of its net than what it left alone."""
    return one.steps > 0 and 0 < one.parameters < one.frozen
