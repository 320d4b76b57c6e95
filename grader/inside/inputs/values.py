"""Value specs of requests, as Python values.

{"value": 3}                                                  as JSON has it
{"student": "sigmoid|Sigmoid"}                                what the code calls so; else the text
{"tensor": [[…], …], "dtype": "float32"}                      a torch tensor; or
{"tensor": {"dtype": "float32", "shape": [2, 3], "data": […]}}
{"array": …, "dtype": …}                                      the same as a numpy array
{"net": {"weight": [[…]], "bias": […]}, "dtype": "float32"}   a linear net, log-softmax on top
{"net": {"layers": [{"type": "Linear", "weight": …, "bias": …}, {"type": "LogSoftmax", "dim": 1}]}}
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["results", "value_of"]


def value_of(spec: Any, names: Mapping[str, Any] | None = None) -> Any:
    """Turn a spec into the value it describes.

    Args:
        spec: As above.
        names: The student's namespace.

    Raises:
        ValueError: The request is malformed: the rubric's or our fault.
    """
    if not isinstance(spec, dict):
        raise TypeError(f"a value spec is an object, not {type(spec).__name__}")
    if "value" in spec:
        return spec["value"]
    if "student" in spec:
        wanted = str(spec["student"]).split("|")
        return next((names[name] for name in wanted if names and name in names), wanted[0])
    dtype = str(spec.get("dtype", "float32"))
    if "tensor" in spec:
        return _tensor(spec["tensor"], dtype)
    if "array" in spec:
        return _tensor(spec["array"], dtype).numpy()
    if "net" in spec:
        return _net(spec["net"], dtype)
    raise ValueError(f"a value spec holds value, student, tensor, array or net, not {sorted(spec)}")


def _tensor(data: Any, dtype: str) -> torch.Tensor:
    if isinstance(data, dict):
        flat = _tensor(data["data"], str(data.get("dtype", dtype)))
        return flat.reshape(data["shape"])
    return torch.tensor(data, dtype=getattr(torch, dtype))


def _net(spec: dict[str, Any], dtype: str) -> torch.nn.Sequential:
    layers = spec.get("layers")
    if layers is None:
        layers = [{"type": "Linear", **spec}, {"type": "LogSoftmax", "dim": -1}]
    return torch.nn.Sequential(*(_layer(dict(layer), dtype) for layer in layers))


def _layer(spec: dict[str, Any], dtype: str) -> torch.nn.Module:
    kind = spec.pop("type")
    if kind != "Linear":
        layer: torch.nn.Module = getattr(torch.nn, kind)(**spec)
        return layer
    weight = _tensor(spec["weight"], dtype)
    bias = spec.get("bias")
    linear = torch.nn.Linear(
        weight.shape[1], weight.shape[0], bias=bias is not None, dtype=weight.dtype
    )
    with torch.no_grad():
        linear.weight.copy_(weight)
        if bias is not None:
            linear.bias.copy_(_tensor(bias, dtype))
    return linear


def results(value: Any) -> tuple[str, list[int], list[float]]:
    """A student's result as its type's name, its shape, and its numbers.

    Raises:
        TypeError: It holds no numbers.
    """
    if isinstance(value, torch.Tensor):
        plain = value.detach().cpu()
        name = str(plain.dtype).removeprefix("torch.")
        shape = list(plain.shape)
        return name, shape, plain.to(torch.float64).reshape(-1).tolist()
    if isinstance(value, bool | int | float):
        return type(value).__name__, [], [float(value)]
    import numpy as np

    try:
        array = np.asarray(_plain(value))
        numbers = array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"a {type(value).__name__}, which holds no numbers") from None
    if value is None or math.prod(array.shape) == 0:
        raise TypeError("None or an empty result, where numbers are expected")
    name = array.dtype.name if isinstance(value, np.ndarray | np.generic) else type(value).__name__
    return name, list(array.shape), numbers.reshape(-1).tolist()


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
