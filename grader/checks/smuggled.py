"""Numbers beside the weights: in literals of the source, or in files that are no weights."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from grader.checks.files import IDS
from grader.checks.phrases import called, listed
from grader.model.scorecard import Flag

if TYPE_CHECKING:
    from grader.checks.base import Seen

__all__ = ["NUMBERS_ELSEWHERE", "smuggled"]

NUMBERS_ELSEWHERE = "numbers_outside_weights"
FEWEST = 1000
"""Numbers that any honest submission may hold: tables, curves, class names."""
SHARE = 100
"""Of a net's limit: one in so many."""
BYTES_A_NUMBER = 4
TEXTS = frozenset({".txt", ".log", ".toml", ".cfg", ".ini", ".yml", ".yaml"})
PAGES = frozenset({".md", ".rst", ".pdf", ".doc", ".docx", ".odt", ".tex", ".bib", ".html"})
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".svg", ".bmp", ".webp"})
SOURCE = frozenset({".ipynb", ".py", ".pyc", ".sh", ".bat"})
READ_BY_PEOPLE = TEXTS | PAGES | PICTURES | SOURCE
"""Suffixes of files that are source, documents or pictures."""
LONG_TEXT = 1024**2
"""A text of so many bytes is more than people read."""
MOST = 3


def smuggled(seen: Seen, role: str, limit: int) -> tuple[Flag, ...]:
    """A flag with the places and sizes, when a net could lie outside what is counted.

    Args:
        seen: What was measured.
        role: Whose parameters are counted.
        limit: How many it may have.
    """
    most = max(FEWEST, limit // SHARE)
    told = [*_in_source(seen, most), *_in_files(seen, most)]
    if not told:
        return ()
    text = (
        f"{called(role)}: beside its weights the submission holds {listed(told, most=2 * MOST)};"
        f" more than {most:,} are flagged where parameters are counted."
    )
    return (Flag(code=NUMBERS_ELSEWHERE, message=text),)


def _in_source(seen: Seen, most: int) -> list[str]:
    source = seen.source()
    places = source.literals if source is not None else ()
    total = sum(one.numbers for one in places)
    if total <= most:
        return []
    first = [f"{one.numbers:,} in {one.place} ({one.size_bytes:,} bytes)" for one in places[:MOST]]
    return [f"{total:,} numbers in literals of its source: {'; '.join(first)}"]


def _in_files(seen: Seen, most: int) -> list[str]:
    named = set(_bound(seen))
    found = [
        file
        for file in seen.submission.files
        if file.path not in named
        and file.size_bytes > most * BYTES_A_NUMBER
        and not _for_people(file.path, file.size_bytes)
    ]
    found.sort(key=lambda file: (-file.size_bytes, file.path))
    told = [
        f"'{file.path}' of {file.size_bytes:,} bytes (room for"
        f" {file.size_bytes // BYTES_A_NUMBER:,} numbers)"
        for file in found[:MOST]
    ]
    if len(found) > MOST:
        told.append(f"{len(found) - MOST} more such files")
    return told


def _for_people(path: str, size_bytes: int) -> bool:
    suffix = PurePosixPath(path).suffix.lower()
    return suffix in READ_BY_PEOPLE and not (suffix in TEXTS and size_bytes > LONG_TEXT)


def _bound(seen: Seen) -> list[str]:
    """The weight files of every net: those measured, else those named as the role's are.

    And the files that the rubric asks for by name.
    """
    bindings = [piece.payload.get("binding") for piece in seen.evidence.values()]
    found = {
        str(one.get("role", "")): str(one.get("weights", ""))
        for one in bindings
        if isinstance(one, dict) and one.get("weights")
    }
    globs = [
        g for role, entry in seen.rubric.roles.items() if role not in found for g in entry.weights
    ]
    globs += [rule.pattern.replace(IDS, "*") for rule in seen.rubric.files.values()]
    named = [
        file.path
        for file in seen.submission.files
        if any(fnmatch(PurePosixPath(file.path).name.lower(), glob.lower()) for glob in globs)
    ]
    return [*found.values(), *named]
