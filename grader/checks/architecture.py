"""Family `architecture`: a net against a layer list, a count of parameters or a state dict."""

from __future__ import annotations

import ast
import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from grader.checks.bands import Band, earned, well_formed
from grader.checks.base import Seen, Stopped, check, ours
from grader.checks.faults import waiting
from grader.checks.params import counted
from grader.checks.phrases import bound_by, called, count, either, listed, share
from grader.checks.phrases import shape as spelt
from grader.checks.requests import Source, describe_module, inspect_source
from grader.checks.tensors import tensors_of
from grader.model.base import Record
from grader.model.measurements import Layer, ModuleFacts, Operation
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["ArchitectureMatches", "LayerAsked", "same", "vgg_name"]

ALL_OR_NOTHING = (Band(at=Fraction(1), fraction=Fraction(1)),)

VGG = {
    "VGG11": (1, 1, 2, 2, 2),
    "VGG13": (2, 2, 2, 2, 2),
    "VGG16": (2, 2, 3, 3, 3),
    "VGG19": (2, 2, 4, 4, 4),
}
"""Convolutions in each block, between poolings.

Source: Simonyan and Zisserman (2015), Very deep convolutional networks, table 1, columns A B D E.
"""


class LayerAsked(Record):
    """A layer of the list, or several equal ones."""

    type: str
    """The class, such as `Conv2d`; `A|B` is either."""
    settings: dict[str, int | float | str | bool] = {}
    """Such as `{ out_channels = 64, kernel_size = 3 }`; one number stands for a square."""
    output_shape: tuple[int, ...] = ()
    """For one example, as it runs: `[64, 112, 112]`; empty: any."""
    times: int = Field(default=1, ge=1, le=100)


class ArchitectureMatches(Record):
    """Parameters of `architecture.matches`."""

    model: str
    """A role of kind `module`."""
    layers: tuple[LayerAsked, ...] = ()
    """In the order of running. Types that the list does not name are passed over."""
    none_of: tuple[str, ...] = ()
    """Types that may not be there, such as `BatchNorm2d`."""
    state_dict: str = ""
    """A function in `expected.py` without arguments: key → shape of every tensor. `a|b`: either."""
    parameters: tuple[int, ...] = ()
    """The number of parameters must be one of these."""
    bands: tuple[Band, ...] = ALL_OR_NOTHING
    """By the share of `layers` that are there in order."""
    source: Source = "any"
    missing: Literal["fail", "pending"] = "fail"
    """When no such net is found: `pending` where students name and keep it as they like."""
    told_by: tuple[str, ...] = ()
    """Types that tell the net from the submission's others: one that has more or fewer of them than
    `layers` may be another net, so a person looks."""

    @model_validator(mode="after")
    def _asks_something(self) -> ArchitectureMatches:
        if not (self.layers or self.none_of or self.state_dict or self.parameters):
            msg = "say what to compare: layers, none_of, state_dict or parameters"
            raise ValueError(msg)
        if strange := set(self.told_by) - {layer.type for layer in self.layers}:
            msg = f"told_by names {sorted(strange)}, which are not in layers"
            raise ValueError(msg)
        well_formed(self.bands, rising=True)
        return self


def _needs(params: ArchitectureMatches, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (describe_module(rubric, params.model, params.source), inspect_source())


@check("architecture.matches", ArchitectureMatches, needs=_needs)
def architecture_matches(params: ArchitectureMatches, seen: Seen) -> CheckResult:
    """Your net has the layers that the assignment describes, in their order and sizes."""
    request = describe_module(seen.rubric, params.model, params.source)
    name = called(params.model)
    try:
        _, facts = seen.measured(request, ModuleFacts)
    except Stopped as stopped:
        if params.missing == "pending" and stopped.result.outcome is Outcome.FAIL:
            raise Stopped(_for_a_person(params, stopped.result.message)) from stopped
        raise
    if other := _another(params, facts):
        taken = f"What was taken for your {name} ({facts.binding.definition})"
        return _for_a_person(params, f"{taken} {other}, so it may be another net.", facts)
    wrong: list[str] = []
    value = Fraction(1)
    if params.layers:
        value, told = _compared(params.layers, facts)
        wrong += [told] if told else []
    if extra := _unwanted(params.none_of, facts):
        wrong.append(f"it holds {listed(extra)}, which {_official(params)}")
    if params.state_dict:
        wrong += _misfits(params.state_dict, seen, facts)
    if params.parameters:
        total, _ = counted(facts, params.model)
        if total not in params.parameters:
            asked = either(f"{number:,}" for number in params.parameters)
            wrong.append(f"it has {total:,} parameters where {asked} were expected")
    band = earned(params.bands, value, rising=True)
    fraction = band.fraction if band else Fraction(0)
    only_layers = len(wrong) == (value < 1)
    fraction = fraction if only_layers else Fraction(0)
    known = vgg_name(facts)
    more: dict[str, Any] = {
        "expected": _expected(params),
        "bound_by": bound_by(facts.binding),
        "places": tuple(filter(None, (facts.binding.place,))),
    }
    if not wrong:
        seems = f" It is {known}." if known else ""
        return CheckResult.banded(
            Fraction(1), f"Your {name} is built as the assignment describes.{seems}", **more
        )
    seems = f" What is there looks like {known}." if known else ""
    earns = f" This earns {share(fraction)}." if fraction else ""
    return CheckResult.banded(
        fraction,
        f"Your {name} is not built as described: {'; '.join(wrong)}.{seems}{earns}",
        hint="Print the net and compare it with the table, block by block.",
        **more,
    )


def _for_a_person(
    params: ArchitectureMatches, told: str, facts: ModuleFacts | None = None
) -> CheckResult:
    """The result where it cannot be told which net is meant."""
    place = facts.binding.place if facts else None
    return waiting(
        f"{told} A person will look.",
        expected=_expected(params),
        hint="Name the net, or a file with its weights, after its part of the assignment.",
        bound_by=bound_by(facts.binding) if facts else "",
        places=(place,) if place else (),
    )


def _another(params: ArchitectureMatches, facts: ModuleFacts) -> str:
    """By which number of layers a net may be another one; empty where none tells."""
    for kind in params.told_by:
        there = sum(step.type == kind for step in _steps(facts))
        asked = sum(layer.times for layer in params.layers if layer.type == kind)
        if there != asked:
            return f"has {there or 'no'} {kind} where {asked} were asked for"
    return ""


@dataclass(frozen=True)
class _Step:
    """A layer as it runs."""

    type: str
    settings: dict[str, str]
    where: str
    shape: tuple[int, ...]


def _steps(facts: ModuleFacts) -> list[_Step]:
    """Layers in the order of running; in that of their definition where no pass was traced."""
    entries: Sequence[Operation | Layer] = facts.operations or facts.layers
    return [
        _Step(one.type, _in_numbers(one.settings), one.path, one.output_shape or ())
        for one in entries
    ]


def _in_numbers(settings: dict[str, str]) -> dict[str, str]:
    """Settings with the padding that `same` and `valid` stand for."""
    word = settings.get("padding", "")
    if word == "valid":
        return {**settings, "padding": "0"}
    if word != "same":
        return settings
    kernel = _integers(settings.get("kernel_size", ""))
    apart = _integers(settings.get("dilation", "1")) or (1,)
    spans = [
        (size - 1) * step
        for size, step in zip(
            kernel, apart * len(kernel) if len(apart) == 1 else apart, strict=False
        )
    ]
    if not spans or any(span % 2 for span in spans):
        return settings
    return {**settings, "padding": str(tuple(span // 2 for span in spans))}


def _integers(text: str) -> tuple[int, ...]:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ()
    parts = value if isinstance(value, tuple | list) else (value,)
    return tuple(part for part in parts if isinstance(part, int))


def _compared(asked: tuple[LayerAsked, ...], facts: ModuleFacts) -> tuple[Fraction, str]:
    """The share of the list that is there in order, and the first difference in words."""
    wanted = [layer for layer in asked for _ in range(layer.times)]
    types = {one for layer in asked for one in layer.type.split("|")}
    steps = [step for step in _steps(facts) if step.type in types]
    if any(layer.output_shape for layer in asked) and not facts.operations:
        text = "No pass through your net could be traced, so the shapes within are not known."
        raise Stopped(waiting(f"{text} A person will look."))
    if not steps:
        return Fraction(0), f"it has no {either(sorted(types))}"
    together = _common(wanted, steps)
    value = Fraction(together, max(len(wanted), len(steps)))
    if value == 1:
        return value, ""
    return value, _first_difference(wanted, steps)


def _common(wanted: Sequence[LayerAsked], steps: Sequence[_Step]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(steps) + 1)
    for layer in wanted:
        before = row[:]
        for j, step in enumerate(steps, start=1):
            row[j] = before[j - 1] + 1 if not _apart(layer, step) else max(row[j - 1], before[j])
    return row[-1]


def _first_difference(wanted: Sequence[LayerAsked], steps: Sequence[_Step]) -> str:
    counts = f"{len(steps)} of {len(wanted)} such layers" if len(steps) != len(wanted) else ""
    for number, (layer, step) in enumerate(itertools.zip_longest(wanted, steps), start=1):
        if layer is None:
            return f"after the {len(wanted)} layers of the list there is one more {_said(step)}"
        if step is None:
            return f"it ends after {counts}; {_asked(layer)} is missing"
        if apart := _apart(layer, step):
            told = f"layer {number} is {_said(step)} where {_asked(layer)} was expected"
            told += f" ({apart})" if apart != "type" else ""
            return f"{told}; it has {counts}" if counts else told
    return "its layers are in another order"


def _apart(layer: LayerAsked, step: _Step) -> str:
    """In what a layer differs, or nothing."""
    if step.type not in layer.type.split("|"):
        return "type"
    for name, value in layer.settings.items():
        if name in step.settings and not same(step.settings[name], value):
            return f"{name} is {step.settings[name]}, not {value}"
        if name not in step.settings:
            return f"its {name} is not known"
    if layer.output_shape and step.shape != layer.output_shape:
        return f"it gives {spelt(step.shape)}, not {spelt(layer.output_shape)}"
    return ""


def same(found: str, asked: float | str | bool) -> bool:  # noqa: FBT001 - a setting's value
    """Whether a setting as Python prints it is the one asked for; 3 stands for (3, 3)."""
    if found == str(asked):
        return True
    try:
        value = ast.literal_eval(found)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False
    parts = value if isinstance(value, tuple | list) else (value,)
    if isinstance(asked, bool | str):
        return bool(parts) and all(str(part) == str(asked) for part in parts)
    numeric = all(isinstance(p, int | float) and not isinstance(p, bool) for p in parts)
    return (
        bool(parts)
        and numeric
        and all(math.isclose(part, asked, rel_tol=1e-9, abs_tol=0) for part in parts)
    )


def _asked(layer: LayerAsked) -> str:
    inner = ", ".join(f"{name}={value}" for name, value in layer.settings.items())
    gives = f" giving {spelt(layer.output_shape)}" if layer.output_shape else ""
    return f"{either(layer.type.split('|'))}({inner}){gives}"


def _said(step: _Step) -> str:
    where = f" '{step.where}'" if step.where else ""
    return f"{step.type}{where}"


def _unwanted(none_of: tuple[str, ...], facts: ModuleFacts) -> list[str]:
    there = {layer.type for layer in facts.layers} | {step.type for step in facts.operations}
    return sorted(there & {one for asked in none_of for one in asked.split("|")})


def _official(params: ArchitectureMatches) -> str:
    return (
        "keeps the official weights from loading" if params.state_dict else "was not asked for here"
    )


def _misfits(names: str, seen: Seen, facts: ModuleFacts) -> list[str]:
    """Why no accepted state dict loads, or nothing when one does."""
    own = tensors_of(facts)
    best: list[str] | None = None
    for name in names.split("|"):
        if name not in seen.truth.expected:
            raise Stopped(ours(f"the rubric's expected.py has no function '{name}'"))
        wanted = {str(k): tuple(int(n) for n in v) for k, v in seen.truth.expected[name]().items()}
        told = _keys_apart(own, wanted)
        if not told:
            return []
        best = told if best is None or len(told) < len(best) else best
    return best or []


def _keys_apart(own: dict[str, tuple[int, ...]], wanted: dict[str, tuple[int, ...]]) -> list[str]:
    absent = [key for key in wanted if key not in own]
    extra = [key for key in own if key not in wanted]
    other = [key for key in wanted if key in own and own[key] != wanted[key]]
    told = []
    if absent:
        told.append(f"the official weights hold {listed(absent, most=3)}, which it lacks")
    if extra:
        told.append(f"it has {listed(extra, most=3)}, which the official weights lack")
    if other:
        key = other[0]
        told.append(f"{key} has shape {spelt(own[key])}, not {spelt(wanted[key])}")
    return told


def vgg_name(facts: ModuleFacts) -> str:
    """`VGG13` and the like, by the convolutions in each block; empty when it is none of them."""
    blocks, current = [], 0
    for step in _steps(facts):
        if step.type == "Conv2d":
            current += 1
        elif step.type == "MaxPool2d" and current:
            blocks.append(current)
            current = 0
    return next((name for name, sizes in VGG.items() if tuple(blocks) == sizes), "")


def _expected(params: ArchitectureMatches) -> str:
    parts = []
    if params.layers:
        total = sum(layer.times for layer in params.layers)
        spoken = [f"{one.times} x {_asked(one)}" for one in params.layers]
        parts.append(f"{count(total, 'layer')} in this order: {listed(spoken, most=8)}")
    if params.none_of:
        parts.append(f"no {either(params.none_of)}")
    if params.state_dict:
        parts.append("the official state dict loads")
    if params.parameters:
        parts.append(f"{either(f'{number:,}' for number in params.parameters)} parameters")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."
