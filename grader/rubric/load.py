"""Read a rubric folder: `rubric.toml`, and beside it `expected.py` and `baselines.json`.

    rubrics/digits-svhn/
    ├── rubric.toml      how the assignment is graded
    ├── expected.py      functions that compute expected values (optional)
    ├── baselines.json   what the reference reached (optional)
    ├── checks.py        the course's own checks (optional), with probes/<name>.py
    └── verify/<case>/   submissions with a known scorecard

Every mistake of the file is reported at once, each with its line and its mend.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.errors import ConfigurationError, RubricError
from grader.model.base import Record
from grader.model.rubric import Rubric
from grader.model.scorecard import Baseline
from grader.rubric.data_rules import check_data
from grader.rubric.expected import Expected
from grader.rubric.locate import KeyPath, Places
from grader.rubric.problems import Problem, Problems, did_you_mean, raise_errors
from grader.rubric.rules import check_params, check_rules, criteria
from grader.rubric.validate import parse_toml, syntax_error, to_plain, validated

__all__ = ["LoadedRubric", "Needs", "examine", "load"]

RUBRIC_FILE = "rubric.toml"
EXPECTED_FILE = "expected.py"
BASELINES_FILE = "baselines.json"

Needs = Callable[[str, Record, Rubric], object]
"""Check, parameters, rubric → its probe requests. An unknown role raises RubricError."""


@dataclass(frozen=True)
class LoadedRubric:
    """A rubric and what lies beside it.

    Attributes:
        rubric: What `rubric.toml` says.
        folder: Where it was read.
        digest: SHA-256 of the canonical rubric, `expected.py` and `baselines.json`. Spaces and
            comments of the TOML do not change it.
        params: `task/criterion` → the check's validated parameters.
        expected: The public functions of `expected.py`, imported at the first look.
        baselines: `task/criterion` → what the reference reached.
        checks: The built-in checks and the rubric's own, where `checks.py` adds some.
    """

    rubric: Rubric
    folder: Path
    digest: str
    params: Mapping[str, Record]
    expected: Mapping[str, Callable[..., Any]]
    baselines: Mapping[str, Baseline]
    checks: Mapping[str, Any] = field(default_factory=dict)


def load(
    folder: Path,
    params: Mapping[str, type[Record]],
    *,
    needs: Needs | None = None,
    names: Mapping[str, Collection[str]] | None = None,
) -> LoadedRubric:
    """Read a rubric folder strictly.

    Args:
        folder: Holds `rubric.toml`.
        params: Check → the record of its parameters.
        needs: Asks a check for its probe requests, so that unknown roles are found now.
        names: Parameter → the values it may have, such as `dataset` → `digits/test`.

    Raises:
        RubricError: With all problems of the file, each with line and mend.
    """
    loaded, problems = examine(folder, params, needs=needs, names=names)
    raise_errors(problems)
    if loaded is None:  # unreachable: without a rubric there is an error
        message = "the rubric could not be read"
        raise RubricError(message, where=str(folder))
    return loaded


def examine(
    folder: Path,
    params: Mapping[str, type[Record]],
    *,
    needs: Needs | None = None,
    names: Mapping[str, Collection[str]] | None = None,
) -> tuple[LoadedRubric | None, tuple[Problem, ...]]:
    """Read a rubric folder and say all that is wrong with it. Nothing is raised.

    Returns:
        The rubric, unless it has errors, and the problems in the order of the file.
    """
    data, problems = _read(folder / RUBRIC_FILE)
    if data is None:
        return None, problems.all()
    rubric = validated(Rubric, data, problems)
    check_rules(data, problems)
    made = check_params(data, params, check_data(data, names or {}, problems), problems)
    if rubric is not None and needs is not None:
        _ask_needs(rubric, data, made, needs, problems)
    baselines, more = _baselines(folder / BASELINES_FILE, rubric)
    found = (*problems.all(), *more)
    if rubric is None or any(problem.severity == "error" for problem in found):
        return None, found
    loaded = LoadedRubric(
        rubric=rubric,
        folder=folder,
        digest=_digest(rubric, folder),
        params=made,
        expected=Expected(folder / EXPECTED_FILE),
        baselines=baselines,
    )
    return loaded, found


def _read(file: Path) -> tuple[dict[str, Any] | None, Problems]:
    problems = Problems(file)
    try:
        text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        problems.add((), "there is no such file", f"grade rubric new {file.parent.name}")
        return None, problems
    except OSError as error:
        problems.add((), f"cannot be read: {error.strerror}", "check its permissions")
        return None, problems
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems = Problems(Path(f"{file}:{line}"))
        problems.add((), "is not UTF-8 text", "save it as UTF-8")
        return None, problems
    try:
        parsed = parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        message, line = syntax_error(error)
        problems = Problems(Path(f"{file}:{line or text.count(chr(10)) + 1}"))
        problems.add((), f"not valid TOML: {message}", "see https://toml.io")
        return None, problems
    problems = Problems(file, Places(text))
    return to_plain(parsed, problems), problems


def _ask_needs(
    rubric: Rubric,
    data: Mapping[str, Any],
    made: Mapping[str, Record],
    needs: Needs,
    problems: Problems,
) -> None:
    for draft in criteria(data):
        if draft.name not in made:
            continue
        try:
            needs(draft.data["check"], made[draft.name], rubric)
        except ConfigurationError as error:
            given = draft.data.get("with", {})
            path: KeyPath = (*draft.path, "with") if given else draft.path
            named = next((k for k, v in given.items() if f"'{v}'" in error.message), None)
            path = path if named is None else (*path, named)
            mend = error.mend
            if named is not None and "role" in error.message:
                mend = f"{did_you_mean(str(given[named]), rubric.roles)} or declare it: {mend}"
            problems.add(path, f"check '{draft.data['check']}': {error.message}", mend)


def _baselines(
    file: Path, rubric: Rubric | None
) -> tuple[dict[str, Baseline], tuple[Problem, ...]]:
    if not file.is_file():
        return {}, ()
    problems = Problems(file)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problems.add((), f"cannot be read: {error}", "write it again: grade reference baseline")
        return {}, problems.all()
    if not isinstance(data, dict):
        problems.add((), "is not a table of criteria", "write it again: grade reference baseline")
        return {}, problems.all()
    known = rubric.criteria() if rubric is not None else None
    made: dict[str, Baseline] = {}
    for name, entry in data.items():
        if known is not None and name not in known:
            problems.add((name,), f"unknown criterion '{name}'", did_you_mean(name, known))
        elif not isinstance(entry, dict):
            problems.add((name,), f"'{name}' is not a table with mean, spread, seeds, source")
        else:
            baseline = validated(Baseline, entry, problems, (name,))
            if baseline is not None:
                made[name] = baseline
    return made, problems.all()


def _digest(rubric: Rubric, folder: Path) -> str:
    canonical = json.dumps(
        rubric.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":")
    )
    whole = hashlib.sha256(canonical.encode())
    own = sorted(path.relative_to(folder).as_posix() for path in folder.glob("probes/*.py"))
    own = ["checks.py", *own] if (folder / "checks.py").is_file() else own
    for name in (EXPECTED_FILE, BASELINES_FILE, *own):
        file = folder / name
        content = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
        whole.update(f"\n{name} {content}".encode())
    return whole.hexdigest()
