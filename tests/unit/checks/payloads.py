"""Any payload that admission would let in, as a hypothesis strategy made from its record."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st

from grader.model.base import Number, Record
from grader.model.documents import Documents, Findings, PdfMatch
from grader.model.measurements import (
    ApiUses,
    Bindings,
    CallResult,
    Claims,
    Execution,
    ModuleFacts,
    Predictions,
    SavedFiles,
    SettingsWritten,
    SourceFacts,
    Steps,
    Timing,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic.fields import FieldInfo

    from grader.model.evidence import ProbeRequest

__all__ = ["PAYLOADS", "payloads"]

PAYLOADS: dict[str, type[Record]] = {
    "inspect_source": SourceFacts,
    "bind_roles": Bindings,
    "predict": Predictions,
    "describe_module": ModuleFacts,
    "call_function": CallResult,
    "scan_apis": ApiUses,
    "find_claims": Claims,
    "find_settings": SettingsWritten,
    "execute": Execution,
    "train_by_hand": Steps,
    "time_module": Timing,
    "read_documents": Documents,
    "compare_pdf": PdfMatch,
    "read_tensors": SavedFiles,
    "find_mistakes": Findings,
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
    return st.fixed_dictionaries(fields).map(record.model_validate)


def _field(info: FieldInfo) -> st.SearchStrategy[Any]:
    return _kind(info.annotation)


SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    Number: NUMBERS,
    str: TEXT,
    bool: st.booleans(),
    int: st.integers(-3, 10**6),
    float: st.floats(0, 1e6),
    type(None): st.none(),
}


def _kind(kind: Any) -> st.SearchStrategy[Any]:
    if kind in SIMPLE:
        return SIMPLE[kind]
    if isinstance(kind, type) and issubclass(kind, Record):
        return _record(kind)
    arguments = get_args(kind)
    composed: dict[Any, Callable[[], st.SearchStrategy[Any]]] = {
        Literal: lambda: st.sampled_from(arguments),
        Union: lambda: st.one_of(*(_kind(one) for one in arguments)),
        types.UnionType: lambda: st.one_of(*(_kind(one) for one in arguments)),
        tuple: lambda: st.lists(_kind(arguments[0]), max_size=3).map(tuple),
        dict: lambda: st.dictionaries(TEXT, _kind(arguments[1]), max_size=2),
    }
    return composed[get_origin(kind)]()
