"""Probe `describe_module`: a net's layers, shapes, parameters, and its weight file's tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from ..binding.input_shapes import likely_shapes
from ..binding.nets import leaf_layers, make_net
from ..binding.roles import bind_module
from ..binding.tracing import Trace, settings_of, trace
from ..execution.meter import number

if TYPE_CHECKING:
    from ..binding.bound import Bound
    from ..binding.nets import Net
    from ..reply import Reply
    from ..session import Session

__all__ = ["describe_module"]

MANY = 2000
ROWS = 8
FEW_ROWS = 2
FEW_FILES = 20
SMALL = 20_000
"""Numbers of an input that counts as small: `ROWS` of them are tried."""


def describe_module(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: ModuleFacts."""
    role = params["role"]
    bound = bind_module(session, role, params.get("source", "saved"), untrained=True)
    module = bound.module
    seen = _traced(session, bound, role, reply)
    shapes = seen.shapes if seen else {}
    parameters = {id(p): p for p in torch.nn.Module.parameters(module)}
    reply.payload = {
        "binding": bound.payload(),
        "class_name": type(module).__name__[:300],
        "layers": [_layer(path, leaf, shapes) for path, leaf in leaf_layers(module)][:MANY],
        "parameters": sum(_size(p) for p in parameters.values()),
        "trainable": sum(_size(p) for p in parameters.values() if p.requires_grad),
        "buffers": sum(_size(b) for b in torch.nn.Module.buffers(module)),
        **_saved(bound),
        "output_shape": list(seen.output.shape[1:]) if seen else None,
        "operations": seen.operations if seen else [],
        "row_sums": _row_sums(seen.output) if seen else [],
    }


def _traced(session: Session, bound: Bound, role: dict[str, Any], reply: Reply) -> Trace | None:
    """One pass on random inputs; None when the net takes none that its role may have."""
    first: BaseException | None = None
    inner: tuple[Net, Trace, list[int]] | None = None
    for shape in likely_shapes(session, bound.module, role):
        generator = torch.Generator().manual_seed(0)
        rows = ROWS if math.prod(shape) <= SMALL else FEW_ROWS
        sample = 16 * torch.rand(rows, *shape, generator=generator)
        try:
            net = make_net(bound.module, {**role, "output_shape": None}, sample)
            net.wanted = tuple(role.get("output_shape") or ())
            found = trace(net, sample)
        except Exception as error:
            first = first or error
            continue
        if net.core is not bound.module:  # a part of it alone: another size may suit the whole
            inner = inner or (net, found, list(shape))
            continue
        return _told(net, found, list(shape), bound, role, reply)
    if inner is not None:
        return _told(*inner, bound, role, reply)
    if first is not None and role.get("input_shape"):
        message = f"The net does not run on inputs of its role: {str(first)[:500]}"
        reply.remark("module.forward", message, bound.place)
    return None


def _told(
    net: Net, found: Trace, shape: list[int], bound: Bound, role: dict[str, Any], reply: Reply
) -> Trace:
    for code, message in net.notes:
        reply.remark(code, message, bound.place)
    if role.get("input_shape") and shape != list(role["input_shape"]):
        message = f"The net was asked in its own input size {shape}"
        reply.remark("adapt.input_size", f"{message}, not {role['input_shape']}.", bound.place)
    return found


def _size(tensor: torch.Tensor) -> int:
    """Elements, by shape: a tensor subclass may lie about `numel`."""
    return math.prod(tuple(torch.Tensor.size(tensor)))


def _saved(bound: Bound) -> dict[str, Any]:
    if bound.saved is None:
        nothing: dict[str, Any] = {"saved": [], "saved_from": "none", "file_keys": [], "beside": {}}
        return {**nothing, "missing_keys": [], "unexpected_keys": []}
    own = _every_name(bound.module)
    prefix = bound.fit.prefix if bound.fit else ""
    saved = []
    firsts: dict[Any, str] = {}
    for entry in bound.saved.entries[:MANY]:
        facts = entry.facts()
        mine = own.get(_own_name(entry.name, prefix))
        if facts["role"] == "unknown":
            facts["role"] = _guessed(entry.name) if mine is None else _role(mine)
        for one in _identities(entry.tensor, mine, facts["sha256"]):
            facts["same_as"] = facts.get("same_as") or firsts.get(one, "")
            firsts.setdefault(one, facts.get("same_as") or facts["name"])
        saved.append(facts)
    missing = (*bound.fit.missing, *bound.fit.mismatched) if bound.fit else ()
    unexpected = bound.fit.unexpected if bound.fit else ()
    return {
        "saved": saved,
        "saved_from": bound.saved.kind,
        "file_keys": list(bound.saved.keys),
        "beside": {n[:400]: list(k) for n, k in list(bound.beside.items())[:FEW_FILES]},
        "missing_keys": [name[:300] for name in missing[:MANY]],
        "unexpected_keys": [name[:300] for name in unexpected[:MANY]],
    }


def _every_name(module: Any) -> dict[str, torch.Tensor]:
    """The net's tensors by all of their names: one that is shared has several."""
    found: dict[str, torch.Tensor] = {}
    todo: list[tuple[str, Any]] = [("", module)]
    for prefix, one in todo:
        for group in ("_parameters", "_buffers"):
            named = getattr(one, group, None) or {}
            found |= {f"{prefix}{n}": t for n, t in named.items() if t is not None}
        inner = getattr(one, "_modules", None) or {}
        if len(todo) < MANY:  # a net may hold itself
            todo += [(f"{prefix}{n}.", m) for n, m in list(inner.items())[:MANY] if m is not None]
    return found


def _role(own: Any) -> str:
    return "parameter" if isinstance(own, torch.nn.Parameter) else "buffer"


def _identities(saved: torch.Tensor, own: Any, digest: str) -> list[tuple[Any, ...]]:
    """What only one and the same tensor has: its memory in the file, its place in the net.

    That a net shares a parameter is its own word: the numbers in the file must be equal, too.
    """
    shape = tuple(saved.shape)
    found: list[tuple[Any, ...]] = []
    if saved.layout == torch.strided and saved.numel() and saved.data_ptr():
        found.append((saved.data_ptr(), saved.dtype, shape, saved.stride()))
    if own is not None and saved.numel():
        found.append((id(own), digest, saved.dtype, shape))
    return found


def _own_name(name: str, prefix: str) -> str:
    """The net's name for a tensor of the file."""
    return prefix[1:] + name if prefix.startswith("+") else name.removeprefix(prefix)


def _guessed(name: str) -> str:
    last = name.rsplit(".", 1)[-1]
    return "buffer" if last in {"running_mean", "running_var", "num_batches_tracked"} else "unknown"


def _row_sums(output: torch.Tensor) -> list[float | str]:
    if output.dim() != 2:  # noqa: PLR2004 - [N, K]
        return []
    return [number(v) for v in output.double().exp().sum(dim=1)]


def _layer(path: str, leaf: Any, shapes: dict[int, list[int]]) -> dict[str, Any]:
    kind = type(leaf)
    return {
        "path": path[:300],
        "type": kind.__name__[:300],
        "torch": kind.__module__.startswith("torch.nn."),
        "parameters": sum(_size(p) for p in torch.nn.Module.parameters(leaf)),
        "settings": settings_of(leaf),
        "output_shape": shapes.get(id(leaf)),
    }
