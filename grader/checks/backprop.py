"""Family `backprop`: a hand-written step against the gradient, computed outside the box."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, JsonValue, model_validator

from grader.checks.arguments import Argument, draw, generator, specs
from grader.checks.base import Seen, check, failed
from grader.checks.by_hand import Activation, Batch, Loss, Net, gradients, slips
from grader.checks.faults import waiting
from grader.checks.phrases import bound_by, count, decimal, listed, share
from grader.checks.requests import inspect_source, train_by_hand
from grader.checks.scores import numbers
from grader.model.base import Points, Record
from grader.model.measurements import Steps
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    import numpy as np

    from grader.model.evidence import Evidence, ProbeRequest
    from grader.model.rubric import Rubric

    Floats = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["BackpropMatches"]

NAMES = 4
"""A net with one hidden layer has so many tensors."""
UP = "up the gradient instead of down"
RESHAPED = re.compile(r"is invalid for input of size|cannot reshape array")
"""Errors of code that has the size of its batches written in it."""


class BackpropMatches(Record):
    """Parameters of `backprop.matches_autograd`: a class with one hidden layer and `backward`."""

    role: str
    """Of kind `class`."""
    made_with: tuple[Argument, ...] = ()
    """Arguments that make the object, by name: sizes, the activation, the learning rate."""
    parameters: tuple[str, ...] = ("W1", "b1", "W2", "b2")
    """Attributes that hold the weights and biases, the hidden layer's first."""
    inputs: int = Field(default=12, ge=2, le=4096)
    hidden: int = Field(default=7, ge=2, le=512)
    classes: int = Field(default=5, ge=2, le=100)
    batch: int = Field(default=6, ge=2, le=256)
    activation: Activation = "sigmoid"
    """Of the hidden layer."""
    loss: Loss = "cross_entropy"
    """`cross_entropy` has softmax on top, `binary_cross_entropy` a sigmoid, `mse` nothing."""
    lr: float = Field(default=0.1, gt=0)
    """The learning rate that `made_with` gives."""
    reductions: tuple[Literal["sum", "mean", "any"], ...] = Field(
        default=("sum", "mean"), min_length=1
    )
    """Over the batch; `any` accepts one positive factor, the same for all tensors."""
    relative: float = Field(default=1e-3, gt=0, lt=0.5)
    """Largest relative error of a tensor's step."""
    seed: int = Field(default=0, ge=0)
    partial: bool = True
    """Whether each right tensor earns its share."""
    gradients_only: Points = Fraction(3, 4)
    """Share where `backward` gives right gradients and no method of the class applies them."""

    @model_validator(mode="after")
    def _sizes_differ(self) -> BackpropMatches:
        if len({self.inputs, self.hidden, self.classes}) < NAMES - 1:
            msg = "inputs, hidden and classes must differ, or a transposed matrix would not show"
            raise ValueError(msg)
        if len(self.parameters) != NAMES or len(set(self.parameters)) != NAMES:
            msg = 'parameters names four tensors, such as ["W1", "b1", "W2", "b2"]'
            raise ValueError(msg)
        return self


def _needs(params: BackpropMatches, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (_request(params, rubric), inspect_source())


def _drawn(params: BackpropMatches) -> tuple[Net, Batch, dict[str, JsonValue]]:
    """The net, a batch, and both as the box gets them."""
    import numpy as np

    source = generator(params.seed)
    made_with = specs(draw(params.made_with, source))
    d, h, k, n = params.inputs, params.hidden, params.classes, params.batch
    tensors = [
        np.round(source.standard_normal(shape) / math.sqrt(shape[0] if len(shape) > 1 else 4), 4)
        for shape in ((d, h), (h,), (h, k), (k,))
    ]
    x = np.round(source.uniform(0, 1, (n, d)), 4)
    labels = [*range(min(n, k)), *(int(i) for i in source.integers(k, size=max(0, n - k)))]
    w1, b1, w2, b2 = tensors
    net = Net(w1, b1, w2, b2, activation=params.activation, loss=params.loss)
    setup: dict[str, JsonValue] = {
        "construct": made_with,
        "set": {
            name: {"tensor": tensor.tolist(), "dtype": "float64"}
            for name, tensor in zip(params.parameters, tensors, strict=True)
        },
        "x": {"tensor": x.tolist(), "dtype": "float64"},
        "labels": list[JsonValue](labels),
        "classes": k,
    }
    return net, Batch(x, np.eye(k)[labels]), setup


def _request(params: BackpropMatches, rubric: Rubric) -> ProbeRequest:
    return train_by_hand(rubric, params.role, _drawn(params)[2])


@dataclass(frozen=True)
class _Try:
    """One way of calling, under one reduction.

    Attributes:
        way: Such as `one-hot labels`.
        reduction: `sum`, `mean` or a factor in words.
        wrong: Tensor → what is wrong with its step.
        error: Largest relative error of the right ones.
        outputs: What is wrong with what `forward` gives, or nothing.
        applied: Whether the class updated its weights; else its gradients are judged.
    """

    way: str
    reduction: str
    wrong: dict[str, str]
    error: float
    outputs: str
    applied: bool


@check("backprop.matches_autograd", BackpropMatches, needs=_needs)
def matches_autograd(params: BackpropMatches, seen: Seen) -> CheckResult:
    """Your own backward pass moves every weight as the gradient says."""
    evidence, steps = seen.measured(_request(params, seen.rubric), Steps)
    name = steps.binding.definition or params.role
    more: dict[str, Any] = {
        "expected": "Each tensor moves by -lr times the gradient of the loss, "
        f"{_accepted(params)}.",
        "bound_by": bound_by(steps.binding),
        "places": (steps.binding.place,) if steps.binding.place else (),
        "unit": "relative error",
        "threshold": params.relative,
    }
    if not steps.ways:
        return _not_called(name, steps, more)
    batch = _drawn(params)[1]
    tries = [one for i, way in enumerate(steps.ways) for one in _way(params, evidence, i, way)]
    best = min(tries, key=lambda one: (len(one.wrong), one.applied))
    right = [one for one in params.parameters if one not in best.wrong]
    fraction = Fraction(len(right), NAMES) if params.partial or not best.wrong else Fraction(0)
    if any(not one.applied and _all_up(one) for one in tries):
        return waiting(
            f"`{name}.backward` was to update the weights, and no method of the class does. The "
            "gradients that it gives have the other sign; a person will look how they are used.",
            **more,
        )
    if not best.applied and fraction:
        return _gradients_only(params, name, best, fraction, more)
    if not best.wrong:
        return CheckResult.banded(
            Fraction(1),
            f"After one step on {count(batch.size, 'example')} `{name}` has {listed(right)} where "
            f"the gradient puts them ({best.reduction}, {best.way}; largest relative error "
            f"{decimal(best.error, 2)}).",
            measured=best.error,
            **more,
        )
    told = "; ".join(f"{tensor}: {what}" for tensor, what in best.wrong.items())
    text = (
        f"After one step on {count(batch.size, 'example')}, {len(best.wrong)} of {NAMES} tensors "
        f"of `{name}` are not where the gradient puts them. {told}."
    )
    if fraction:
        text += f" {listed(right)} {'is' if len(right) == 1 else 'are'} right: {share(fraction)}."
    return CheckResult.banded(fraction, text, hint=best.outputs or _hint(best.wrong), **more)


def _all_up(one: _Try) -> bool:
    return len(one.wrong) == NAMES and all(UP in what for what in one.wrong.values())


def _not_called(name: str, steps: Steps, more: dict[str, Any]) -> CheckResult:
    """No way of calling it worked: the student's fault, unless sizes are written into the code."""
    why = " ".join((steps.errors[0] if steps.errors else "no way of calling it worked").split())
    text = f"`{name}.backward` could not be called: {why.rstrip('.')}."
    if steps.errors and all(RESHAPED.search(error) for error in steps.errors):
        return waiting(
            f"{text} It seems to take batches of one size only; a person will look.", **more
        )
    hint = "Give it the parameters backward(x, y, y_hat), with one-hot labels y."
    return failed(text, hint=hint, **more)


def _gradients_only(
    params: BackpropMatches, name: str, best: _Try, right: Fraction, more: dict[str, Any]
) -> CheckResult:
    """Gradients that no method applies earn less than a step."""
    fraction = right * params.gradients_only
    told = "; ".join(f"{tensor}: {what}" for tensor, what in best.wrong.items())
    good = listed([one for one in params.parameters if one not in best.wrong])
    return CheckResult.banded(
        fraction,
        f"`{name}.backward` was to update the weights, and no method of the class does. The "
        f"gradients that it gives are right for {good} ({best.reduction}): {share(fraction)}."
        f"{f' {told}.' if told else ''}",
        hint="Let backward end with W -= lr * gradient for each of the four.",
        **more,
    )


def _accepted(params: BackpropMatches) -> str:
    words = {"sum": "summed over the batch", "mean": "averaged over the batch"}
    if "any" in params.reductions:
        return "up to one positive factor"
    return " or ".join(words[one] for one in params.reductions)


def _way(params: BackpropMatches, evidence: Evidence, index: int, way: str) -> list[_Try]:
    """Judge one way of calling under every accepted reduction."""
    net, batch, _ = _drawn(params)
    befores = (net.w1, net.b1, net.w2, net.b2)
    named = list(zip(params.parameters, befores, strict=True))
    stepped: list[Floats | None] = []
    for name, before in named:
        after = _oriented(numbers(evidence, f"{name}_{index}"), before)
        stepped.append(None if after is None else after - before)
    outputs = _outputs(net, batch, evidence, index)
    moves = [(stepped, True)]
    kept = [f"gradient_{name}_{index}" for name in params.parameters]
    if any(name in evidence.arrays for name in kept):
        for scale in (params.lr, 1.0):  # a gradient may be kept times the learning rate
            moved = [
                _gradient(evidence, key, before, scale)
                for key, (_, before) in zip(kept, named, strict=True)
            ]
            moves.append((moved, False))
    tries = []
    for moved, applied in moves:
        for reduction in params.reductions:
            factor, told = _factor(params, reduction, net, batch, moved)
            wrong, worst = _wrong(params, net, batch, moved, factor)
            tries.append(_Try(way, told, wrong, worst, outputs, applied))
    return tries


def _gradient(evidence: Evidence, key: str, before: Floats, scale: float) -> Floats | None:
    """The step that a gradient stands for; none where it was not found."""
    if key not in evidence.arrays:
        return before * 0
    gradient = _oriented(numbers(evidence, key), before)
    return None if gradient is None else -scale * gradient


def _oriented(after: Floats, before: Floats) -> Floats | None:
    """A tensor in the shape it was given in: transposed back, axes of length 1 dropped."""
    if after.shape == before.shape:
        return after
    if after.ndim == before.ndim == 2 and after.T.shape == before.shape:  # noqa: PLR2004 - matrices
        return after.T
    return after.reshape(before.shape) if before.ndim == 1 and after.size == before.size else None


def _factor(
    params: BackpropMatches,
    reduction: str,
    net: Net,
    batch: Batch,
    moved: list[Floats | None],
) -> tuple[float, str]:
    """What the summed gradient is multiplied by, learning rate included, and how that is told."""
    import numpy as np

    if reduction == "sum":
        return params.lr, "summed over the batch"
    if reduction == "mean":
        return params.lr / batch.size, "averaged over the batch"
    last, step = gradients(net, batch)[2], moved[2]
    if step is None or not np.isfinite(step).all():
        return params.lr, "up to a factor"
    factor = float(-(step * last).sum() / (last * last).sum())
    if not factor > 0:
        return params.lr, "up to a factor"
    return factor, f"{decimal(factor / params.lr, 3)} times the sum over the batch"


def _wrong(
    params: BackpropMatches,
    net: Net,
    batch: Batch,
    moved: list[Floats | None],
    factor: float,
) -> tuple[dict[str, str], float]:
    """Tensor → what is wrong with its step, and the largest error of the right ones."""
    wrong: dict[str, str] = {}
    worst = 0.0
    known = slips(net, batch, factor)
    for i, (name, step, exact) in enumerate(
        zip(params.parameters, moved, gradients(net, batch), strict=True)
    ):
        if step is None:
            wrong[name] = "it changed its shape"
            continue
        error = _error(step, -factor * exact)
        if error <= params.relative:
            worst = max(worst, error)
            continue
        alternatives = {what: -factor * grads[i] for what, grads in known.items()}
        wrong[name] = _diagnosis(step, -factor * exact, alternatives, params, batch.size)
    return wrong, worst


def _error(step: Floats, exact: Floats) -> float:
    """|step - exact| / |exact|, over all numbers of a tensor; NaN when there is one."""
    import numpy as np

    with np.errstate(all="ignore"):
        return float(np.linalg.norm(step - exact) / np.linalg.norm(exact))


def _diagnosis(
    step: Floats, exact: Floats, alternatives: dict[str, Floats], params: BackpropMatches, size: int
) -> str:
    """What one tensor's step is instead."""
    import numpy as np

    if not np.isfinite(step).all():
        return "it holds NaN or infinite numbers"
    if not step.any():
        return "it did not move"
    told = _scaled(step, exact, params, size) or _slip(step, alternatives, params, size)
    if told is None and exact.ndim == 1 and np.allclose(step, step.flat[0], rtol=1e-6, atol=0):
        told = "all its entries moved by the same: sum over the batch, not over everything"
    return told or f"its step is off by {decimal(100 * _error(step, exact), 2)}%"


def _slip(
    step: Floats, alternatives: dict[str, Floats], params: BackpropMatches, size: int
) -> str | None:
    """The known mistake that gives this step, up to a factor."""
    for what, other in alternatives.items():
        if _error(step, other) <= params.relative:
            return what
        if _scaled(step, other, params, size) is not None:
            return f"{what}; and its sign or scale is another too"
    return None


def _scaled(step: Floats, exact: Floats, params: BackpropMatches, size: int) -> str | None:
    """That a step is a multiple of what it should be, in words; None when it is not."""
    import numpy as np

    if _error(step, -exact) <= params.relative:
        return f"it moves {UP}: the sign is wrong"
    ratio = float((step * exact).sum() / (exact * exact).sum())
    if not np.isfinite(ratio) or ratio == 0 or _error(step / ratio, exact) > params.relative:
        return None
    for power, told in ((size, f"the batch size {size}"), (1 / params.lr, "1/lr")):
        if math.isclose(ratio, power, rel_tol=1e-2):
            why = "divide by it" if power == size else "the learning rate is missing"
            return f"its step is {told} times too large: {why}"
        if math.isclose(ratio, 1 / power, rel_tol=1e-2):
            return f"its step is {told} times too small"
    sign = "; its sign is wrong too" if ratio < 0 else ""
    return f"its step is {decimal(abs(ratio), 3)} times what it should be{sign}"


def _outputs(net: Net, batch: Batch, evidence: Evidence, index: int) -> str:
    """What is wrong with what `forward` gives, as a hint."""
    import numpy as np

    if f"output_{index}" not in evidence.arrays:
        return ""
    found, wanted = numbers(evidence, f"output_{index}"), net.outputs(batch.x)
    if found.shape == wanted.T.shape:
        found = found.T
    if found.shape != wanted.shape:
        return "forward should give one row of class probabilities for each example."
    if np.allclose(found, wanted, rtol=1e-3, atol=1e-5):
        return ""
    if np.allclose(found, net.logits(batch.x), rtol=1e-3, atol=1e-5):
        return "forward gives the scores before softmax; the gradient ŷ - y needs probabilities."
    return "forward already gives other outputs than the net described: begin there."


def _hint(wrong: dict[str, str]) -> str:
    if any("went" in what or "sign" in what for what in wrong.values()):
        return "Descend: W -= lr * gradient."
    return "Check that tensor alone against a finite difference on a batch of two."
