"""Nets that are plain classes with tensors for attributes, dressed as modules.

So that whatever measures modules measures them: their tensors are the parameters, and what their
`forward` returns are the scores.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..definitions.lifted import Candidate, is_module
from .bound import plain
from .building import required_arguments
from .by_hand import MATRIX, constructed, outputs_in, tensors_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..definitions.lifted import Definitions

__all__ = ["HandMade", "candidates_by_hand", "dressed", "is_hand_made", "matched"]

LEAST = 2
"""Tensors of a net made by hand: a weight and a bias."""
FORWARDS = ("forward", "predict", "__call__")


class HandMade(torch.nn.Module):
    """A module around an object of a student's plain class.

    Args:
        net: The object.
    """

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net
        for name, value in _floating(net).items():
            tensor = torch.as_tensor(value).detach().clone().to(torch.float32)
            parameter = torch.nn.Parameter(tensor, requires_grad=True)
            self.register_parameter(name.replace(".", "_"), parameter)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the object's own `forward` gives for its parameters as they are now."""
        arrays = False
        for name, parameter in torch.nn.Module.named_parameters(self):
            old = getattr(self.net, name)
            value = parameter.detach().clone()
            arrays = isinstance(old, np.ndarray)
            setattr(self.net, name, value.numpy().astype(old.dtype) if arrays else value)
        method = next(getattr(self.net, name) for name in FORWARDS if hasattr(self.net, name))
        found = method(x.numpy().astype(np.float64) if arrays else x)
        widths = [p.shape[-1] for p in self.parameters()]
        output = outputs_in(found, int(widths[-1]) if widths else 0, len(x))
        return torch.as_tensor(output).to(torch.float32)


def _floating(net: Any) -> dict[str, Any]:
    found = {}
    for name, value in tensors_of(net).items():
        tensor = torch.as_tensor(value) if value.dtype != object else None
        if tensor is not None and tensor.is_floating_point() and tensor.dim():
            found[name] = tensor
    return found


def is_hand_made(value: Any) -> bool:
    """Whether an object of a student's class is a net with tensors of its own."""
    kind = type(value)
    if is_module(value) or kind.__module__.split(".")[0] in {"torch", "numpy", "builtins"}:
        return False
    try:
        return callable(getattr(kind, "forward", None)) and len(_floating(value)) >= LEAST
    except Exception:
        return False


def dressed(net: Any) -> HandMade:
    """The object as a module that has its class's name."""
    kind = type(type(net).__name__, (HandMade,), {"__module__": type(net).__module__})
    found: HandMade = kind(net)
    return found


def candidates_by_hand(
    definitions: Definitions, role: dict[str, Any], sizes: list[int]
) -> Iterator[Candidate]:
    """Nets made by hand: those that the code makes, and its classes built with likely arguments."""
    for name, value in list(definitions.namespace.items()):
        if is_hand_made(value) and not name.startswith("_"):
            place = definitions.places.get(name)
            yield Candidate(name, f"{name} = {type(value).__name__}(…)", dressed(value), place)
    for name, versions in definitions.versions.items():
        for kind in reversed(versions):
            if name not in definitions.module_classes() and callable(
                getattr(kind, "forward", None)
            ):
                yield from _built(definitions, name, kind, role, sizes)


def _built(
    definitions: Definitions, name: str, kind: type, role: dict[str, Any], sizes: list[int]
) -> Iterator[Candidate]:
    place = definitions.places.get(name)
    inputs = math.prod(role.get("input_shape") or ()) or None
    outputs = math.prod(role.get("output_shape") or ()) or None
    hidden = next((s for s in sizes if s not in {inputs, outputs, 1}), 16)
    activation = next(
        (definitions.namespace[n] for n in ("sigmoid", "Sigmoid") if n in definitions.namespace),
        torch.sigmoid,
    )
    likely = {
        "input_size": inputs,
        "output_size": outputs,
        "hidden_size": hidden,
        "activation_func": activation,
        "lr": 0.01,
    }
    guess = {key: value for key, value in likely.items() if value is not None}
    if not required_arguments(kind):
        guess = {}
    for arguments in (*definitions.calls.get(name, ()), guess):
        try:
            net = constructed(kind, [], copy.copy(arguments))
        except BaseException:  # noqa: S112 - the next arguments may do
            continue
        if is_hand_made(net):
            yield Candidate(name, f"{name}(…)", dressed(net), place)


def matched(
    module: HandMade, tensors: Mapping[str, torch.Tensor]
) -> tuple[dict[str, torch.Tensor], list[str]]:
    """Saved tensors under the net's own names, turned as it holds them, and what fits none.

    By their names; those of a tuple or list have none and come in the order of the attributes.
    """
    own = dict(torch.nn.Module.named_parameters(module))
    left = dict(tensors)
    found: dict[str, torch.Tensor] = {}

    def take(named: Callable[[str, str], bool]) -> None:
        for name, parameter in own.items():
            fitting = [
                key
                for key, saved in left.items()
                if named(key.rsplit(".", 1)[-1], name) and _turned(saved, parameter)
            ]
            if name not in found and fitting:
                found[name] = _oriented(left.pop(fitting[0]), parameter)

    take(lambda key, name: plain(key) == plain(name))
    take(lambda key, _name: key.isdigit())
    return found, list(left)


def _turned(saved: torch.Tensor, own: torch.Tensor) -> bool:
    """Whether a tensor has a parameter's shape, or that of its transpose, row or column."""
    if saved.dim() == own.dim() == MATRIX and 1 not in own.shape:
        return tuple(saved.shape) in {tuple(own.shape), tuple(own.T.shape)}
    vector = 1 in own.shape or own.dim() == 1
    return tuple(saved.shape) == tuple(own.shape) or (vector and saved.numel() == own.numel())


def _oriented(saved: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    if saved.shape == own.shape:
        return saved
    if saved.dim() == own.dim() == MATRIX and saved.T.shape == own.shape:
        return saved.T.contiguous()
    return saved.reshape(own.shape)
