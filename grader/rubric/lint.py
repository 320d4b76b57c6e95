"""Everything `load` refuses, and what a careful author would also want to hear."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from grader.errors import RubricError
from grader.model.outcome import Outcome, Visibility
from grader.rubric.load import EXPECTED_FILE, RUBRIC_FILE, LoadedRubric, Needs, examine
from grader.rubric.locate import Places
from grader.rubric.problems import Problem, Problems, did_you_mean
from grader.rubric.verify import VERIFY, read_expectation

if TYPE_CHECKING:
    from pathlib import Path

    from grader.model.base import Record

__all__ = ["lint"]


def lint(
    folder: Path,
    params: Mapping[str, type[Record]],
    *,
    needs: Needs | None = None,
    names: Mapping[str, Collection[str]] | None = None,
    manual: Collection[str] = (),
    functions: Mapping[str, str] | None = None,
) -> tuple[Problem, ...]:
    """All errors and warnings of a rubric folder. Nothing is raised.

    Args:
        folder: Holds `rubric.toml`.
        params: Check → the record of its parameters.
        needs: As for `load`.
        names: As for `load`.
        manual: Checks that a person decides; they need no mutant.
        functions: Check → its parameter that names functions of `expected.py`.
    """
    loaded, problems = examine(folder, params, needs=needs, names=names)
    if loaded is None:
        return problems
    return (*problems, *_beyond(loaded, frozenset(manual), functions or {}))


def _beyond(
    loaded: LoadedRubric, manual: frozenset[str], functions: Mapping[str, str]
) -> Iterator[Problem]:
    file = loaded.folder / RUBRIC_FILE
    problems = Problems(file, Places(_text(file)))
    _expected_functions(loaded, functions, problems)
    _roles(loaded, problems)
    _names_and_texts(loaded, problems)
    yield from _proofs(loaded, manual, problems)
    yield from problems.all()


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")


def _expected_functions(
    loaded: LoadedRubric, functions: Mapping[str, str], problems: Problems
) -> None:
    """What parameters name must be in `expected.py`."""
    try:
        known = tuple(loaded.expected)
    except RubricError as error:
        problems.add((), f"{EXPECTED_FILE}: {error.message} ({error.where})", error.mend)
        return
    for i, task in enumerate(loaded.rubric.task):
        for j, criterion in enumerate(task.criterion):
            key = functions.get(criterion.check)
            value = criterion.with_.get(key) if key else None
            every = value if isinstance(value, list) else [value]
            for name in [n for one in every if isinstance(one, str) for n in one.split("|") if n]:
                if name not in known:
                    path = ("task", i, "criterion", j, "with", key or "")
                    mend = did_you_mean(name, known) if known else f"write it in {EXPECTED_FILE}"
                    problems.add(path, f"{EXPECTED_FILE} has no function '{name}'", mend)


def _roles(loaded: LoadedRubric, problems: Problems) -> None:
    spoken_of = {
        word for criterion in loaded.rubric.criteria().values() for word in _words(criterion.with_)
    }
    for name, role in loaded.rubric.roles.items():
        path = ("roles", name)
        if name not in spoken_of and role.kind != "dataset":
            problems.add(path, f"no criterion speaks of role '{name}'", "remove it", "warning")
        if not role.names and not role.weights:
            message = f"role '{name}' has neither names nor weights to be found by"
            problems.add(path, message, 'add names = ["…"], the template\'s first', "warning")


def _words(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _words(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _words(entry)


def _names_and_texts(loaded: LoadedRubric, problems: Problems) -> None:
    assignment = loaded.rubric.assignment.id
    folder = loaded.folder.resolve().name
    if assignment != folder:
        message = f"the assignment is '{assignment}', but its folder is '{folder}'"
        problems.add(("assignment", "id"), message, "give both the same name", "warning")
    for i, task in enumerate(loaded.rubric.task):
        for j, criterion in enumerate(task.criterion):
            path = ("task", i, "criterion", j)
            if not criterion.title.strip():
                message = f"criterion '{criterion.id}' has no title"
                problems.add(path, message, "say in a few words what it grades", "warning")
            if criterion.visibility is Visibility.HIDDEN and " " not in criterion.source.strip():
                message = f"hidden criterion '{criterion.id}' does not quote what it rests on"
                mend = "quote the handout: students will ask why they lost its points"
                problems.add((*path, "source"), message, mend, "warning")


def _proofs(loaded: LoadedRubric, manual: frozenset[str], problems: Problems) -> Iterator[Problem]:
    """Every automatic criterion should be lost by some case of `verify/`."""
    folder = loaded.folder / VERIFY
    cases = sorted(path.parent for path in folder.glob("*/submission") if path.is_dir())
    if not cases:
        mend = f"add {VERIFY}/reference and mutants that are wrong in one known way"
        problems.add((), f"there is no {VERIFY}/<case>, so nothing proves it", mend, "warning")
        return
    lost: set[str] = set()
    for case in cases:
        try:
            expectation = read_expectation(case, loaded.rubric)
        except RubricError as error:
            yield Problem(error.message, error.where, error.mend)
            continue
        lost.update(n for n, o in expectation.outcomes.items() if o is not Outcome.PASS)
    for i, task in enumerate(loaded.rubric.task):
        for j, criterion in enumerate(task.criterion):
            name = f"{task.id}/{criterion.id}"
            if criterion.check not in manual and name not in lost:
                message = f"no case of {VERIFY}/ loses criterion '{name}'"
                mend = f'add a mutant whose expect.toml has [outcomes] "{name}" = "fail"'
                problems.add(("task", i, "criterion", j), message, mend, "warning")
