"""Nets that are no `nn.Module`: plain classes that hold `W1 b1 W2 b2` and compute by themselves."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..reply import StudentFault
from .bound import plain
from .gradients import named_gradient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .bound import Bound

__all__ = ["Parameters", "constructed", "ordered", "outputs_in", "tensors_of"]

MATRIX = 2
MEANINGS = (
    ("y_hat", r"y_?hat|yhat|y_?pred\w*|pred\w*|output\w*|out|probs?|logits|scores|a2|z2|y_?p|o"),
    ("lr", r"lr|learning_?rate|alpha|eta|step_?size"),
    ("gradients", r"(?:\w+_)?(?:grads?|gradients?)(?:_\w+)?|d_?[wb]\w*|updates?"),
    ("y", r"y|ys|labels?|targets?|y_?true|y_?one_?hot|one_?hot\w*|t|y_?batch|truth"),
    ("x", r"x|xs|inputs?|data|images?|x_?batch|batch|features?|x_?train"),
)
"""What an argument is, by its name."""
CONSTRUCTED = (
    ("hidden", r"hid|h_dim|middle"),
    ("lr", r"^lr|learn|rate|alpha|eta"),
    ("act", r"act|func|fn|nonlin"),
    ("out", r"out|class|k$"),
    ("in", r"^in|input|feature|^d"),
)


def constructed(kind: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """An object of the student's class, by the names of its parameters where they differ."""
    try:
        parameters = list(inspect.signature(kind).parameters.values())
    except (TypeError, ValueError):
        return kind(*args, **kwargs)
    names = {p.name for p in parameters if p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD}}
    if args or any(p.kind is p.VAR_KEYWORD for p in parameters) or set(kwargs) <= names:
        return kind(*args, **kwargs)
    found = {name: value for name, value in kwargs.items() if name in names}
    rest = {name: value for name, value in kwargs.items() if name not in names}
    for name in names - set(found):
        meaning = _first(CONSTRUCTED, name.lower())
        match = next((k for k in rest if meaning and _first(CONSTRUCTED, k) == meaning), None)
        if match is not None:
            found[name] = rest.pop(match)
    required = {p.name for p in parameters if p.name in names and p.default is p.empty}
    if required <= set(found):
        return kind(**found)
    return kind(*kwargs.values())


def _first(patterns: tuple[tuple[str, str], ...], name: str) -> str:
    return next((meaning for meaning, pattern in patterns if re.search(pattern, name)), "")


def ordered(function: Callable[..., Any], known: Mapping[str, Any]) -> list[Any]:
    """Arguments for a method, in the order in which its parameters' names ask for them.

    Where names say nothing, `x, y, y_hat` in this order. A gradient of one parameter has its name.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return [known["x"], known["y"], known["y_hat"]]
    wanted = [p for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    meanings = [
        next((m for m, pattern in MEANINGS if re.fullmatch(pattern, p.name.lower())), "")
        for p in wanted
    ]
    spare = [m for m in ("x", "y", "y_hat") if m not in meanings]
    given: list[Any] = []
    for parameter, meaning in zip(wanted, meanings, strict=True):
        value = known.get(meaning) if meaning else None
        if meaning == "gradients":
            value = _gradient(parameter.name, known.get("each") or {}, value)
        if value is None and parameter.default is not parameter.empty:
            break
        if not meaning and spare:
            value = known[spare.pop(0)]
        given.append(value)
    return given


def _gradient(asked: str, each: Mapping[str, Any], every: Any) -> Any:
    """The gradient that a method's parameter asks for: of one parameter, or of all."""
    one = (value for name, value in each.items() if named_gradient(asked, name))
    return next(one, each if every is None else every)


def outputs_in(found: Any, classes: int, count: int) -> Any:
    """The outputs in what `forward` returned: of several, the last with one number a class."""
    if isinstance(found, list | tuple):
        sized = [part for part in found if classes in tuple(np.shape(part))[-MATRIX:]]
        sized = [part for part in sized if count in tuple(np.shape(part))] or sized
        if sized:
            return sized[-1]
    if isinstance(found, dict):
        return outputs_in(list(found.values()), classes, count)
    if not isinstance(found, torch.Tensor | np.ndarray):
        raise StudentFault(
            "no_scores",
            f"forward returned a {type(found).__name__}, where outputs are expected",
            hint="Return the predicted probabilities, one row for each example.",
        )
    return found


def tensors_of(net: Any) -> dict[str, Any]:
    """Attributes of an object that are tensors or arrays."""
    found = dict(vars(net))
    found |= found.pop("_parameters", None) or {}
    return {n: v for n, v in found.items() if isinstance(v, torch.Tensor | np.ndarray)}


class Parameters:
    """The parameters of a net made by hand, and the numbers that they are to have.

    Args:
        net: An object of the student's class.
        given: Name → its numbers; matrices as [inputs, outputs].
        bound: For what is told when one is missing.

    Raises:
        StudentFault: The object has no such parameter.
    """

    def __init__(self, net: Any, given: Mapping[str, torch.Tensor], bound: Bound | None) -> None:
        self._net = net
        self._given = dict(given)
        self._own = {name: self._found(name, value, bound) for name, value in given.items()}
        self._turned = [
            name
            for name, own in self._own.items()
            if given[name].dim() == MATRIX and self._shape(own) == tuple(given[name].T.shape)
        ]

    def _found(self, name: str, value: torch.Tensor, bound: Bound | None) -> str:
        """The attribute: of that name, of a like name, or the only one of that shape."""
        own = tensors_of(self._net)
        if name in own:
            return name
        alike = [n for n in own if plain(n) == plain(name)]
        shapes = {tuple(value.shape), tuple(value.T.shape)}
        if value.dim() == 1:
            shapes |= {(1, len(value)), (len(value), 1)}
        alike = alike or [n for n in own if tuple(own[n].shape) in shapes]
        if len(alike) == 1:
            return alike[0]
        raise StudentFault(
            "missing_parameter",
            f"an object of '{bound.definition if bound else 'the class'}' has no tensor '{name}'"
            f" (it has {', '.join(own) or 'none'})",
            place=bound.place if bound else None,
            hint=f"Keep the parameters as self.{name} and its kind.",
        )

    def _shape(self, own: str) -> tuple[int, ...]:
        return tuple(getattr(self._net, own).shape)

    def give(self) -> None:
        """Put the numbers in, in the orientation in which the object holds them."""
        for name, own in self._own.items():
            value = self._given[name]
            value = value.T if name in self._turned else value
            old = getattr(self._net, own)
            if value.dim() == 1:  # a bias may be held as a row or a column
                value = value.reshape(tuple(old.shape))
            value = value.clone().contiguous()
            if isinstance(old, np.ndarray):
                setattr(self._net, own, value.numpy())
            elif isinstance(old, torch.nn.Parameter):
                old.data = value
            else:
                setattr(self._net, own, value.requires_grad_(old.requires_grad))

    def others(self) -> dict[str, Any]:
        """Attributes of the object that are none of the parameters."""
        return {n: v for n, v in vars(self._net).items() if n not in self._own.values()}

    def like(self, tensor: torch.Tensor) -> Any:
        """A tensor, as an array where the object computes with numpy."""
        first = getattr(self._net, next(iter(self._own.values())))
        return tensor.numpy() if isinstance(first, np.ndarray) else tensor

    def values(self) -> dict[str, np.ndarray[Any, Any]]:
        """The numbers now, float64, matrices turned as they were given."""
        found = {}
        for name, own in self._own.items():
            value = torch.as_tensor(getattr(self._net, own)).detach().to(torch.float64)
            if name in self._turned and value.dim() == MATRIX:
                value = value.T
            found[name] = value.contiguous().numpy().copy()
        return found

    def told(self) -> str:
        """Which matrices the object holds as [outputs, inputs]."""
        if not self._turned:
            return ""
        return f", {' and '.join(self._turned)} held as [outputs, inputs]"
