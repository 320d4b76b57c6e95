"""Family `module`: what a net is made of and what goes in and comes out."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from grader.checks.architecture import same
from grader.checks.base import Seen, Stopped, check, failed, ours
from grader.checks.faults import waiting
from grader.checks.phrases import (
    bound_by,
    called,
    count,
    decimal,
    either,
    listed,
    shape,
    share,
)
from grader.checks.requests import Source, describe_module, inspect_source, predict
from grader.checks.scores import numbers, row_kind
from grader.model.base import Points, Record, to_float
from grader.model.measurements import Layer, ModuleFacts, Operation, Predictions
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["ModuleContract", "ModuleIsCnn", "ModuleLayers"]


class ModuleContract(Record):
    """Parameters of `module.contract`. The shapes are the role's."""

    model: str
    """A role of kind `module`."""
    rows: Literal["any", "log_probabilities", "probabilities"] = "any"
    """What a row of outputs must be."""
    dataset: str = ""
    """Judge the rows on this split's inputs; empty: on a few random inputs."""
    tolerance: float = Field(default=1e-3, gt=0)
    """Of a row's probabilities' sum from 1."""
    shape_fraction: Points = Fraction(0)
    """Share for the right output shape when the rows are not what was asked."""
    source: Source = "any"


class ModuleLayers(Record):
    """Parameters of `module.layers`. Types are class names such as `Conv2d`; `A|B` is either."""

    model: str
    """A role of kind `module`."""
    contains: tuple[str, ...] = ()
    """Each must be there, as torch's own layer, or run as a function of torch's."""
    only: tuple[str, ...] = ()
    """When given, no other type may be there."""
    none_of: tuple[str, ...] = ()
    """None of these may be there."""
    one_with: dict[str, dict[str, int | float | str | bool]] = {}
    """Of each of these types, at least one must have the settings:
    `{ Conv2d = { out_channels = 32 } }`."""
    source: Source = "any"

    @model_validator(mode="after")
    def _asks_something(self) -> ModuleLayers:
        if not (self.contains or self.only or self.none_of or self.one_with):
            msg = "say what to look for: contains, only, none_of or one_with"
            raise ValueError(msg)
        return self


class ModuleIsCnn(Record):
    """Parameters of `module.is_cnn`."""

    model: str
    """A role of kind `module`."""
    convolutions: int = Field(default=1, ge=1)
    """So many must run, at least."""
    share: Points = Fraction(0)
    """Of all parameters that must sit in convolutions, 0 to 1."""
    source: Source = "any"


CONVOLUTIONS = frozenset({"Conv1d", "Conv2d", "Conv3d"})

LOG_SOFTMAX = "End the net with nn.LogSoftmax(dim=1)."
SOFTMAX = "End the net with nn.Softmax(dim=1)."
NOT_FINITE = "not_finite"
"""Kind of rows that hold no number at all."""


def _contract_needs(params: ModuleContract, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    described = describe_module(rubric, params.model, params.source)
    if not params.dataset:
        return (described, inspect_source())
    scored = predict(rubric, params.model, params.dataset, params.source)
    return (described, scored, inspect_source())


@check("module.contract", ModuleContract, needs=_contract_needs)
def module_contract(params: ModuleContract, seen: Seen) -> CheckResult:
    """Your net takes the inputs and gives the outputs that the assignment describes."""
    described = describe_module(seen.rubric, params.model, params.source)
    _, facts = seen.measured(described, ModuleFacts)
    role = seen.rubric.roles[params.model]
    expected = _expected(params, role.input_shape, role.output_shape)
    more: dict[str, Any] = {"bound_by": bound_by(facts.binding), "expected": expected}
    name = called(params.model)
    if role.output_shape is not None and facts.output_shape != role.output_shape:
        got = "no output" if facts.output_shape is None else shape(facts.output_shape)
        return failed(
            f"For one example your {name} gives {got} where {shape(role.output_shape)} was "
            "expected.",
            measured=got,
            threshold=shape(role.output_shape),
            hint="Check the last layer's size, and that the first layer fits the inputs.",
            **more,
        )
    right = f"Your {name} gives outputs of the right shape" if role.output_shape else ""
    if params.rows == "any":
        return CheckResult.banded(Fraction(1), f"{right or f'Your {name} can be run'}.", **more)
    good, looked_at, kind = _rows(params, seen, facts)
    if good == looked_at:
        text = (
            f"{right}, and its rows are {_spoken(params.rows)}"
            if right
            else (f"The rows of your {name}'s outputs are {_spoken(params.rows)}")
        )
        return CheckResult.banded(
            Fraction(1), f"{text} (all {looked_at:,} that were looked at).", **more
        )
    text = (
        f"The rows of your {name}'s outputs are not {_spoken(params.rows)}: "
        f"{looked_at - good:,} of {looked_at:,} rows do not sum to 1"
        f"{' after exp' if params.rows == 'log_probabilities' else ''}. {_seems(kind)}"
    )
    if params.shape_fraction:
        text += f" The right shape alone earns {share(params.shape_fraction)}."
    hint = LOG_SOFTMAX if params.rows == "log_probabilities" else SOFTMAX
    if kind == NOT_FINITE:
        hint = "Training diverged: look for NaN in the inputs, or lower the learning rate."
    return CheckResult.banded(params.shape_fraction, text.strip(), hint=hint, **more)


def _rows(params: ModuleContract, seen: Seen, facts: ModuleFacts) -> tuple[int, int, str]:
    """Rows that are what was asked, rows looked at, and what they seem to be instead."""
    import numpy as np

    if params.dataset:
        request = predict(seen.rubric, params.model, params.dataset, params.source)
        evidence, _ = seen.measured(request, Predictions)
        scores = numbers(evidence, "scores")
        if scores.ndim != 2 or not scores.size:  # noqa: PLR2004 - a matrix
            return 0, max(1, len(scores) if scores.ndim else 1), ""
        with np.errstate(all="ignore"):
            logs = np.abs(np.exp(scores).sum(axis=1) - 1) <= params.tolerance
            plain = np.abs(scores.sum(axis=1) - 1) <= params.tolerance
        plain &= (scores >= 0).all(axis=1)
        good = logs if params.rows == "log_probabilities" else plain
        kind = row_kind(scores, params.tolerance)[0]
        return int(good.sum()), len(scores), kind if np.isfinite(scores).any() else NOT_FINITE
    if not facts.row_sums:
        raise Stopped(ours("no rows of the net's outputs were looked at"))
    sums = [to_float(one) for one in facts.row_sums]
    good_sums = sum(abs(one - 1) <= params.tolerance for one in sums)
    if params.rows == "probabilities":
        raise Stopped(ours("probabilities can only be judged on a dataset: set `dataset`"))
    kind = "logits" if any(map(math.isfinite, sums)) else NOT_FINITE
    return good_sums, len(sums), "" if good_sums else kind


def _expected(
    params: ModuleContract, inputs: tuple[int, ...] | None, outputs: tuple[int, ...] | None
) -> str:
    text = "One example"
    if inputs is not None:
        text += f" of shape {shape(inputs)}"
    text += " goes in"
    if outputs is not None:
        text += f" and {shape(outputs)} comes out"
    if params.rows != "any":
        text += f", {_spoken(params.rows)}"
    return f"{text}."


def _spoken(rows: str) -> str:
    return rows.replace("_", "-")


def _seems(kind: str) -> str:
    return {
        "log_probabilities": "They look like log-probabilities.",
        "probabilities": "They look like probabilities.",
        "logits": "They look like logits: scores before a softmax.",
        NOT_FINITE: "They hold NaN or infinite numbers.",
    }.get(kind, "")


def _layers_needs(params: ModuleLayers | ModuleIsCnn, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (describe_module(rubric, params.model, params.source), inspect_source())


@check("module.layers", ModuleLayers, needs=_layers_needs)
def module_layers(params: ModuleLayers, seen: Seen) -> CheckResult:
    """Your net is built from the layers that the assignment asks for."""
    described = describe_module(seen.rubric, params.model, params.source)
    _, facts = seen.measured(described, ModuleFacts)
    name = called(params.model)
    layers = tuple(layer for layer in facts.layers if not _is_loss(layer))
    more: dict[str, Any] = {
        "bound_by": bound_by(facts.binding),
        "expected": _asked(params),
        "measured": _counted(layers),
    }
    own = {layer.type for layer in layers if layer.torch}
    own |= {one.type for one in facts.operations}  # in a subclass, or as a function
    every = {layer.type for layer in layers}
    absent = [asked for asked in params.contains if not own & set(asked.split("|"))]
    allowed = {one for asked in params.only for one in asked.split("|")}
    strange = sorted(every - allowed) if params.only else []
    unwanted = sorted(every & {one for asked in params.none_of for one in asked.split("|")})
    holds = f"It holds {_counted(layers)}."
    others = _others(params, facts, more)
    if not absent and not strange and not unwanted and not others:
        return CheckResult.banded(
            Fraction(1), f"Your {name} has the layers that were asked for. {holds}", **more
        )
    wrong = []
    if absent:
        wrong.append(f"has no {listed(_alternatives(absent))} layer")
    if strange or unwanted:
        wrong.append(f"uses {listed(sorted({*strange, *unwanted}))}, which is not allowed here")
    wrong += others
    return failed(
        f"Your {name} {listed(wrong)}. {holds}",
        hint=_to_try(bool(absent), bool(strange or unwanted)),
        places=tuple(filter(None, (facts.binding.place,))),
        **more,
    )


@check("module.is_cnn", ModuleIsCnn, needs=_layers_needs)
def module_is_cnn(params: ModuleIsCnn, seen: Seen) -> CheckResult:
    """Your net is a convolutional one."""
    described = describe_module(seen.rubric, params.model, params.source)
    _, facts = seen.measured(described, ModuleFacts)
    name = called(params.model)
    own = _own_convolutions(facts)
    made = [
        one
        for one in facts.layers
        if (one.torch and one.type in CONVOLUTIONS) or (not one.torch and one.path in own)
    ]
    run = [one for one in facts.operations if one.type in CONVOLUTIONS]
    running = len(run) if facts.operations else len(made)
    total = sum(layer.parameters for layer in facts.layers)
    inside = Fraction(sum(one.parameters for one in made), total) if total > 0 else Fraction(0)
    more: dict[str, Any] = {
        "bound_by": bound_by(facts.binding),
        "expected": f"At least {count(params.convolutions, 'convolution')} on the way from input "
        "to output"
        + (f", with {decimal(100 * params.share, 3)}% of the parameters." if params.share else "."),
        "measured": float(running),
        "threshold": float(params.convolutions),
        "unit": "convolutions",
    }
    text = f"Your {name} runs {count(running, 'convolution')}"
    if running < params.convolutions:
        unused = len(made) - running
        told = f"; {count(unused, 'more is', 'more are')} made but never run" if unused > 0 else ""
        return failed(
            f"{text}{told}; at least {params.convolutions} were asked for.",
            hint="Build it from nn.Conv2d layers, and call each of them in forward.",
            places=tuple(filter(None, (facts.binding.place,))),
            **more,
        )
    if inside < params.share:
        return failed(
            f"{text}, but they hold only {decimal(100 * inside, 3)}% of its parameters.",
            hint="Let the convolutions do the work: a smaller dense part after more of them.",
            **more,
        )
    return CheckResult.banded(Fraction(1), f"{text}: it is a convolutional net.", **more)


def _own_convolutions(facts: ModuleFacts) -> set[str]:
    """Paths of layers of the student's own that convolve, and hold no dense part beside it."""
    dense = {one.path for one in facts.operations if one.type in {"Linear", "Bilinear"}}
    return {one.path for one in facts.operations if one.type in CONVOLUTIONS} - dense - {""}


def _others(params: ModuleLayers, facts: ModuleFacts, more: dict[str, Any]) -> list[str]:
    """Types of which no layer has the settings that were asked for, and what theirs are.

    Raises:
        Stopped: No layer of that type says what its settings are.
    """
    found: list[str] = []
    for kind, settings in params.one_with.items():
        steps: list[Layer | Operation] = [*facts.layers, *facts.operations]
        mine = [one for one in steps if one.type == kind and settings.keys() <= one.settings.keys()]
        if not mine:
            text = f"No {kind} of your {called(params.model)} says its {listed(settings)}."
            raise Stopped(waiting(f"{text} A person will look.", **more))
        if any(all(same(one.settings[n], v) for n, v in settings.items()) for one in mine):
            continue
        theirs = dict.fromkeys(_with(kind, {n: one.settings[n] for n in settings}) for one in mine)
        found.append(f"has no {_with(kind, settings)}, but {listed(theirs)}")
    return found


def _to_try(absent: bool, strange: bool) -> str:  # noqa: FBT001 - what is wrong
    if absent:
        return "Check that the right net is in this file: two nets are easily saved under one name."
    if strange:
        return "Build the net from the allowed layers."
    return "Compare the sizes of the layers with the text of the assignment."


def _with(kind: str, settings: Mapping[str, float | str | bool]) -> str:
    return f"{kind}({', '.join(f'{name}={value}' for name, value in settings.items())})"


def _is_loss(layer: Layer) -> bool:
    """A loss that a net carries along, as the template's does, is none of its layers."""
    return layer.torch and layer.type.endswith("Loss")


def _alternatives(asked: list[str]) -> list[str]:
    return [either(one.split("|")) for one in asked]


def _asked(params: ModuleLayers) -> str:
    parts = []
    if params.contains:
        parts.append(f"contains {listed(_alternatives(list(params.contains)))}")
    if params.only:
        parts.append(f"only {listed(params.only, most=12)}")
    if params.none_of:
        parts.append(f"none of {listed(params.none_of, most=12)}")
    parts += [f"contains a {_with(kind, settings)}" for kind, settings in params.one_with.items()]
    return (
        f"A net that {'; '.join(parts)}."
        if params.contains or params.one_with
        else f"{'; '.join(parts).capitalize()}."
    )


def _counted(layers: tuple[Layer, ...]) -> str:
    """`2 Linear, 1 ReLU` in the order of first use."""
    kinds: dict[str, int] = {}
    for layer in layers:
        kinds[layer.type] = kinds.get(layer.type, 0) + 1
    return listed([f"{number} {kind}" for kind, number in kinds.items()], most=12) or "no layers"
