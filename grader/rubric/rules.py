"""What a rubric must keep beyond the shape of its records.

The rules read the plain data, not the record, so that a file with a misspelt key still hears about
its points.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from grader.model.base import Record, exact
from grader.model.rubric import Criterion
from grader.rubric.problems import Problems, did_you_mean
from grader.rubric.validate import validated

if TYPE_CHECKING:
    from grader.rubric.locate import KeyPath

__all__ = ["Draft", "check_params", "check_rules", "criteria"]


CRITERION_KEYS = frozenset(field.alias or name for name, field in Criterion.model_fields.items())


@dataclass(frozen=True)
class Draft:
    """One criterion as the file has it, whatever else is wrong.

    Attributes:
        path: Where it stands in the data.
        task: Its task's id, empty when missing.
        data: Its keys.
    """

    path: KeyPath
    task: str
    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        """`task/criterion`."""
        return f"{self.task}/{self.data.get('id', '')}"


def criteria(data: Mapping[str, Any]) -> Iterator[Draft]:
    """All criteria in the order of the file."""
    for i, task in _tables(data.get("task")):
        for j, criterion in _tables(task.get("criterion")):
            yield Draft(("task", i, "criterion", j), str(task.get("id", "")), criterion)


def check_rules(data: Mapping[str, Any], problems: Problems) -> None:
    """Ids once, points that add up, sources, requirements that exist and end."""
    _unique_ids(data, problems)
    for i, task in _tables(data.get("task")):
        _points_add_up(i, task, problems)
    drafts = list(criteria(data))
    for draft in drafts:
        _source_given(draft, problems)
    _requirements(drafts, problems)
    _assignment(data, problems)
    _feedback_only(data, problems)
    for i, task in _tables(data.get("task")):
        _mark_compiles(i, task, problems)
    for name, rule in _named(data.get("files")):
        _pattern_inside("files", name, rule, problems)


def check_params(
    data: Mapping[str, Any],
    known: Mapping[str, type[Record]],
    names: Mapping[str, Collection[str]],
    problems: Problems,
) -> dict[str, Record]:
    """Validate every criterion's parameters with its check's record.

    Args:
        data: The rubric.
        known: Check → its parameters' record.
        names: Parameter → the values it may have, such as `dataset` → `digits/test`.
        problems: Where complaints go.

    Returns:
        `task/criterion` → parameters, of those that are right.
    """
    params: dict[str, Record] = {}
    for draft in criteria(data):
        check = draft.data.get("check")
        if not isinstance(check, str):
            continue  # its shape is a problem already
        if check not in known:
            where = (*draft.path, "check")
            problems.add(where, f"unknown check '{check}'", did_you_mean(check, known))
            continue
        given = draft.data.get("with", {})
        misspelt = "with" not in draft.data and any(key not in CRITERION_KEYS for key in draft.data)
        if misspelt or not isinstance(given, Mapping):
            continue
        path = (*draft.path, "with")
        for key, values in names.items():
            value = given.get(key)
            if isinstance(value, str) and value and value not in values:
                problems.add((*path, key), f"unknown {key} '{value}'", did_you_mean(value, values))
        made = validated(known[check], given, problems, path)
        if made is not None:
            params[draft.name] = made
    return params


def _unique_ids(data: Mapping[str, Any], problems: Problems) -> None:
    tasks: set[str] = set()
    for i, task in _tables(data.get("task")):
        identifier = task.get("id")
        if isinstance(identifier, str) and identifier in tasks:
            problems.add(("task", i, "id"), f"there are two tasks '{identifier}'", "rename one")
        tasks.add(str(identifier))
        inside: set[str] = set()
        for j, criterion in _tables(task.get("criterion")):
            name = criterion.get("id")
            if isinstance(name, str) and name in inside:
                message = f"task '{identifier}' has two criteria '{name}'"
                problems.add(("task", i, "criterion", j, "id"), message, "rename one")
            inside.add(str(name))


def _points_add_up(index: int, task: Mapping[str, Any], problems: Problems) -> None:
    entries = [criterion for _, criterion in _tables(task.get("criterion"))]
    if not all(isinstance(criterion.get("bonus", False), bool) for criterion in entries):
        return
    try:
        stated = exact(task["points"])
        parts = [exact(entry["points"]) for entry in entries if not entry.get("bonus", False)]
    except (KeyError, ValueError):
        return  # a missing or wrong number is a problem already
    total = sum(parts, Fraction(0))
    if parts and total != stated:
        spelt = " + ".join(_shown(part) for part in parts)
        sum_text = spelt if len(parts) == 1 else f"{spelt} = {_shown(total)}"
        problems.add(
            ("task", index, "points"),
            f"task '{task.get('id', '')}' has {_shown(stated)} points, "
            f"but its criteria give {sum_text}",
            f"say points = {_spelt(total)}, mend the criteria, or mark the extra ones bonus = true",
        )


def _shown(points: Fraction) -> str:
    """For reading: `0.05`, `1/3`."""
    return _spelt(points).strip('"')


def _spelt(points: Fraction) -> str:
    """As TOML would write it."""
    if points.denominator == 1:
        return str(points)
    near = float(points)
    return repr(near) if exact(near) == points else f'"{points}"'


def _source_given(draft: Draft, problems: Problems) -> None:
    source = draft.data.get("source")
    if isinstance(source, str) and not source.strip():
        path = (*draft.path, "source")
        problems.add(path, "source is empty", "quote the sentence of the handout this grades")


def _requirements(drafts: list[Draft], problems: Problems) -> None:
    known = {draft.name for draft in drafts}
    if len(known) < len(drafts) or any("" in name.split("/") for name in known):
        return  # ids are missing or doubled: a problem already, and names mean nothing yet
    edges: dict[str, list[str]] = {}
    for draft in drafts:
        wanted = draft.data.get("requires", [])
        for k, name in enumerate(wanted if isinstance(wanted, list) else []):
            path = (*draft.path, "requires", k)
            if not isinstance(name, str):
                continue
            if name not in known:
                message = f"requires unknown criterion '{name}'"
                problems.add(path, message, did_you_mean(name, known))
            else:
                edges.setdefault(draft.name, []).append(name)
    for draft in drafts:
        if _reaches(draft.name, draft.name, edges):
            path = (*draft.path, "requires")
            message = f"'{draft.name}' requires itself in the end"
            problems.add(path, message, "remove one of the requirements that make the circle")


def _reaches(start: str, goal: str, edges: Mapping[str, list[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(edges.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(edges.get(name, ()))
    return False


def _assignment(data: Mapping[str, Any], problems: Problems) -> None:
    assignment = data.get("assignment")
    size = assignment.get("team_size") if isinstance(assignment, Mapping) else None
    if not isinstance(size, Mapping):
        return
    low, high = size.get("min", 1), size.get("max", 1)
    if isinstance(low, int) and isinstance(high, int) and low > high:
        path = ("assignment", "team_size")
        problems.add(path, f"a team of at least {low} and at most {high} cannot be", "swap them")


def _feedback_only(data: Mapping[str, Any], problems: Problems) -> None:
    """Where nothing is graded, nothing carries points."""
    assignment = data.get("assignment")
    if not isinstance(assignment, Mapping) or assignment.get("feedback_only") is not True:
        return
    entries: list[tuple[KeyPath, Mapping[str, Any]]] = [
        (("task", i), task) for i, task in _tables(data.get("task"))
    ]
    entries += [(draft.path, draft.data) for draft in criteria(data)]
    for path, entry in entries:
        try:
            points = exact(entry["points"])
        except (KeyError, ValueError):
            continue  # a problem already
        if points != 0:
            message = f"'{entry.get('id', '')}' has {points} points in a feedback-only assignment"
            problems.add((*path, "points"), message, "say points = 0, or feedback_only = false")


def _mark_compiles(index: int, task: Mapping[str, Any], problems: Problems) -> None:
    for name in ("marked", "elsewhere"):
        pattern = task.get(name, "")
        if not isinstance(pattern, str):
            continue
        try:
            re.compile(pattern)
        except re.error as error:
            message = f"{name} is not a regular expression: {error}"
            problems.add(("task", index, name), message, "mend it, such as '^\\s*X\\s*1'")


def _pattern_inside(table: str, name: str, rule: Mapping[str, Any], problems: Problems) -> None:
    pattern = rule.get("pattern")
    if not isinstance(pattern, str):
        return
    path = PurePosixPath(pattern)
    absolute = path.is_absolute() or PureWindowsPath(pattern).drive
    if not pattern.strip() or absolute or ".." in path.parts:
        message = f"pattern {pattern!r} does not stay inside a submission"
        mend = "write it relative to the submission's folder, without '..'"
        problems.add((table, name, "pattern"), message, mend)


def _tables(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if isinstance(value, list):
        yield from ((i, entry) for i, entry in enumerate(value) if isinstance(entry, Mapping))


def _named(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        yield from ((name, entry) for name, entry in value.items() if isinstance(entry, Mapping))
