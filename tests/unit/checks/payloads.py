"""Any payload that admission would let in, as a hypothesis strategy made from its record."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from grader.model.base import Number, Record
from grader.model.evidence import ProbeRequest
from grader.model.measurements import (
    ApiUses,
    Bindings,
    CallResult,
    Claims,
    Execution,
    ModuleFacts,
    Predictions,
    SourceFacts,
)

__all__ = ["PAYLOADS", "payloads"]

PAYLOADS: dict[str, type[Record]] = {
    "inspect_source": SourceFacts,
    "bind_roles": Bindings,
    "predict": Predictions,
    "describe_module": ModuleFacts,
    "call_function": CallResult,
    "scan_apis": ApiUses,
    "find_claims": Claims,
    "execute": Execution,
}

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["nan", "inf", "-inf"])
)


def payloads(request: ProbeRequest) -> st.SearchStrategy[Record]:
    """Payloads of the probe that a request is for."""
    return _record(PAYLOADS[request.probe])


def _record(record: type[Record]) -> st.SearchStrategy[Record]:
    fields = {name: _field(info) for name, info in record.model_fields.items()}
    return st.fixed_dictionaries(fields).map(lambda values: record.model_validate(values))


def _field(info: FieldInfo) -> st.SearchStrategy[Any]:
    return _kind(info.annotation)


def _kind(kind: Any) -> st.SearchStrategy[Any]:
    if kind == Number:
        return NUMBERS
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*(_kind(one) for one in arguments))
    if origin is tuple:
        return st.lists(_kind(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(TEXT, TEXT, max_size=2)
    if isinstance(kind, type) and issubclass(kind, Record):
        return _record(kind)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: TEXT,
        bool: st.booleans(),
        int: st.integers(-3, 10**6),
        float: st.floats(0, 1e6),
        type(None): st.none(),
    }
    return simple[kind]
