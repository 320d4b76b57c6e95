"""Families `optimizer` and `dropout`: how a net is trained, from objects alive or from the text."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from grader.checks.base import Seen, Stopped, check, failed
from grader.checks.faults import waiting
from grader.checks.phrases import bound_by, called, count, decimal, either, listed, share
from grader.checks.ranges import Range
from grader.checks.requests import Source, describe_module, execute, inspect_source
from grader.checks.runs import not_reached
from grader.checks.written_optimizers import STEPPED, UNKNOWN, Found, scan, set_by_hand, written
from grader.model.base import Number, Record, to_float
from grader.model.measurements import Execution, ModuleFacts
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.model.evidence import ProbeRequest
    from grader.model.journal import OptimizerSeen
    from grader.model.rubric import Rubric

__all__ = ["DropoutRate", "OptimizerSettings"]

Wanted = float | bool | str | Range


class OptimizerSettings(Record):
    """Parameters of `optimizer.settings`."""

    type: tuple[str, ...] = ()
    """Classes, any of them: `["SGD"]`."""
    settings: dict[str, Wanted] = {}
    """Such as `{ lr = 0.01, momentum = 0.9 }`; a range as `{ lr = { at_most = 0.1 } }`."""
    schedule: tuple[str, ...] = ()
    """Classes of schedules, any of them: `["ReduceLROnPlateau", "StepLR"]`."""
    schedule_settings: dict[str, Wanted] = {}
    batch_size: tuple[int, ...] = ()
    """Of a loader that was trained with, any of them."""
    model: str = ""
    """A role of kind `module`: only optimizers of that net; empty: any."""
    which: Literal["any", "all"] = "any"
    """Whether one such optimizer is enough."""
    partial: bool = True
    """Whether each right setting earns its share."""

    @model_validator(mode="after")
    def _asks_something(self) -> OptimizerSettings:
        if not (self.type or self.settings or self.schedule or self.batch_size):
            msg = "say what to look for: type, settings, schedule or batch_size"
            raise ValueError(msg)
        return self


class DropoutRate(Record):
    """Parameters of `dropout.rate`."""

    model: str
    """A role of kind `module`."""
    rate: float = Field(default=0.5, gt=0, lt=1)
    """The probability that a number is zeroed."""
    layers: int = Field(default=1, ge=1)
    """So many dropout layers, at least."""
    tolerance: float = Field(default=1e-9, ge=0)
    source: Source = "any"


def _needs(params: OptimizerSettings, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    described = (describe_module(rubric, params.model, "any"),) if params.model else ()
    return (execute(rubric), scan(), *described, inspect_source())


@check("optimizer.settings", OptimizerSettings, needs=_needs)
def optimizer_settings(params: OptimizerSettings, seen: Seen) -> CheckResult:
    """Your optimizer has the type and the settings that the assignment asks for."""
    found, batches, stopped = _found(params, seen)
    expected = _expected(params)
    if not found:
        return stopped or failed(
            "No optimizer was seen to step, and none is made in your code.",
            expected=expected,
            hint="Make one from torch.optim over the net's parameters, and call its step().",
        )
    missing = params.schedule and not all(one.schedule for one in found)
    by_hand = set_by_hand(seen) if missing else False
    judged = [
        (one, _judge(params, one, batches, reached=stopped is None, by_hand=by_hand))
        for one in found
    ]
    pick = min if params.which == "any" else max
    best, parts = pick(judged, key=lambda entry: _rank(entry[1]))
    wrong = [told for told in parts.values() if told]
    unclear = [name for name, told in parts.items() if UNKNOWN in told]
    how = best.how
    where = f" ({best.place})" if best.place else ""
    more: dict[str, Any] = {
        "expected": expected,
        "places": (best.place,) if best.place else (),
        "measured": f"{best.type}({_spelt(best.settings)})",
    }
    if not wrong:
        return CheckResult.banded(
            Fraction(1),
            f"Your optimizer{where} is as asked, {how}: {best.type}({_spelt(best.settings)})"
            f"{f' with {best.schedule}' if best.schedule else ''}.",
            **more,
        )
    if stopped is not None and stopped.outcome is Outcome.ERROR:
        return stopped
    if unclear and (params.partial or len(unclear) == len(wrong)):
        certain = "; ".join(told for told in wrong if UNKNOWN not in told)
        return waiting(
            f"Your code makes {best.type}{where}, but {listed(unclear)} could not be read from the "
            f"text{'' if how == STEPPED else ', and no step was seen'}. A person will look."
            f"{f' Not as asked: {certain}.' if certain else ''}",
            **more,
        )
    fraction = Fraction(len(parts) - len(wrong), len(parts)) if params.partial else Fraction(0)
    earns = f" This earns {share(fraction)}." if fraction else ""
    return CheckResult.banded(
        fraction,
        f"Your optimizer{where} is not as asked, {how}: {'; '.join(wrong)}.{earns}",
        hint="Compare each setting with the text of the assignment, or with the paper.",
        **more,
    )


def _rank(parts: Mapping[str, str]) -> tuple[int, int]:
    """Fewer certain mistakes first, then fewer settings that the text leaves open."""
    unclear = sum(UNKNOWN in told for told in parts.values())
    return sum(told != "" for told in parts.values()) - unclear, unclear


def _found(
    params: OptimizerSettings, seen: Seen
) -> tuple[list[Found], tuple[int, ...], CheckResult | None]:
    """Optimizers: those that stepped, and those in the text where a run did not get to its end.

    Returns:
        The optimizers, batch sizes, and what ended the run early.
    """
    stopped: CheckResult | None = None
    batches: tuple[int, ...] = ()
    stepped: list[Found] = []
    its_own = True
    try:
        evidence, run = seen.measured(execute(seen.rubric), Execution)
    except Stopped as fault:
        if fault.result.outcome is Outcome.ERROR:
            raise
        stopped = fault.result
    else:
        sizes = (one.batch_size for one in run.loaders if one.use == "train")
        batches = tuple(dict.fromkeys(size for size in sizes if size))
        found, its_own = _of_model(params, seen, run)
        stepped = [_alive(one) for one in found]
        stopped = not_reached(evidence, run, "your training", seen.source())
    if stepped and stopped is None and (its_own or params.which == "all"):
        return stepped, batches, None
    places = {one.place for one in stepped}
    others = [one for one in written(seen) if one.place not in places]
    return [*stepped, *others], batches, stopped


def _of_model(
    params: OptimizerSettings, seen: Seen, run: Execution
) -> tuple[list[OptimizerSeen], bool]:
    """The optimizers that stepped for the net, the likeliest, and whether they are its own."""
    stepped = [one for one in run.optimizers if one.steps > 0]
    if not params.model:
        return stepped, True
    try:
        request = describe_module(seen.rubric, params.model, "any")
        _, facts = seen.measured(request, ModuleFacts)
    except Stopped as fault:
        if fault.result.outcome is Outcome.ERROR:
            raise
        return stepped, False
    mine = [one for one in stepped if one.net == facts.class_name]
    same = [one for one in mine if one.parameters + one.frozen == facts.parameters]
    return same or mine or stepped, bool(same)


def _alive(one: OptimizerSeen) -> Found:
    return Found(one.type, one.settings, one.scheduler, one.scheduler_settings, one.place, STEPPED)


def _judge(
    params: OptimizerSettings,
    one: Found,
    batches: tuple[int, ...],
    *,
    reached: bool,
    by_hand: bool,
) -> dict[str, str]:
    """What was asked → what is wrong with it, or nothing.

    Args:
        params: What was asked.
        one: An optimizer.
        batches: Sizes of the batches that were trained with.
        reached: Whether the run got to its end: else other batches may come later.
        by_hand: Whether a learning rate may be set without torch's schedules.
    """
    parts: dict[str, str] = {}
    if params.type:
        right = one.type in params.type
        parts["type"] = "" if right else f"it is {one.type}, not {either(params.type)}"
    for name, wanted in params.settings.items():
        parts[name] = _setting(name, wanted, one.settings)
    if params.schedule:
        right = one.schedule in params.schedule
        has = f"its schedule is {one.schedule}" if one.schedule else "it has no schedule"
        told = f"{has}, where {either(params.schedule)} was asked"
        unknown = f"its schedule seems to be made by hand ({UNKNOWN})"
        own = by_hand and not one.schedule
        parts["schedule"] = "" if right else unknown if own else told
    for name, wanted in params.schedule_settings.items():
        given = {name: UNKNOWN} if by_hand and not one.schedule else one.schedule_settings
        parts[f"schedule's {name}"] = _setting(name, wanted, given)
    if params.batch_size:
        right = bool(set(batches) & set(params.batch_size))
        asked = either(str(size) for size in params.batch_size)
        has_size = f"the batch size is {either(str(size) for size in batches)}"
        seen = batches and reached
        told = f"{has_size}, not {asked}" if seen else f"the batch size is {UNKNOWN}"
        parts["batch size"] = "" if right else told
    return parts


def _setting(name: str, wanted: Wanted, settings: Mapping[str, Number | bool | str]) -> str:
    if name not in settings:
        return f"{name} is not set, where {_said(wanted)} was asked"
    found = settings[name]
    if found == UNKNOWN:
        return f"{name} is {UNKNOWN}"
    if _fits(found, wanted):
        return ""
    return f"{name} is {_said(found)}, where {_said(wanted)} was asked"


def _fits(found: Number | bool | str, wanted: Wanted) -> bool:  # noqa: FBT001 - a setting's value
    if isinstance(wanted, bool) or isinstance(found, bool):
        return found is wanted
    if isinstance(wanted, str):
        return str(found).lower() == wanted.lower()
    try:
        value = to_float(found)  # type: ignore[arg-type]  # "nan" is a number's name
    except ValueError:
        return False
    span = wanted if isinstance(wanted, Range) else Range(exactly=float(wanted))
    return span.holds(value)


def _said(value: Wanted | Number) -> str:
    if isinstance(value, bool | str | Range):
        return str(value)
    return decimal(value)


def _spelt(settings: Mapping[str, Number | bool | str]) -> str:
    shown = ("lr", "momentum", "weight_decay", "nesterov", "betas", "eps")
    return ", ".join(f"{n}={_said(settings[n])}" for n in shown[:4] if n in settings)


def _expected(params: OptimizerSettings) -> str:
    parts = [either(params.type)] if params.type else []
    parts += [f"{name} {_said(wanted)}" for name, wanted in params.settings.items()]
    parts += [either(params.schedule)] if params.schedule else []
    parts += [f"{name} {_said(wanted)}" for name, wanted in params.schedule_settings.items()]
    if params.batch_size:
        parts.append(f"batch size {either(str(size) for size in params.batch_size)}")
    return f"{listed(parts, most=10)}."


def _dropout_needs(params: DropoutRate, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (describe_module(rubric, params.model, params.source), inspect_source())


@check("dropout.rate", DropoutRate, needs=_dropout_needs)
def dropout_rate(params: DropoutRate, seen: Seen) -> CheckResult:
    """Your net drops numbers out at the rate that the assignment asks for."""
    request = describe_module(seen.rubric, params.model, params.source)
    _, facts = seen.measured(request, ModuleFacts)
    entries = facts.operations or facts.layers
    rates = [_rate(one.settings) for one in entries if "Dropout" in one.type]
    good = [rate for rate in rates if abs(rate - params.rate) <= params.tolerance]
    name = called(params.model)
    more: dict[str, Any] = {
        "expected": f"At least {count(params.layers, 'dropout layer')} with p = "
        f"{decimal(params.rate)}.",
        "bound_by": bound_by(facts.binding),
        "places": tuple(filter(None, (facts.binding.place,))),
    }
    if len(good) >= params.layers:
        layers = count(len(good), "dropout layer")
        return CheckResult.banded(
            Fraction(1), f"Your {name} has {layers} with p = {decimal(params.rate)}.", **more
        )
    if not rates:
        text = f"Your {name} has no dropout layer."
    else:
        shown = listed([decimal(rate) for rate in rates], most=6)
        text = (
            f"Your {name} has {count(len(rates), 'dropout layer')} with p = {shown}; "
            f"{params.layers} with p = {decimal(params.rate)} were asked for."
        )
    return failed(
        text,
        hint=f"Put nn.Dropout({decimal(params.rate)}) after each dense layer but the last.",
        **more,
    )


def _rate(settings: Mapping[str, str]) -> float:
    try:
        return float(settings.get("p", "nan"))
    except ValueError:
        return math.nan
