"""Where the submissions are below a path, decided by names and places. First match wins.

1. The path itself is a notebook or script: one submission.
2. It holds folders named like known assignments: each is a folder of submissions.
3. It is named like a known assignment, or `--assignment` is given: it holds submissions, unless it
   looks like one submission.
4. It lies in a folder named like a known assignment: one submission of it.
5. Its `grade.toml` names a known assignment, or there is only one known assignment: as 3.

A folder of submissions may be an export of a learning platform (`exports/`); whatever in it is not
part of the export is read as ever.

What looks like one submission: a `grade.toml`; a notebook or script beside files that cannot be
submissions by themselves (weights, texts, pictures); scripts that import each other; or a single
notebook or script with nothing else that could be a submission. Several notebooks are many
submissions where a folder or archive beside them could be one too, or where the folder is named
like an assignment; otherwise files beside them make them one, which is flagged. A caller who knows
better says so (`one=True`, as `grade check` does).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grader.errors import ConfigurationError, IntakeError
from grader.intake.exports import HandedIn, export_of
from grader.intake.formats import format_of
from grader.intake.limits import is_litter
from grader.intake.nested import OTHER_ARCHIVES, refusal
from grader.intake.notes import Notes, shown
from grader.intake.single import SOURCE_SUFFIXES
from grader.intake.team import TEAM_FILE, team_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Found", "Layout", "entries_of", "lay_out", "looks_like_one"]

BESIDE = re.compile(r"(?i)(readme|licen[cs]e|requirements).*|.*\.(md|zip)")
"""Files that lie in folders of submissions and in submissions alike, so they tell nothing."""
EXPORTED_BESIDE = frozenset({".csv", ".yml", ".yaml", ".txt", ".html", ".json"})
"""What platforms put beside the submissions."""
SCRIPT_BYTES = 1 << 20


@dataclass(frozen=True)
class Found:
    """One thing that should be a submission."""

    assignment: str
    path: Path
    handed_in: HandedIn | None = None
    """What the platform says of it, when it came in an export."""
    doubt: str = ""
    """Why it may be something else than one submission."""


@dataclass
class Layout:
    """What lies below a path.

    Attributes:
        found: To be opened as submissions.
        refused: Things that cannot be, with assignment, reason and mend.
        notes: What was passed over.
    """

    found: list[Found] = field(default_factory=list)
    refused: list[tuple[Found, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def lay_out(
    root: Path,
    name: str,
    path: Path,
    *,
    assignment: str | None,
    known: frozenset[str],
    one: bool | None,
) -> Layout:
    """Decide what is a submission below an opened folder.

    Args:
        root: The folder, or what an archive unpacked to.
        name: Of the path, without suffix.
        path: That the user gave.
        assignment: What `--assignment` says.
        known: Assignments that have a rubric.
        one: Whether it is one submission, where the caller knows.

    Raises:
        ConfigurationError: Nothing tells which assignment it is.
    """
    layout = Layout()
    parent = path.parent.name
    names = known if assignment is None else frozenset({assignment})
    if one is not True:
        folders = sorted(n for n in names if (root / n).is_dir() and not (root / n).is_symlink())
        if folders:
            for folder in folders:
                _collection(root / folder, folder, layout)
            _passed_over(root, folders, layout)
            return layout
    chosen = assignment or _assignment(root, name, path, known)
    at_home = name in names
    doubt = ""
    if one is None:
        exported = export_of(entries_of(root), chosen) is not None
        one = not exported and (
            looks_like_one(root, at_home=at_home) or (parent in names and not at_home)
        )
        doubt = _doubt(root) if one and parent not in names else ""
    if one:
        layout.found.append(Found(chosen, root, doubt=doubt))
    else:
        _collection(root, chosen, layout)
    return layout


def _assignment(root: Path, name: str, path: Path, known: frozenset[str]) -> str:
    for guess in (name, path.parent.name, team_of(name, root, Notes()).assignment):
        if guess in known:
            return guess
    if len(known) == 1:
        return next(iter(known))
    listed = ", ".join(sorted(known)) or "none has a rubric here"
    raise ConfigurationError(
        "nothing tells which assignment this is",
        where=str(path),
        mend=f"add --assignment ID, or use folders <assignment>/<submission>; known: {listed}",
    )


def entries_of(folder: Path) -> list[Path]:
    """What lies in a folder, without litter and hidden things, in a fixed order."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return []  # opening it says so
    shown_ones = (path for path in paths if not path.name.startswith("."))
    return [path for path in shown_ones if not is_litter(path.name, folder=path.is_dir())]


def _collection(folder: Path, assignment: str, layout: Layout) -> None:
    entries = entries_of(folder)
    export = export_of(entries, assignment)
    if export is not None:
        try:
            handed_in = export.handed_in(entries, assignment)
        except IntakeError as error:
            layout.refused.append((Found(assignment, folder), error.message, error.mend))
            return
        layout.found += [Found(assignment, one.paths[0], one) for one in handed_in]
        layout.notes.append(f"'{shown(folder.name)}' is an export of {export.name}")
        taken = {
            place
            for one in handed_in
            for path in (*one.paths, *one.also)
            for place in (path, path.parent)
        }
        entries = [path for path in entries if path not in taken]
        entries = [path for path in entries if path.suffix.lower() not in EXPORTED_BESIDE]
    for path in entries:
        found = Found(assignment, path)
        if path.is_symlink():
            layout.refused.append((found, "it is a link", "put the files themselves there"))
        elif format_of(path) is not None:
            layout.found.append(found)
        elif path.suffix.lower() in OTHER_ARCHIVES:
            layout.refused.append((found, refusal(path), "unpack it, or pack it as zip"))
        else:
            layout.notes.append(f"'{shown(path.name)}' in '{assignment}' is not a submission")


def _passed_over(root: Path, folders: list[str], layout: Layout) -> None:
    for path in entries_of(root):
        if path.name in folders or path.stem.upper() == "README":
            continue
        if path.is_dir() and not path.is_symlink():
            reason = f"there is no rubric for an assignment '{shown(path.name)}'"
            mend = f"known here: {', '.join(folders)}; or write one: grade rubric new ID"
            layout.refused.append((Found(path.name, path), reason, mend))
        else:
            layout.notes.append(f"'{shown(path.name)}' is not a folder of submissions")


def looks_like_one(root: Path, *, at_home: bool = False) -> bool:
    """Whether a folder is one submission rather than a folder of them.

    Args:
        root: The folder.
        at_home: Whether it is named like an assignment.
    """
    entries = entries_of(root)
    files = [path for path in entries if path.is_file() and not path.is_symlink()]
    if any(path.name == TEAM_FILE for path in files):
        return True
    sources = [path for path in files if path.suffix.lower() in SOURCE_SUFFIXES]
    if not sources:
        return False
    others = [p for p in entries if p not in sources and format_of(p) is not None]
    if len(_notebooks(sources)) > 1 and (at_home or any(map(_could_be_submission, others))):
        return False
    if _beside(files):
        return True
    if len(sources) == 1:
        return not any(_could_be_submission(path) for path in others)
    return _import_each_other(sources)


def _doubt(root: Path) -> str:
    """What to say of several notebooks that only the files beside them make one submission."""
    files = [path for path in entries_of(root) if path.is_file() and not path.is_symlink()]
    notebooks, beside = _notebooks(files), _beside(files)
    if len(notebooks) <= 1 or not beside or any(path.name == TEAM_FILE for path in files):
        return ""
    return (
        f"its {len(notebooks)} notebooks were taken for one submission because"
        f" '{shown(beside[0].name)}' lies beside them; if they are several, take it away or put"
        " each in a folder of its own"
    )


def _notebooks(files: list[Path]) -> list[Path]:
    return [path for path in files if path.suffix.lower() == ".ipynb"]


def _beside(files: list[Path]) -> list[Path]:
    """Files that cannot be submissions by themselves, but parts of one."""
    return [
        path
        for path in files
        if path.suffix.lower() not in SOURCE_SUFFIXES and not BESIDE.fullmatch(path.name)
    ]


def _could_be_submission(path: Path) -> bool:
    if path.is_file():
        return True
    return any(p.suffix.lower() == ".ipynb" or p.suffix == ".zip" for p in entries_of(path))


def _import_each_other(sources: list[Path]) -> bool:
    scripts = [path for path in sources if path.suffix.lower() == ".py"]
    for path in scripts:
        others = "|".join(re.escape(p.stem) for p in scripts if p != path)
        if not others:
            return False
        with path.open("rb") as file:
            text = file.read(SCRIPT_BYTES).decode("utf-8", "replace")
        if re.search(rf"^\s*(?:from|import)\s+(?:{others})\b", text, re.MULTILINE):
            return True
    return False
