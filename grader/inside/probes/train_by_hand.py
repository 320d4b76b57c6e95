"""Probe `train_by_hand`: one update of a net that computes its own gradients.

The net gets given parameters, in whichever orientation it holds them, and is asked for a forward
and a backward pass on given examples. Nothing is judged: outputs and parameters go out as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..binding.absent import wrong_framework
from ..binding.by_hand import Parameters, constructed, ordered, outputs_in
from ..binding.gradients import gradients_in, update_methods
from ..binding.targets import bind_target
from ..inputs.values import value_of
from ..reply import StudentFault
from ..step import seed
from .call_function import arguments_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..binding.bound import Bound
    from ..reply import Reply
    from ..session import Session

    Numbers = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["train_by_hand"]

WAYS = 8
ERRORS = 12


@dataclass(frozen=True)
class Step:
    """One update.

    Attributes:
        output: What `forward` gave.
        after: Parameter → its numbers afterwards.
        gradients: Parameter → the gradient that was returned or kept, where nothing was updated.
        how: What is odd about it, in words.
    """

    output: Numbers
    after: dict[str, Numbers]
    gradients: dict[str, Numbers]
    how: str


def train_by_hand(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: Steps; arrays `output_<i>`, `<parameter>_<i>`, `gradient_<parameter>_<i>`: float64.

    Raises:
        StudentFault: The class lacks a forward or a backward pass.
    """
    wrong_framework(session)
    bound = bind_target(session, params["role"], "backward")
    for method in ("forward", "backward"):
        if not callable(getattr(bound.target, method, None)):
            raise StudentFault(
                "missing_method",
                f"the class '{bound.definition}' has no method '{method}'",
                place=bound.place,
                hint=f"Define `def {method}(self, …)` in it.",
            )
    ways: list[str] = []
    errors: list[str] = []
    for told, labels, columns in _tries(params):
        try:
            made = _step(session, bound, params, labels, columns=columns)
        except Exception as error:
            if isinstance(error, StudentFault):
                raise
            text = " ".join(str(error).split())[:300]
            errors.append(f"{told}: {type(error).__name__}: {text}{_where(session, error)}")
            continue
        index = len(ways)
        ways.append(f"{told}{made.how}"[:300])
        reply.array(f"output_{index}", made.output)
        for name, value in made.after.items():
            reply.array(f"{name}_{index}", value)
        for name, value in made.gradients.items():
            reply.array(f"gradient_{name}_{index}", value)
    reply.payload = {"binding": bound.payload(), "ways": ways[:WAYS], "errors": errors[:ERRORS]}


def _tries(params: dict[str, Any]) -> Iterator[tuple[str, torch.Tensor, bool]]:
    """Ways of giving a batch: labels one-hot or as integers, examples in rows or in columns."""
    integers = torch.tensor(params["labels"], dtype=torch.int64)
    one_hot = torch.nn.functional.one_hot(integers, int(params["classes"]))
    for columns in (False, True):
        place = ", examples in columns" if columns else ""
        yield f"one-hot labels{place}", one_hot, columns
        yield f"integer labels{place}", integers, columns


def _step(
    session: Session,
    bound: Bound,
    params: dict[str, Any],
    labels: torch.Tensor,
    *,
    columns: bool,
) -> Step:
    """One update in double precision, or in single where the code insists on it."""
    try:
        return _update(session, bound, params, labels, torch.float64, columns=columns)
    except StudentFault:
        raise
    except Exception as first:
        try:
            found = _update(session, bound, params, labels, torch.float32, columns=columns)
        except Exception:
            raise first from None
        return found


def _update(
    session: Session,
    bound: Bound,
    params: dict[str, Any],
    labels: torch.Tensor,
    dtype: torch.dtype,
    *,
    columns: bool,
) -> Step:
    seed()
    names = session.definitions().namespace
    args, kwargs = arguments_of(params.get("construct"), names)
    net = constructed(bound.target, args, kwargs)
    given = {name: value_of(spec).to(dtype) for name, spec in params["set"].items()}
    held = Parameters(net, given, bound)
    held.give()
    x = value_of(params["x"]).to(dtype)
    y = labels.to(dtype) if labels.dim() > 1 else labels
    if columns:
        x, y = x.T.contiguous(), y.T.contiguous() if y.dim() > 1 else y
    output = outputs_in(net.forward(held.like(x)), int(params["classes"]), len(params["labels"]))
    shown = _numbers(output)
    before = held.values()
    known = {"x": held.like(x), "y": held.like(y), "y_hat": output, "lr": kwargs.get("lr")}
    returned = net.backward(*ordered(net.backward, known))
    after, how = held.values(), held.told()
    gradients: dict[str, Numbers] = {}
    if _same(after, before):
        each = gradients_in(returned, held.others(), given)
        gradients = {name: _numbers(value) for name, value in each.items()}
        after, told = _updated(net, held, {**known, "gradients": returned, "each": each})
        how += told
    if not _same(after, before):
        gradients = {}
    if dtype == torch.float32:
        how += ", in single precision"
    return Step(shown, after, gradients, how)


def _updated(net: Any, held: Parameters, known: dict[str, Any]) -> tuple[dict[str, Numbers], str]:
    """The parameters after the first method that moves them, and what was called."""
    before, told = held.values(), ""
    for update in update_methods(net):
        name = str(getattr(update, "__name__", "update"))
        try:
            update(*ordered(update, known))
        except Exception as error:
            told += f", {name}() raised {type(error).__name__}"
            held.give()
            continue
        after = held.values()
        if not _same(after, before):
            return after, f", then {name}()"
    return before, told


def _same(some: dict[str, Numbers], others: dict[str, Numbers]) -> bool:
    return all(np.array_equal(some[name], others[name]) for name in others)


def _numbers(output: Any) -> np.ndarray[Any, Any]:
    return torch.as_tensor(output).detach().to(torch.float64).numpy().copy()


def _where(session: Session, error: BaseException) -> str:
    """The student's line that raised."""
    place = None
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame.f_code
        place = session.place_of(frame.co_filename, trace.tb_lineno) or place
        trace = trace.tb_next
    if place is None:
        return ""
    cell = f", cell {place['cell']}" if place["cell"] else ""
    return f" ({place['file']}{cell}, line {place['line']})"
