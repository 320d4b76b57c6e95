"""One forward pass, step by step: which layers and functions run, and the shapes they give."""

from __future__ import annotations

import contextlib
import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from .hand_made import HandMade
from .nets import leaf_layers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .nets import Net

__all__ = ["Trace", "settings_of", "trace"]

MANY = 2000
SETTINGS = 12
BATCH_SHAPE = 2
"""Dimensions of a batch of vectors, [N, D]."""
FUNCTIONS = {
    "linear": "Linear",
    "bilinear": "Bilinear",
    "conv1d": "Conv1d",
    "conv2d": "Conv2d",
    "conv3d": "Conv3d",
    "conv_transpose1d": "ConvTranspose1d",
    "conv_transpose2d": "ConvTranspose2d",
    "conv_transpose3d": "ConvTranspose3d",
    "relu": "ReLU",
    "relu_": "ReLU",
    "clamp_min": "ReLU",
    "relu6": "ReLU6",
    "elu": "ELU",
    "selu": "SELU",
    "celu": "CELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "leaky_relu": "LeakyReLU",
    "prelu": "PReLU",
    "hardswish": "Hardswish",
    "hardtanh": "Hardtanh",
    "softplus": "Softplus",
    "sigmoid": "Sigmoid",
    "sigmoid_": "Sigmoid",
    "logsigmoid": "LogSigmoid",
    "tanh": "Tanh",
    "tanh_": "Tanh",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
    "softmin": "Softmin",
    "gumbel_softmax": "GumbelSoftmax",
    "dropout": "Dropout",
    "dropout1d": "Dropout1d",
    "dropout2d": "Dropout2d",
    "dropout3d": "Dropout3d",
    "alpha_dropout": "AlphaDropout",
    "feature_dropout": "Dropout2d",
    "layer_norm": "LayerNorm",
    "group_norm": "GroupNorm",
    "local_response_norm": "LocalResponseNorm",
    "normalize": "Normalize",
    "embedding": "Embedding",
    "interpolate": "Upsample",
    "upsample": "Upsample",
    "pad": "Pad",
    "pixel_shuffle": "PixelShuffle",
    "scaled_dot_product_attention": "Attention",
    "cat": "Cat",
    "concat": "Cat",
}
"""Functions of torch and torch.nn.functional → the layer that each is."""
for _dims in (1, 2, 3):
    for _kind in ("max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool", "lp_pool"):
        _layer = "".join(part.capitalize() for part in _kind.split("_")).replace("Lp", "LP")
        FUNCTIONS[f"{_kind}{_dims}d"] = f"{_layer}{_dims}d"
        FUNCTIONS[f"{_kind}{_dims}d_with_indices"] = f"{_layer}{_dims}d"
BY_DIMENSIONS = {"batch_norm": "BatchNorm", "instance_norm": "InstanceNorm"}
"""Functions that stand for a layer of the input's dimensions."""
RESHAPES = frozenset({"flatten", "view", "reshape", "ravel"})
TOLD = frozenset(
    """
    kernel_size stride padding dilation groups p training dim output_size negative_slope eps
    momentum normalized_shape num_groups scale_factor size
    """.split()  # noqa: SIM905 - words read better than a column of strings
)


ARGUMENTS = {
    "conv": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "max_pool": ("input", "kernel_size", "stride", "padding", "dilation"),
    "avg_pool": ("input", "kernel_size", "stride", "padding"),
    "linear": ("input", "weight", "bias"),
    "relu": (),
}
"""Of functions whose signature cannot be asked for, without the dimensions in their names."""


@dataclass
class Trace:
    """What a pass showed.

    Attributes:
        output: What the net gave, [N, …].
        shapes: Of each leaf's first output, by the module's id, without the batch dimension.
        operations: As the record Operation, in the order of running.
    """

    output: torch.Tensor
    shapes: dict[int, list[int]] = field(default_factory=dict)
    operations: list[dict[str, Any]] = field(default_factory=list)


class _Functions(TorchFunctionMode):
    """Notes functions that are called outside of leaf modules."""

    def __init__(self, operations: list[dict[str, Any]]) -> None:
        super().__init__()
        self.operations = operations
        self.inside = 0
        """Leaf modules of torch that are running."""
        self.paths: list[str] = []
        """Of leaf modules of the student's own that are running: they are looked into."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run it, and note what it was."""
        del types
        result = func(*args, **(kwargs or {}))
        if not self.inside and len(self.operations) < MANY:
            self._note(func, args, kwargs or {}, result)
        return result

    def _note(self, func: Any, args: Any, kwargs: dict[str, Any], result: Any) -> None:
        name = getattr(func, "__name__", "")
        first = result[0] if isinstance(result, tuple) and result else result
        if not isinstance(first, torch.Tensor) or first.dim() == 0:
            return
        given = next((a for a in (*args, *kwargs.values()) if isinstance(a, torch.Tensor)), None)
        kind = FUNCTIONS.get(name, "")
        if name in BY_DIMENSIONS and given is not None:
            kind = f"{BY_DIMENSIONS[name]}{max(1, given.dim() - 2)}d"
        if name in RESHAPES and given is not None:
            flat = given.dim() > BATCH_SHAPE == first.dim()
            kind = "Flatten" if flat else ""
        if kind:
            settings = _called_with(name, args, kwargs)
            path = self.paths[-1] if self.paths else ""
            self.operations.append(_operation(kind, path, settings, list(first.shape[1:])))


def _operation(kind: str, path: str, settings: dict[str, str], shape: list[int]) -> dict[str, Any]:
    return {"type": kind[:300], "path": path[:300], "settings": settings, "output_shape": shape}


def _called_with(name: str, args: Any, kwargs: dict[str, Any]) -> dict[str, str]:
    """Settings by their names, sizes of a weight included."""
    settings = {}
    names = list(ARGUMENTS.get(name.rstrip("123d"), ()))
    function = getattr(functional, name, None)
    if not names and function is not None:
        try:
            names = list(inspect.signature(function).parameters)
        except (TypeError, ValueError):
            names = []
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    for key, value in given.items():
        if key in TOLD and isinstance(value, bool | int | float | str | tuple | list):
            settings[key] = str(tuple(value) if isinstance(value, list) else value)[:200]
    weight = given.get("weight")
    if isinstance(weight, torch.Tensor) and name.startswith("conv"):
        settings |= {
            "in_channels": str(weight.shape[1]),
            "out_channels": str(weight.shape[0]),
            "kernel_size": str(tuple(weight.shape[2:])),
        }
        settings = {"stride": "1", "padding": "0", **settings}
    if "kernel_size" in settings and "pool" in name:
        settings = {"stride": settings["kernel_size"], "padding": "0", **settings}
    if isinstance(weight, torch.Tensor) and name == "linear":
        settings |= {"in_features": str(weight.shape[1]), "out_features": str(weight.shape[0])}
    return settings


def settings_of(leaf: Any) -> dict[str, str]:
    """A layer's settings, as torch lists them."""
    constants = getattr(leaf, "__constants__", ())
    settings = {}
    for name in list(constants)[:SETTINGS] if isinstance(constants, list | tuple) else ():
        value = getattr(leaf, str(name), None)
        if isinstance(value, bool | int | float | str | tuple):
            settings[str(name)[:100]] = str(value)[:200]
    if hasattr(leaf, "p") and isinstance(leaf.p, float):
        settings["p"] = str(leaf.p)
    return settings


def trace(net: Net, sample: torch.Tensor) -> Trace:
    """Run one forward pass and note its steps.

    Where training runs more dropout (`if self.training:`), the steps are those of training.

    Args:
        net: How the student's module is asked.
        sample: Inputs, [n, …].
    """
    found = _passed(net, sample)
    if _trains_otherwise(net.core, found):
        with _training(net.core), contextlib.suppress(Exception):
            trained = _passed(net, sample)
            if _dropouts(trained) > _dropouts(found):
                found.operations = trained.operations
    return found


def _passed(net: Net, sample: torch.Tensor) -> Trace:
    found = Trace(torch.empty(0))
    mode = _Functions(found.operations)
    leaves = [(p, leaf) for p, leaf in leaf_layers(net.core) if not isinstance(leaf, HandMade)]
    paths = {id(leaf): (path, leaf) for path, leaf in leaves}
    begun: list[int] = []

    def enter(module: Any, _inputs: Any) -> None:
        begun.append(len(found.operations))
        if _torchs(module):
            mode.inside += 1
        else:
            mode.paths.append(paths[id(module)][0])

    def leave(module: Any, _inputs: Any, output: Any) -> None:
        steps = len(found.operations) - begun.pop()
        if _torchs(module):
            mode.inside -= 1
        else:
            mode.paths.pop()
        first = output[0] if isinstance(output, tuple) and output else output
        if not isinstance(first, torch.Tensor):
            return
        shape = list(first.shape[1:])
        if isinstance(output, torch.Tensor):
            found.shapes.setdefault(id(module), shape)
        path, leaf = paths[id(module)]
        if not steps and len(found.operations) < MANY:
            found.operations.append(_operation(type(leaf).__name__, path, settings_of(leaf), shape))

    hooks = []
    for _, leaf in paths.values():
        hooks.append(leaf.register_forward_pre_hook(enter))
        hooks.append(leaf.register_forward_hook(leave, always_call=True))
    try:
        with mode:
            found.output = net.scores(sample)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _torchs(leaf: Any) -> bool:
    """Whether a layer is torch's own, and not one that only says so."""
    return getattr(torch.nn, type(leaf).__name__, None) is type(leaf)


def _dropouts(found: Trace) -> int:
    return sum("Dropout" in step["type"] for step in found.operations)


def _trains_otherwise(core: Any, found: Trace) -> bool:
    """Whether a layer of dropout did not run, or code of a net asks whether it is training."""
    run = {step["path"] for step in found.operations}
    for path, inner in torch.nn.Module.named_modules(core):
        if "Dropout" in type(inner).__name__ and path not in run:
            return True
        code = getattr(getattr(type(inner), "forward", None), "__code__", None)
        asks = "training" in getattr(code, "co_names", ())
        if asks and not type(inner).__module__.startswith("torch."):
            return True
    return False


@contextlib.contextmanager
def _training(core: Any) -> Iterator[None]:
    """Training mode, but for norms, whose statistics stay as they are."""
    modules = list(torch.nn.Module.modules(core))
    before = [(one, one.training) for one in modules]
    buffers = [(one, one.detach().clone()) for one in torch.nn.Module.buffers(core)]
    try:
        for one in modules:
            one.training = not isinstance(one, torch.nn.modules.batchnorm._NormBase)  # noqa: SLF001
        yield
    finally:
        for one, training in before:
            one.training = training
        for buffer, value in buffers:
            buffer.data.copy_(value)
