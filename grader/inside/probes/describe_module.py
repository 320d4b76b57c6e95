"""Probe `describe_module`: a net's layers, shapes, parameters, and its weight file's tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from ..binding.nets import Net, leaf_layers, make_net
from ..binding.roles import bind_module

if TYPE_CHECKING:
    from ..binding.bound import Bound
    from ..reply import Reply
    from ..session import Session

__all__ = ["describe_module"]

MANY = 2000
ROWS = 8
SETTINGS = 12


def describe_module(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: ModuleFacts."""
    role = params["role"]
    bound = bind_module(session, role, params.get("source", "saved"), untrained=True)
    module = bound.module
    shapes: dict[int, list[int]] = {}
    output: list[int] | None = None
    sums: list[float | str] = []
    if role.get("input_shape"):
        generator = torch.Generator().manual_seed(0)
        sample = 16 * torch.rand(ROWS, *role["input_shape"], generator=generator)
        try:
            net = make_net(module, {**role, "output_shape": None}, sample)
        except Exception as error:
            message = f"The net does not run on inputs of its role: {str(error)[:500]}"
            reply.remark("module.forward", message, bound.place)
        else:
            for code, message in net.notes:
                reply.remark(code, message, bound.place)
            shapes, found = _traced(net, sample)
            output = list(found.shape[1:])
            sums = _row_sums(found)
    parameters = {id(p): p for p in torch.nn.Module.parameters(module)}
    reply.payload = {
        "binding": bound.payload(),
        "class_name": type(module).__name__[:300],
        "layers": [_layer(path, leaf, shapes) for path, leaf in leaf_layers(module)][:MANY],
        "parameters": sum(_size(p) for p in parameters.values()),
        "trainable": sum(_size(p) for p in parameters.values() if p.requires_grad),
        "buffers": sum(_size(b) for b in torch.nn.Module.buffers(module)),
        **_saved(bound),
        "output_shape": output,
        "row_sums": sums,
    }


def _size(tensor: torch.Tensor) -> int:
    """Elements, by shape: a tensor subclass may lie about `numel`."""
    return math.prod(tuple(torch.Tensor.size(tensor)))


def _saved(bound: Bound) -> dict[str, Any]:
    if bound.saved is None:
        return {"saved": [], "saved_from": "none", "missing_keys": [], "unexpected_keys": []}
    roles = {name: "parameter" for name, _ in torch.nn.Module.named_parameters(bound.module)}
    roles |= {name: "buffer" for name, _ in torch.nn.Module.named_buffers(bound.module)}
    prefix = bound.fit.prefix if bound.fit else ""
    saved = []
    for entry in bound.saved.entries[:MANY]:
        facts = entry.facts()
        if facts["role"] == "unknown":
            own = _own_name(entry.name, prefix)
            facts["role"] = roles.get(own, _guessed(entry.name))
        saved.append(facts)
    missing = (*bound.fit.missing, *bound.fit.mismatched) if bound.fit else ()
    unexpected = bound.fit.unexpected if bound.fit else ()
    return {
        "saved": saved,
        "saved_from": bound.saved.kind,
        "missing_keys": [name[:300] for name in missing[:MANY]],
        "unexpected_keys": [name[:300] for name in unexpected[:MANY]],
    }


def _own_name(name: str, prefix: str) -> str:
    """The net's name for a tensor of the file."""
    return prefix[1:] + name if prefix.startswith("+") else name.removeprefix(prefix)


def _guessed(name: str) -> str:
    last = name.rsplit(".", 1)[-1]
    return "buffer" if last in {"running_mean", "running_var", "num_batches_tracked"} else "unknown"


def _traced(net: Net, sample: torch.Tensor) -> tuple[dict[int, list[int]], torch.Tensor]:
    """Output shape of every leaf, without the batch dimension, and the net's output."""
    shapes: dict[int, list[int]] = {}

    def note(module: Any, _inputs: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor):
            shapes.setdefault(id(module), list(output.shape[1:]))

    hooks = [leaf.register_forward_hook(note) for _, leaf in leaf_layers(net.core)]
    try:
        found = net.scores(sample)
    finally:
        for hook in hooks:
            hook.remove()
    return shapes, found


def _row_sums(output: torch.Tensor) -> list[float | str]:
    if output.dim() != 2:  # noqa: PLR2004 - [N, K]
        return []
    return [_number(float(v)) for v in output.double().exp().sum(dim=1)]


def _number(value: float) -> float | str:
    """As the record's Number: non-finite values say so."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def _layer(path: str, leaf: Any, shapes: dict[int, list[int]]) -> dict[str, Any]:
    kind = type(leaf)
    constants = getattr(leaf, "__constants__", ())
    settings = {}
    for name in list(constants)[:SETTINGS] if isinstance(constants, list | tuple) else ():
        value = getattr(leaf, str(name), None)
        if isinstance(value, bool | int | float | str | tuple):
            settings[str(name)[:100]] = str(value)[:200]
    if hasattr(leaf, "p") and isinstance(leaf.p, float):
        settings["p"] = str(leaf.p)
    return {
        "path": path[:300],
        "type": kind.__name__[:300],
        "torch": kind.__module__.startswith("torch.nn."),
        "parameters": sum(_size(p) for p in torch.nn.Module.parameters(leaf)),
        "settings": settings,
        "output_shape": shapes.get(id(leaf)),
    }
