"""Family `files`: what was handed in, by name. Nothing is run."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.checks.base import Seen, check, ours
from grader.checks.phrases import count, either, listed, quoted
from grader.model.base import Record
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from grader.model.rubric import Rubric
    from grader.model.submission import Submission

__all__ = ["FilesNamed", "FilesPresent", "files_absent", "in_words", "spelled"]


class FilesPresent(Record):
    """Parameters of `files.present`."""

    rules: tuple[str, ...] = ()
    """Names of `[files.…]` that must be there; empty with no `any_of`: all required ones."""
    any_of: tuple[str, ...] = ()
    """Globs of which at least one must match, such as `["*.ipynb", "*.py"]`."""
    partial: bool = False
    """Whether each one found earns its share."""


class FilesNamed(Record):
    """Parameters of `files.named`."""

    rules: tuple[str, ...] = ()
    """Names of `[files.…]`; empty: all required ones."""
    partial: bool = False
    """Whether each right name earns its share."""


IDS = "{student_ids}"

ENDING = re.compile(r"\*(\.\w+)")
INSIDE = re.compile(r"\*([\w-]+)\*(\.\w+)")

MOST_IDS = 5
"""Orders of more ids than this are not all tried; any ids are accepted then."""


@check("files.present", FilesPresent)
def files_present(params: FilesPresent, seen: Seen) -> CheckResult:
    """You handed in the files that the assignment asks for."""
    wanted = _rules(params.rules, seen, fallback=not params.any_of)
    unknown = [name for name in wanted if name not in seen.rubric.files]
    if unknown:
        return ours(f"the rubric has no [files.{unknown[0]}]")
    asked: list[tuple[str, ...]] = [(seen.rubric.files[name].pattern,) for name in wanted]
    if params.any_of:
        asked.append(params.any_of)
    absent = [
        patterns for patterns in asked if not any(_present(p, seen.submission) for p in patterns)
    ]
    ids = seen.submission.student_ids
    expected = _expected([either(in_words(patterns, ids)) for patterns in asked])
    if not absent:
        return CheckResult.banded(
            Fraction(1), "All the files that were asked for are here.", expected=expected
        )
    return CheckResult.banded(
        _part(len(asked) - len(absent), len(asked), partial=params.partial),
        f"There is {_none_of(one for patterns in absent for one in in_words(patterns, ids))} "
        f"in your submission; it holds {_held(seen)}.",
        expected=expected,
        hint="Add what is missing and hand in again; look inside your archive first.",
    )


@check("files.named", FilesNamed)
def files_named(params: FilesNamed, seen: Seen) -> CheckResult:
    """Your files have the names that the assignment asks for."""
    wanted = _rules(params.rules, seen, fallback=True)
    unknown = [name for name in wanted if name not in seen.rubric.files]
    if unknown:
        return ours(f"the rubric has no [files.{unknown[0]}]")
    patterns = [seen.rubric.files[name].pattern for name in wanted]
    wrong = [pattern for pattern in patterns if not _named(pattern, seen)]
    ids = seen.submission.student_ids
    expected = _expected([spelled(pattern, ids) for pattern in patterns])
    if not wrong:
        return CheckResult.banded(
            Fraction(1), "Your files are named as the assignment asks.", expected=expected
        )
    near = _nearest(wrong, seen)
    found = listed(quoted(near), most=4) or "nothing like it"
    hint = "Rename the file; its content stays as it is."
    if len(near) < len(wrong):
        hint = "Rename what is there, and add what is missing." if near else "Add what is missing."
    return CheckResult.banded(
        _part(len(patterns) - len(wrong), len(patterns), partial=params.partial),
        f"No file is named {either([spelled(pattern, ids) for pattern in wrong])}; "
        f"your submission holds {found}.",
        expected=expected,
        hint=hint,
    )


def _rules(names: tuple[str, ...], seen: Seen, *, fallback: bool) -> tuple[str, ...]:
    if names or not fallback:
        return names
    return tuple(name for name, rule in seen.rubric.files.items() if rule.required)


def _part(right: int, total: int, *, partial: bool) -> Fraction:
    return Fraction(right, total) if partial and total else Fraction(0)


def in_words(patterns: Iterable[str], ids: tuple[str, ...]) -> list[str]:
    """Patterns as a reader says them: `a .pdf or .md file`, `a .pt file with 'mlp' in its name`.

    A pattern that an ending covers (`HW1*.pkl` beside `*.pkl`) is left out.
    """
    every = list(patterns)
    endings = [found[1] for one in every if (found := ENDING.fullmatch(one))]
    inside: dict[str, list[str]] = {}
    names: list[str] = []
    for one in every:
        if one.endswith(tuple(endings)):
            continue
        if found := INSIDE.fullmatch(one):
            inside.setdefault(found[2], []).append(f"'{found[1]}'")
        else:
            names.append(spelled(one, ids))
    said = [f"a {either(endings)} file"] if endings else []
    said += [f"a {end} file with {either(words)} in its name" for end, words in inside.items()]
    return [*said, *names]


def _none_of(phrases: Iterable[str]) -> str:
    """`no .pdf or .md file and no file 'report'`."""
    bare = (one.removeprefix("a ") if one.startswith("a ") else f"file {one}" for one in phrases)
    return listed([f"no {one}" for one in bare], most=12)


def _expected(phrases: list[str]) -> str:
    """As a sentence, which explains the dots once."""
    text = listed(phrases, most=12)
    text = f"{text} (… is any text)" if "…" in text else text
    return f"{text[0].upper()}{text[1:]}."


def _matches(pattern: str, path: str, *, ignore_case: bool = False) -> bool:
    """A glob against a whole path, or against its last part when the glob has no slash."""
    subject = path if "/" in pattern else path.rsplit("/", 1)[-1]
    text = "".join(_part_of_glob(piece) for piece in re.split(r"(\*\*/?|\*|\?)", pattern))
    return re.fullmatch(text, subject, re.IGNORECASE if ignore_case else 0) is not None


def _part_of_glob(piece: str) -> str:
    glob = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return glob.get(piece) or re.escape(piece)


def files_absent(rubric: Rubric, submission: Submission) -> tuple[str, ...]:
    """Patterns of required files that match nothing, whatever the ids and the case."""
    return tuple(
        rule.pattern
        for rule in rubric.files.values()
        if rule.required and not _present(rule.pattern, submission)
    )


def _present(pattern: str, submission: Submission) -> bool:
    loose = pattern.replace(IDS, "*")
    return any(_matches(loose, file.path, ignore_case=True) for file in submission.files)


def _spellings(pattern: str, ids: tuple[str, ...]) -> list[str]:
    """The pattern with the ids put in, in every order."""
    if IDS not in pattern:
        return [pattern]
    if not ids or len(ids) > MOST_IDS:
        return [pattern.replace(IDS, "*")]
    orders = itertools.permutations(_literal(one) for one in ids)
    return [pattern.replace(IDS, "_".join(order)) for order in orders]


def _literal(text: str) -> str:
    """An id in which a star is no wildcard: no real file name needs one there."""
    return re.sub(r"[*?]", "-", text)


def spelled(pattern: str, ids: tuple[str, ...]) -> str:
    """A pattern as a file's name: the ids put in, and `…` for any text."""
    whole = pattern.replace(IDS, "_".join(map(_literal, ids)) if ids else "*")
    return f"'{re.sub(r'[*?]+', '…', whole)}'"


def _named(pattern: str, seen: Seen) -> bool:
    spellings = _spellings(pattern, seen.submission.student_ids)
    return any(_matches(one, file.path) for one in spellings for file in seen.submission.files)


def _nearest(patterns: list[str], seen: Seen) -> list[str]:
    """The files that were probably meant: for each pattern the first left with its ending."""
    left = [file.path for file in seen.submission.files]
    found = []
    for pattern in patterns:
        ending = f".{pattern.rsplit('.', 1)[-1].lower()}"
        if meant := next((path for path in left if path.lower().endswith(ending)), ""):
            found.append(meant)
            left.remove(meant)
    return found


def _held(seen: Seen) -> str:
    files = [file.path for file in seen.submission.files]
    return f"{count(len(files), 'file')} ({listed(files, most=4)})" if files else "no files"
