"""What a rubric says of data: its own datasets, and what student code finds when it runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from grader.rubric.problems import did_you_mean

if TYPE_CHECKING:
    from grader.rubric.problems import Problems

__all__ = ["SERVED", "check_data"]

SERVED = "data.serve"
"""The key of `names` for what `[data] serve` may say."""


def check_data(
    data: Mapping[str, Any], names: Mapping[str, Collection[str]], problems: Problems
) -> dict[str, Collection[str]]:
    """Check `[datasets.<name>]` and `[data] serve`.

    Args:
        data: The rubric.
        names: Parameter → the values it may have; `dataset` → every known `name/split`.
        problems: Where complaints go.

    Returns:
        The same names, with the rubric's own datasets among them.
    """
    if "dataset" not in names:
        return dict(names)
    own = data.get("datasets")
    described = own if isinstance(own, Mapping) else {}
    known = frozenset(reference.partition("/")[0] for reference in names["dataset"])
    references = list(names["dataset"])
    for name, entry in described.items():
        if name in known:
            message = f"there is a dataset '{name}' already"
            problems.add(("datasets", name), message, "give yours another name")
            continue
        if isinstance(entry, Mapping):
            splits = _own_dataset(name, entry, problems)
            references += [f"{name}/{split}" for split in splits]
    _serve(data, described, names.get(SERVED, ()), problems)
    return {**names, "dataset": tuple(references)}


def _own_dataset(name: str, entry: Mapping[str, Any], problems: Problems) -> list[str]:
    """Check one; give its splits."""
    at = ("datasets", name)
    if "/" in name or not name.strip():
        problems.add(at, f"'{name}' cannot name a dataset", "use letters, digits, '-' and '_'")
    splits = entry.get("splits", ["test"])
    splits = [one for one in splits if isinstance(one, str)] if isinstance(splits, list) else []
    for split in splits:
        if not split or set(split) & set("/\\{}") or split.startswith("."):
            mend = "use plain names such as train, val, test"
            problems.add((*at, "splits"), f"'{split}' cannot name a split", mend)
    path = entry.get("path")
    if isinstance(path, str):
        parts = PurePosixPath(path)
        if not path.strip() or parts.is_absolute() or PureWindowsPath(path).drive:
            message = f"path {path!r} is not relative"
            mend = "write it relative to the rubric's folder or to the root of datasets"
            problems.add((*at, "path"), message, mend)
        elif ".." in parts.parts:
            message = f"path {path!r} leaves the rubric's folder"
            problems.add((*at, "path"), message, "write it without '..'")
        elif len(splits) > 1 and "{split}" not in path:
            message = f"one path for {len(splits)} splits"
            mend = "let {split} stand for the split's name, such as data/{split}.csv"
            problems.add((*at, "path"), message, mend)
    return splits


def _serve(
    data: Mapping[str, Any],
    described: Mapping[str, Any],
    servable: Collection[str],
    problems: Problems,
) -> None:
    table = data.get("data")
    served = table.get("serve") if isinstance(table, Mapping) else None
    for i, name in enumerate(served if isinstance(served, list) else []):
        path = ("data", "serve", i)
        entry = described.get(name) if isinstance(name, str) else None
        if isinstance(entry, Mapping):
            if entry.get("private", True):
                message = f"'{name}' is private, so student code never gets it"
                mend = f"say private = false in [datasets.{name}], or take it out of serve"
                problems.add(path, message, mend)
        elif isinstance(name, str) and servable and name not in servable:
            choice = [*servable, *described]
            message = f"there is no dataset '{name}' to serve"
            problems.add(path, message, did_you_mean(name, choice))
