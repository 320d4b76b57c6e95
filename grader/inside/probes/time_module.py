"""Probe `time_module`: so many passes of a net. The host's clock measures.

The clock read here only ends a slow net's passes early; who turns it makes more of them.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

import torch

from ..binding.input_shapes import likely_shapes
from ..binding.nets import Net, make_net, quiet_eval
from ..binding.roles import bind_module
from ..reply import StudentFault
from ..shims.large_nets import LARGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..reply import Reply
    from ..session import Session

__all__ = ["time_module"]

SPREAD = 0.01
LEARNING_RATE = 1e-4
"""Small: random labels should not make the numbers infinite, which computes at another speed."""


def time_module(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: Timing."""
    role, batch = params["role"], int(params["batch"])
    if params.get("given"):
        owner = _built(str(params["given"]))
        binding = {"role": role["name"], "how": "explicit", "definition": "the given net"}
    else:
        source = params.get("source") or ("any" if session.live is not None else "saved")
        bound = bind_module(session, role, source, untrained=True)
        owner, binding = bound.module, bound.payload()
    _draw_large(owner)
    net, inputs = _net(session, owner, role, batch)
    one = _step(net, inputs) if params.get("training") else lambda: net.scores(inputs)
    try:
        passes = _many(one, int(params["passes"]), int(params["least"]), float(params["seconds"]))
    finally:
        quiet_eval(net.core)
    reply.payload = {"binding": binding, "passes": passes, "batch": batch}


def _many(one: Callable[[], object], most: int, least: int, seconds: float) -> int:
    """How many passes were made."""
    began, made = monotonic(), 0
    while made < most and (made < least or monotonic() - began < seconds):
        one()
        made += 1
    return made


def _built(source: str) -> Any:
    """The net that the rubric compares with.

    Raises:
        ValueError: The rubric's source has no `build`: the rubric's fault.
    """
    space: dict[str, Any] = {"__name__": "given"}
    exec(compile(source, "<given>", "exec"), space)  # noqa: S102 - the rubric's own
    if not callable(space.get("build")):
        raise ValueError("the given source defines no build()")
    return space["build"]()


def _draw_large(module: Any) -> None:
    """Large weights may not have been drawn, and memory that was never written reads faster."""
    with torch.no_grad():
        for parameter in torch.nn.Module.parameters(module):
            if parameter.numel() > LARGE and not bool(parameter.any()):
                parameter.data.normal_(0, SPREAD)


def _net(session: Session, owner: Any, role: dict[str, Any], batch: int) -> tuple[Net, Any]:
    """How the net is asked, and random inputs for it."""
    generator = torch.Generator().manual_seed(0)
    first: BaseException | None = None
    for shape in likely_shapes(session, owner, role):
        inputs = torch.rand(batch, *shape, generator=generator)
        try:
            return make_net(owner, role, inputs[:1]), inputs
        except Exception as error:
            first = first or error
    if first is not None:
        raise first
    raise StudentFault("no_forward", "no shape of inputs is known that the net takes")


def _step(net: Net, inputs: torch.Tensor) -> Callable[[], None]:
    """Forward, backward, a step of SGD."""
    core = net.core
    core.train()
    trained = [p for p in torch.nn.Module.parameters(core) if p.requires_grad]
    if not trained:
        raise StudentFault("nothing_to_train", "no parameter of the net requires a gradient")
    optimizer = torch.optim.SGD(trained, lr=LEARNING_RATE)

    def step() -> None:
        optimizer.zero_grad()
        loss: Any = net.raw(inputs).float().logsumexp(dim=-1).mean()
        loss.backward()
        optimizer.step()

    return step
