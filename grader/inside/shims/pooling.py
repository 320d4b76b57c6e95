"""Max pooling without gradients, in steps for which torch has vector code.

On a CPU torch pools [N, C, H, W] number by number: in passes over whole validation sets this takes
longer than the convolutions. The same maxima come from slices, ten times faster.
"""

from __future__ import annotations

import functools
from typing import Any

__all__ = ["install"]

LARGEST = 3
"""Side of a window, up to which slices are faster."""


def install() -> None:
    """Patch `torch.max_pool2d`, which everything that pools without indices calls."""
    import torch
    from torch.jit import _builtins
    from torch.nn import functional

    register: Any = getattr(_builtins, "_register_builtin", None)
    if register is None:
        return  # another torch than those we know
    original: Any = torch.max_pool2d

    @functools.wraps(original)
    def max_pool2d(inputs: Any, kernel_size: Any, *args: Any, **kwargs: Any) -> Any:
        fitting = None if kwargs else _fitting(inputs, kernel_size, *args)
        if fitting is None:
            return original(inputs, kernel_size, *args, **kwargs)
        return functools.reduce(torch.maximum, fitting)

    # What torch raises in the original is no fault of ours: we are not its deepest frame.
    pooled: Any = max_pool2d
    pooled.__code__ = pooled.__code__.replace(co_filename=functional.__file__)
    register(pooled, "aten::max_pool2d")  # or TorchScript would compile ours
    torch.max_pool2d = pooled


def _fitting(
    inputs: Any,
    kernel_size: Any,
    stride: Any = (),
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: Any = False,  # noqa: FBT002
) -> list[Any] | None:
    """Slices whose maximum is the pooled input; None where torch is to do it."""
    import torch

    is_tracing: Any = torch.jit.is_tracing  # type: ignore[attr-defined]
    if type(inputs) is not torch.Tensor or inputs.device.type != "cpu" or inputs.dim() != 4:  # noqa: PLR2004
        return None
    if (torch.is_grad_enabled() and inputs.requires_grad) or is_tracing() or ceil_mode:
        return None
    if _pair(padding) != (0, 0) or _pair(dilation) != (1, 1):
        return None
    kernel = _pair(kernel_size)
    steps = _pair(stride) if stride not in ((), []) else kernel
    if kernel is None or steps is None or max(kernel) > LARGEST or min(*kernel, *steps) < 1:
        return None
    if inputs.shape[2] < kernel[0] or inputs.shape[3] < kernel[1] or 0 in inputs.shape:
        return None
    rows, columns = (
        [slice(at, size - side + at + 1, step) for at in range(side)]
        for size, side, step in zip(inputs.shape[2:], kernel, steps, strict=True)
    )
    return [inputs[..., row, column] for row in rows for column in columns]


def _pair(value: Any) -> tuple[int, int] | None:
    """Both sides; None for what is no size."""
    match value:
        case bool():
            return None
        case int() as one:
            return one, one
        case [int() as one]:
            return one, one
        case [int() as height, int() as width]:
            return height, width
    return None
