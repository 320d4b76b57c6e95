"""The JSON Schema of `rubric.toml`, with the parameters of every check, for editors and CI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from grader.model.rubric import Rubric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.model.base import Record

__all__ = ["schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(
    params: Mapping[str, type[Record]], summaries: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Describe a rubric file.

    Args:
        params: Check → the record of its parameters.
        summaries: Check → what it tells students, shown by editors.
    """
    records: list[type[Record]] = [Rubric, *dict.fromkeys(params.values())]
    pairs, definitions = models_json_schema(
        [(record, "validation") for record in records], by_alias=True
    )
    shared = definitions["$defs"]
    rubric = shared.pop(pairs[(Rubric, "validation")]["$ref"].rsplit("/", 1)[-1])
    criterion = shared["Criterion"]
    told = summaries or {}
    criterion["properties"]["check"] = {
        "description": "What is graded; `with` holds its parameters.",
        "oneOf": [{"const": name, "description": told.get(name, "")} for name in sorted(params)],
    }
    criterion["allOf"] = [
        _with(name, pairs[(params[name], "validation")], params[name]) for name in sorted(params)
    ]
    return {
        "$schema": DIALECT,
        "$id": "rubric.schema.json",
        **rubric,
        "title": "Rubric",
        "$defs": shared,
    }


def _with(name: str, reference: Mapping[str, Any], record: type[Record]) -> dict[str, Any]:
    """If the check is this one, `with` must be its parameters."""
    then: dict[str, Any] = {"properties": {"with": dict(reference)}}
    if any(field.is_required() for field in record.model_fields.values()):
        then["required"] = ["with"]
    return {"if": {"properties": {"check": {"const": name}}, "required": ["check"]}, "then": then}
