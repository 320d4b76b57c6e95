"""The tensors of a net by name: from its weight file, else from what its layers must hold."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.model.measurements import Layer, ModuleFacts, SavedTensor

__all__ = ["layer_of", "parameters_saved", "tensors_of"]

WRAPPERS = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every key."""

NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")


def tensors_of(facts: ModuleFacts) -> dict[str, tuple[int, ...]]:
    """Key → shape of every tensor that the net's state dict has."""
    if facts.saved:
        return {_bare(one.name): one.shape for one in facts.saved}
    found: dict[str, tuple[int, ...]] = {}
    for layer in facts.layers:
        found.update(_of_layer(layer))
    return found


def parameters_saved(facts: ModuleFacts) -> list[SavedTensor]:
    """The saved tensors that are no buffers, in the order of the file."""
    return [one for one in facts.saved if one.role != "buffer"]


def layer_of(name: str) -> str:
    """The layer that a tensor belongs to: `fc.weight` → `fc`."""
    return _bare(name).rpartition(".")[0] or _bare(name)


def _bare(name: str) -> str:
    for wrapper in WRAPPERS:
        name = name.removeprefix(wrapper)
    return name


def _of_layer(layer: Layer) -> dict[str, tuple[int, ...]]:
    shape = _weight(layer)
    if not shape or not layer.parameters:
        return {}
    path = f"{layer.path}." if layer.path else ""
    found = {f"{path}weight": shape}
    size = 1
    for axis in shape:
        size *= axis
    if layer.parameters > size:
        found[f"{path}bias"] = shape[:1]
    if layer.type in NORMS:
        found |= {f"{path}running_mean": shape, f"{path}running_var": shape}
        found[f"{path}num_batches_tracked"] = ()
    return found


def _weight(layer: Layer) -> tuple[int, ...]:
    """The shape of a layer's weight by its settings; empty when they do not say."""
    numbers = {name: _numbers(text) for name, text in layer.settings.items()}
    if layer.type == "Linear":
        return (*numbers.get("out_features", ()), *numbers.get("in_features", ()))
    if layer.type.startswith("Conv") and layer.type[4:5].isdigit():
        dims = int(layer.type[4])
        inputs, outputs = numbers.get("in_channels", ()), numbers.get("out_channels", ())
        kernel = numbers.get("kernel_size", ())
        kernel = kernel * dims if len(kernel) == 1 else kernel
        groups = (numbers.get("groups") or (1,))[0]
        if len(inputs) == len(outputs) == 1 and len(kernel) == dims and groups > 0:
            return (outputs[0], inputs[0] // groups, *kernel)
    if layer.type in NORMS:
        return numbers.get("num_features", ())
    return ()


def _numbers(text: str) -> tuple[int, ...]:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ()
    parts = value if isinstance(value, tuple | list) else (value,)
    return tuple(int(part) for part in parts if isinstance(part, int) and part >= 0)
