"""What is wrong with a rubric: collected first, then raised together."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from grader.errors import RubricError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from grader.rubric.locate import KeyPath, Places

__all__ = ["Problem", "Problems", "did_you_mean", "raise_errors"]


@dataclass(frozen=True)
class Problem:
    """One thing to mend.

    Attributes:
        message: What was found and what was expected.
        where: `file:line`, or the file or folder.
        mend: What to do about it.
        severity: `error` stops grading; `warning` is worth a look.
    """

    message: str
    where: str
    mend: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        kind = "" if self.severity == "error" else "warning: "
        text = f"{self.where}: {kind}{self.message}"
        return f"{text}\n  mend: {self.mend}" if self.mend else text


class Problems:
    """Collects the problems of one file, each place once.

    Args:
        file: As messages name it.
        places: Lines of its keys, when the file could be parsed.
    """

    def __init__(self, file: Path, places: Places | None = None) -> None:
        self.file = file
        self._places = places
        self._found: list[tuple[int, Problem]] = []
        self._reported: set[KeyPath] = set()

    def add(
        self,
        path: KeyPath,
        message: str,
        mend: str = "",
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Note a problem at a key."""
        line = self._places.line(path) if self._places else 0
        where = f"{self.file}:{line}" if line else str(self.file)
        problem = Problem(message, where, mend, severity)
        if not any(known == problem for _, known in self._found):
            self._found.append((line, problem))
        self._reported.add(path)

    def reported(self, path: KeyPath) -> bool:
        """Whether this very key has a problem already."""
        return path in self._reported

    def all(self) -> tuple[Problem, ...]:
        """In the order of the file."""
        return tuple(problem for _, problem in sorted(self._found, key=lambda pair: pair[0]))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A mend for an unknown name: the nearest known ones, else all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(repr(other) for other in near)}?"
    return f"known: {', '.join(names)}" if names else "there is none to choose from"


def raise_errors(problems: Iterable[Problem]) -> None:
    """Raise all errors among the problems as one.

    Raises:
        RubricError: There is at least one error.
    """
    errors = [problem for problem in problems if problem.severity == "error"]
    if not errors:
        return
    first = errors[0]
    if len(errors) == 1:
        raise RubricError(first.message, where=first.where, mend=first.mend)
    listing = "\n".join(str(problem) for problem in errors)
    message = f"{len(errors)} problems in this rubric\n{listing}"
    raise RubricError(message, where=first.where.rsplit(":", 1)[0])
