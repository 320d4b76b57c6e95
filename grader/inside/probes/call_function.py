"""Probe `call_function`: a student's function, or a method of an object made from their class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..binding.absent import wrong_framework
from ..binding.targets import bind_target
from ..inputs.values import results, value_of
from ..reply import StudentFault

if TYPE_CHECKING:
    from ..binding.bound import Bound
    from ..reply import Reply
    from ..session import Session

__all__ = ["arguments_of", "call_function", "called"]


def call_function(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: CallResult; arrays `result_<i>`: float64."""
    role, method = params["role"], params.get("method") or ""
    wrong_framework(session)
    bound = bind_target(session, role, method)
    target = bound.target
    names = session.definitions().namespace
    if role["kind"] != "function":
        target = _made(bound, params.get("construct"), method, names)
    dtypes, shapes = [], []
    for index, spec in enumerate(params["calls"]):
        args, kwargs = arguments_of(spec, names)
        try:
            value = called(target, args, kwargs)
        except TypeError as error:
            inner = error.__traceback__.tb_next if error.__traceback__ else None
            if inner is not None and inner.tb_next is not None:
                raise  # from within the student's code
            told = f"it cannot be called with {len(args) + len(kwargs)} arguments: {error}"
            raise StudentFault("wrong_arguments", told[:500], place=bound.place) from None
        try:
            dtype, shape, numbers = results(value)
        except TypeError as error:
            name = f"{bound.definition}.{method}" if method else bound.definition
            raise StudentFault(
                "no_numbers", f"'{name}' returned {error}", place=bound.place
            ) from None
        dtypes.append(dtype)
        shapes.append(shape)
        reply.array(f"result_{index}", np.array(numbers, dtype=np.float64).reshape(shape))
    reply.payload = {
        "binding": bound.payload(),
        "calls": len(params["calls"]),
        "dtypes": dtypes,
        "shapes": shapes,
    }


def arguments_of(spec: Any, names: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """A call's arguments: `{"args": …, "kwargs": …}`, a list, or names with specs."""
    if spec is None:
        return [], {}
    if isinstance(spec, list):
        return [value_of(one, names) for one in spec], {}
    if set(spec) <= {"args", "kwargs"}:
        named = {name: value_of(one, names) for name, one in (spec.get("kwargs") or {}).items()}
        return [value_of(one, names) for one in spec.get("args") or []], named
    return [], {name: value_of(one, names) for name, one in spec.items()}


def _made(bound: Bound, construct: Any, method: str, names: dict[str, Any]) -> Any:
    """An object of the student's class, or its method."""
    args, kwargs = arguments_of(construct, names)
    made = called(bound.target, args, kwargs)
    if hasattr(made, "eval"):
        made.eval()
    if not method:
        return made
    found = getattr(made, method, None)
    if not callable(found):
        raise StudentFault(
            "missing_method",
            f"the class '{bound.definition}' has no method '{method}'",
            place=bound.place,
            hint=f"Define `def {method}(self, …)` in it.",
        )
    return found


def called(target: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Call by name; where the student's parameters have other names, by position."""
    try:
        return target(*args, **kwargs)
    except TypeError as error:
        if kwargs and "unexpected keyword argument" in str(error):
            return target(*args, *kwargs.values())
        raise
