"""Gradients that a backward pass by hand returns or keeps, and the methods that apply them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .bound import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["gradients_in", "named_gradient", "update_methods"]

UPDATES = ("update_parameters", "update_params", "update_weights", "update", "step", "optimize")
UPDATING = re.compile(r"update|apply|optimi[sz]e|adjust|descen[dt]|sgd|(?:^|_)step")
NO_UPDATE = re.compile(r"train|fit|zero|activation|softmax|_lr$|rate")
"""Names of methods that change more than the parameters, or others."""
BEFORE, AFTER = r"(?:d|dl?d|g|grad|grads|gradient|delta|nabla)", r"(?:g|grad|grads|gradient)"
ENTRIES = 64
"""Of a container that may hold gradients."""


def update_methods(net: Any) -> list[Callable[..., Any]]:
    """Methods that may apply gradients, where `backward` does not; the likeliest first."""
    own = [kind for kind in type(net).__mro__ if not str(kind.__module__).startswith("torch")]
    names = [name for kind in own for name in vars(kind) if not name.startswith("__")]
    like = [n for n in names if UPDATING.search(n.lower()) and not NO_UPDATE.search(n.lower())]
    found = (getattr(net, name, None) for name in dict.fromkeys([*UPDATES, *like]))
    return [method for method in found if callable(method)]


def named_gradient(label: str, name: str) -> bool:
    """Whether something called so is the gradient of a parameter: `dW1`, `grad_W1`, `W1_grad`."""
    own = re.escape(plain(name))
    return bool(re.fullmatch(f"{BEFORE}{own}|{own}{AFTER}", plain(label)))


def gradients_in(
    returned: Any, kept: Mapping[str, Any], given: Mapping[str, torch.Tensor]
) -> dict[str, Any]:
    """The gradients of parameters: by their names, else the only tensor of that shape.

    Args:
        returned: By `backward`.
        kept: Attributes of the net that `backward` may have set, the parameters left out.
        given: Parameter → its numbers; sizes differ, so that a shape tells which it is.
    """
    pools = [list(_flat("", returned)), [one for n, v in kept.items() for one in _flat(n, v)]]
    found: dict[str, Any] = {}
    for name, value in given.items():
        for pool in pools:
            fitting = [(label, one) for label, one in pool if _fits(one, value)]
            called = [one for label, one in fitting if named_gradient(label, name)]
            called = called or [one for label, one in fitting if plain(label) == plain(name)]
            alone = [one for _, one in fitting] if len(fitting) == 1 else []
            if called or alone:
                found[name] = (called or alone)[0]
                break
    return found


def _flat(label: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A tensor, or those in a container, by their names."""
    if isinstance(value, torch.Tensor | np.ndarray):
        yield label, value
    elif isinstance(value, dict):
        for key, one in list(value.items())[:ENTRIES]:
            if isinstance(one, torch.Tensor | np.ndarray):
                yield str(key), one
    elif isinstance(value, list | tuple):
        for one in value[:ENTRIES]:
            if isinstance(one, torch.Tensor | np.ndarray):
                yield "", one


def _fits(found: Any, given: torch.Tensor) -> bool:
    shape, size = tuple(found.shape), given.numel()
    if given.dim() == 1:
        return shape in {(size,), (1, size), (size, 1)}
    return shape in {tuple(given.shape), tuple(given.shape)[::-1]}
