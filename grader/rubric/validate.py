"""From TOML text to strict records, with every complaint tied to its line."""

from __future__ import annotations

import functools
import json
import operator
import re
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import ValidationError

from grader.model.base import Record
from grader.rubric.problems import Problems, did_you_mean

if typing.TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from grader.rubric.locate import KeyPath

__all__ = ["parse_toml", "syntax_error", "to_plain", "validated"]

R = TypeVar("R", bound=Record)

EXACT_DIGITS = 17
SHOWN = 60
DATE = "write it with its time and zone, without quotes: 2024-12-31T23:59:00+01:00"


def parse_toml(text: str) -> dict[str, Any]:
    """Parse with exact decimals.

    Raises:
        tomllib.TOMLDecodeError: It is not TOML.
    """
    return tomllib.loads(text, parse_float=Decimal)


def syntax_error(error: tomllib.TOMLDecodeError) -> tuple[str, int]:
    """The message of a TOML error without its place, and the line (0 when at the end)."""
    found = re.search(r" \(at line (\d+), column \d+\)$", str(error))
    if found is None:
        return str(error).removesuffix(" (at end of document)"), 0
    return str(error)[: found.start()], int(found[1])


def to_plain(value: Any, problems: Problems, path: KeyPath = ()) -> Any:
    """Turn parsed TOML into what JSON holds. Numbers that would not stay exact are problems."""
    if isinstance(value, Mapping):
        return {key: to_plain(entry, problems, (*path, key)) for key, entry in value.items()}
    if isinstance(value, list):
        return [to_plain(entry, problems, (*path, i)) for i, entry in enumerate(value)]
    if isinstance(value, Decimal):
        return _number(value, problems, path)
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    return value


def _number(value: Decimal, problems: Problems, path: KeyPath) -> float | None:
    if not value.is_finite():
        problems.add(path, f"{_name(path)} is not a finite number", "write a finite number")
        return None
    near = float(value)
    if Decimal(repr(near)) == value:
        return near
    problems.add(
        path,
        f"{_name(path)} has more than {EXACT_DIGITS} digits and would not stay exact",
        'write fewer digits, or an exact share such as "1/3"',
    )
    return None


def validated(
    record: type[R], data: Mapping[str, Any], problems: Problems, at: KeyPath = ()
) -> R | None:
    """Make a record of plain data; what it refuses becomes problems, each with its line.

    Args:
        record: The strict record.
        data: What `to_plain` gave.
        problems: Where complaints go.
        at: Where the data stands in the file.
    """
    misnamed = list(_field_names_as_keys(record, data, ()))
    for path in misnamed:
        _unknown_key(record, data, path, problems, at)
    try:
        made = record.model_validate_json(json.dumps(data))
    except ValidationError as error:
        _explain(record, data, error, problems, at)
        return None
    return None if misnamed else made


def _field_names_as_keys(record: type[Record], data: Any, path: KeyPath) -> Iterator[KeyPath]:
    """Keys that pydantic accepts by the field's Python name although the file's name is another."""
    if isinstance(data, Mapping):
        here = _record_at(record, path)
        for name, field in here.model_fields.items() if here else ():
            if field.alias and field.alias != name and name in data:
                yield (*path, name)
    entries = data.items() if isinstance(data, Mapping) else enumerate(data)
    for key, value in entries:
        if isinstance(value, Mapping | list):
            yield from _field_names_as_keys(record, value, (*path, key))


def _explain(
    record: type[Record],
    data: Mapping[str, Any],
    error: ValidationError,
    problems: Problems,
    at: KeyPath,
) -> None:
    complaints: dict[KeyPath, list[str]] = {}
    mends: dict[KeyPath, str] = {}
    suggested: set[KeyPath] = set()
    details = _own_mistakes(error)
    for detail in details:
        if detail["type"] == "extra_forbidden":
            meant = _unknown_key(record, data, detail["loc"], problems, at)
            suggested.update((*detail["loc"][:-1], name) for name in meant)
    for detail in details:
        loc = detail["loc"]
        if detail["type"] == "extra_forbidden" or loc in suggested:
            continue  # a misspelt key is one mistake, not an unknown and a missing one
        path = _existing(data, loc)
        if detail["type"] == "missing":
            parent = (*at, *path)
            problems.add(parent, f"{_name((*parent, loc[-1]))} is missing", f"add `{loc[-1]} = …`")
            continue
        complaints.setdefault(path, []).append(_sentence(detail["msg"]))
        if detail["type"].startswith("datetime"):
            mends[path] = DATE
    for path, messages in complaints.items():
        if problems.reported((*at, *path)):
            continue
        found = _at(data, path)
        shown = "" if isinstance(found, Mapping | list) else f", found {_shown(found)}"
        text = " or ".join(dict.fromkeys(messages))
        problems.add((*at, *path), f"{_name((*at, *path))}: {text}{shown}", mends.get(path, ""))


def _own_mistakes(error: ValidationError) -> list[ErrorDetails]:
    """Without the complaint that a list is empty when only its elements are wrong."""
    details = error.errors(include_url=False)
    deeper = {detail["loc"][:length] for detail in details for length in range(len(detail["loc"]))}
    return [d for d in details if d["type"] != "too_short" or d["loc"] not in deeper]


def _unknown_key(
    record: type[Record], data: Mapping[str, Any], loc: KeyPath, problems: Problems, at: KeyPath
) -> list[str]:
    """Report an unknown key; the names it was probably meant to be."""
    keys = _keys_at(record, loc[:-1])
    holder = _at(data, _existing(data, loc[:-1]))
    name = str(loc[-1])
    free = [key for key in keys if not (isinstance(holder, Mapping) and key in holder)]
    mend = did_you_mean(name, free) if free else "remove it"
    problems.add((*at, *loc), f"unknown key '{name}'", mend)
    return [key for key in free if repr(key) in mend]


def _keys_at(annotation: Any, loc: KeyPath) -> list[str]:
    """The keys that the record at a place of the data may have."""
    record = _record_at(annotation, loc)
    if record is None:
        return []
    return [field.alias or name for name, field in record.model_fields.items()]


def _record_at(annotation: Any, loc: KeyPath) -> type[Record] | None:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Annotated, typing.Union, types.UnionType):
        options = (_record_at(option, loc) for option in arguments)
        return next((option for option in options if option is not None), None)
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return _record_at(_field_type(annotation, loc[0]), loc[1:]) if loc else annotation
    if loc and origin in (tuple, list, dict):
        return _record_at(arguments[1 if origin is dict else 0], loc[1:])
    return None


def _field_type(record: type[Record], key: str | int) -> Any:
    for name, field in record.model_fields.items():
        if key in (name, field.alias):
            return field.annotation
    return None


def _existing(data: Any, loc: KeyPath) -> KeyPath:
    """The part of pydantic's place that is in the data; it also names branches of unions."""
    path: KeyPath = ()
    for step in loc:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            break
        path = (*path, step)
    return path


def _at(data: Any, path: KeyPath) -> Any:
    return functools.reduce(operator.getitem, path, data)


def _name(path: KeyPath) -> str:
    return ".".join(str(step) for step in path if isinstance(step, str)) or "the file"


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text.replace("Input should be", "expected").replace("Extra inputs", "more keys")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
