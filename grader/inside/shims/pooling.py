"""Max pooling without gradients, in steps for which torch has vector code.

On a CPU torch pools [N, C, H, W] number by number: in passes over whole validation sets this takes
longer than the convolutions. The same maxima come from slices: windows of two take an
eighth of the time, of three a quarter.
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
    def max_pool2d(*args: Any, **kwargs: Any) -> Any:
        fits = not kwargs and 2 <= len(args) <= 6  # noqa: PLR2004 - as many as torch takes
        fitting = _fitting(*args) if fits else None
        if fitting is None:
            return original(*args, **kwargs)
        pooled = functools.reduce(torch.maximum, fitting)
        last = not args[0].is_contiguous()
        layout = torch.channels_last if last else torch.contiguous_format
        return pooled.contiguous(memory_format=layout)

    # What torch raises in the original is no fault of ours: we are not its deepest frame.
    pooled: Any = max_pool2d
    pooled.__module__, pooled.__qualname__ = "torch", "max_pool2d"  # as which it is pickled
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

    if not _is_plain(inputs) or (torch.is_grad_enabled() and inputs.requires_grad):
        return None
    if ceil_mode is not False or (_pair(padding), _pair(dilation)) != ((0, 0), (1, 1)):
        return None
    kernel = _pair(kernel_size)
    steps = kernel if type(stride) in {tuple, list} and not stride else _pair(stride)
    if kernel is None or steps is None or min(*kernel, *steps) < 1:
        return None
    if not 1 < max(kernel) <= LARGEST:  # for a window of one, a slice would be the input itself
        return None
    if inputs.shape[2] < kernel[0] or inputs.shape[3] < kernel[1]:
        return None
    rows, columns = (
        [slice(at, size - side + at + 1, step) for at in range(side)]
        for size, side, step in zip(inputs.shape[2:], kernel, steps, strict=True)
    )
    return [inputs[..., row, column] for row in rows for column in columns]


def _is_plain(inputs: Any) -> bool:
    """Whether pictures are numbers in memory, in an order that the result is to have too."""
    import torch

    if type(inputs) is not torch.Tensor or inputs.device.type != "cpu" or _is_transformed():
        return False
    if inputs.layout is not torch.strided or inputs.dtype not in {torch.float32, torch.float64}:
        return False
    if inputs.is_nested or inputs.dim() != 4 or inputs.numel() == 0:  # noqa: PLR2004
        return False
    return inputs.is_contiguous() or inputs.is_contiguous(memory_format=torch.channels_last)


def _is_transformed() -> bool:
    """Whether torch traces, differentiates forward or maps: it must see its own pooling."""
    import torch

    anything: Any = torch
    peek = getattr(anything._C._functorch, "peek_interpreter_stack", None)  # noqa: SLF001
    level = getattr(anything.autograd.forward_ad, "_current_level", 0)
    return anything.jit.is_tracing() or level >= 0 or peek is None or peek() is not None


def _pair(value: Any) -> tuple[int, int] | None:
    """Both sides; None for what is no size."""
    sides = tuple(value) if type(value) in {tuple, list} else (value,)
    if any(type(side) is not int for side in sides):
        return None
    match sides:
        case (one,):
            return one, one
        case (height, width):
            return height, width
    return None
