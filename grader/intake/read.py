"""From a path to submissions. What cannot be read becomes an `Unreadable`; the others go on."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import ConfigurationError, IntakeError
from grader.intake.exports import export_of
from grader.intake.formats import format_of
from grader.intake.gather import gather
from grader.intake.layout import Found, Layout, entries_of, lay_out, looks_like_one
from grader.intake.limits import DEFAULT_LIMITS, Limits
from grader.intake.nested import ARCHIVES, WRAPPERS, Nested, weight
from grader.intake.notes import Notes
from grader.intake.roster import identified, latest, read_roster
from grader.intake.scan import scan
from grader.intake.team import team_of
from grader.model.submission import Submission, Unreadable

if TYPE_CHECKING:
    from grader.intake.exports import HandedIn

__all__ = ["Intake", "read"]

NAME_CHARACTERS = 100
UNSAFE = re.compile(r'[/\\:*?"<>|]')


@dataclass(frozen=True)
class Intake:
    """What was found, in the order of assignment and name.

    Attributes:
        submissions: Readable.
        unreadable: Not readable, with the mend.
        notes: What was passed over beside the submissions.
    """

    submissions: tuple[Submission, ...]
    unreadable: tuple[Unreadable, ...]
    notes: tuple[str, ...] = ()


def read(
    path: Path,
    *,
    assignment: str | None,
    workdir: Path,
    known_assignments: frozenset[str] = frozenset(),
    one: bool | None = None,
    roster: Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Intake:
    """Read a folder of submissions, one submission, or an archive of either.

    Args:
        path: What the user names; see `layout` for how its parts are told apart.
        assignment: What `--assignment` says, which settles it.
        workdir: Empty or new folder for what is unpacked; it must outlive the submissions.
        known_assignments: Assignments that have a rubric.
        one: True when the path is one submission whatever it looks like.
        roster: A CSV that says who is who (see `roster`).
        limits: For each submission.

    Raises:
        ConfigurationError: There is no such path, it holds no submissions, or nothing tells the
            assignment.
    """
    if not path.exists():
        raise ConfigurationError("there is no such file or folder", where=str(path))
    if not os.access(path, os.R_OK):
        raise ConfigurationError(
            "may not be read", where=str(path), mend="mend its permissions, or run as its owner"
        )
    path = path.resolve()
    opener = _Opener(workdir, limits)
    layout = _top(path, opener, assignment, known_assignments, one)
    submissions, unreadable = _read_all(layout, opener)
    if not submissions and not unreadable:
        raise ConfigurationError(
            "there are no submissions here",
            where=str(path),
            mend="put each in a folder, a zip or a single notebook of its own",
        )
    named = identified(submissions, read_roster(roster) if roster is not None else None)
    counting, superseded = latest(named)
    return Intake(counting, unreadable, (*layout.notes, *superseded))


def _top(
    path: Path,
    opener: _Opener,
    assignment: str | None,
    known: frozenset[str],
    one: bool | None,  # noqa: FBT001 - three values
) -> Layout:
    entry = format_of(path)
    if entry is None:
        raise ConfigurationError(
            "this is neither a folder, a zip or tar archive, a notebook nor a script",
            where=str(path),
        )
    name, root, single = entry.stem(path), path, entry.name == "file"
    names = known if assignment is None else frozenset({assignment})
    notes = Notes()
    if single:
        root, one = path.parent, True
    elif entry.name in ARCHIVES:
        keep = frozenset() if one else names
        try:
            root, notes = opener.open(path, keep=keep, many=name in keep)
        except IntakeError as error:
            guess = assignment or next((n for n in (name, path.parent.name) if n in known), "")
            return Layout(refused=[(Found(guess, path), error.message, error.mend)])
    layout = lay_out(root, name, path, assignment=assignment, known=known, one=one)
    if any(found.path == root for found in layout.found):
        # One submission is opened from the path that the user named: its name is its own.
        layout.found = [replace(layout.found[0], path=path)]
    else:
        layout.notes += notes.all()
    return layout


def _read_all(
    layout: Layout, opener: _Opener
) -> tuple[tuple[Submission, ...], tuple[Unreadable, ...]]:
    submissions: list[Submission] = []
    unreadable: list[Unreadable] = []
    taken: set[tuple[str, str]] = set()
    for found, message, mend in layout.refused:
        name = _unique(found, taken, Notes())
        unreadable.append(
            Unreadable(assignment=_plain(found.assignment), name=name, message=message, mend=mend)
        )
    for found in sorted(layout.found, key=lambda f: (f.assignment, f.path)):
        notes = Notes()
        name = _unique(found, taken, notes)
        try:
            submissions.append(_submission(found, name, opener, notes))
        except IntakeError as error:
            unreadable.append(
                Unreadable(
                    assignment=found.assignment,
                    name=name,
                    message=error.message,
                    mend=error.mend,
                )
            )
    return (
        tuple(sorted(submissions, key=lambda s: (s.assignment, s.name))),
        tuple(sorted(unreadable, key=lambda u: (u.assignment, u.name))),
    )


def _submission(found: Found, name: str, opener: _Opener, notes: Notes) -> Submission:
    handed_in = found.handed_in
    path = found.path
    if handed_in is not None and (len(handed_in.paths) > 1 or handed_in.renamed):
        path = opener.gathered(handed_in, notes)
    root, opening = opener.open(path)
    notes.take(opening)
    if found.doubt:
        notes.say(found.doubt)
    root = opener.contents(path, root, notes)
    files = scan(root, opener.limits, notes)
    for text in handed_in.notes if handed_in is not None else ():
        notes.say(text)
    team = team_of(name, root, notes, handed_in)
    return Submission(
        assignment=found.assignment,
        name=name,
        root=root,
        team=team.name,
        student_ids=team.student_ids,
        files=files,
        submitted_at=handed_in.submitted_at if handed_in else None,
        marked_late=handed_in.marked_late if handed_in else False,
        notes=notes.all(),
    )


class _Opener:
    """Opens each path once, in its own folder of the workdir."""

    def __init__(self, workdir: Path, limits: Limits) -> None:
        self.limits = limits
        self._workdir = workdir.resolve()
        self._opened: dict[Path, tuple[Path, Notes]] = {}

    def open(
        self, path: Path, *, keep: frozenset[str] = frozenset(), many: bool = False
    ) -> tuple[Path, Notes]:
        """The folder that holds a submission's files, and what was noted on the way.

        Args:
            path: Of any format.
            keep: Folders of these names are not mere wrapping.
            many: Several submissions are expected, so that one alone is not mere wrapping either.

        Raises:
            IntakeError: It cannot be read.
        """
        if path not in self._opened:
            notes = Notes()
            limits = self.limits.of_a_class() if keep else self.limits
            root = self._open(path, notes, limits)
            self._opened[path] = (self._unwrapped(path, root, notes, keep, many=many), notes)
        return self._opened[path]

    def _unwrapped(
        self, path: Path, root: Path, notes: Notes, keep: frozenset[str], *, many: bool
    ) -> Path:
        if root == path:
            return self._named_in_text(root, notes)
        for _ in range(WRAPPERS):
            entries = entries_of(root)
            if len(entries) != 1 or entries[0].is_symlink() or not entries[0].is_dir():
                break
            if entries[0].name in keep or (many and looks_like_one(entries[0])):
                break
            if any(export_of(entries, assignment) for assignment in keep):
                break
            root = entries[0]
        return root

    def contents(self, path: Path, root: Path, notes: Notes) -> Path:
        """The same with what is packed in it unpacked (see `nested`).

        Raises:
            IntakeError: It holds nothing but archives, and one cannot be read.
        """
        limits = self.limits
        if path.is_file():
            limits = limits.for_archives(path.stat().st_size).less(*weight(root))
        ours = not root.is_symlink() and root.is_relative_to(self._workdir)
        return Nested(limits, notes, self._place).contents(root, ours=ours)

    def gathered(self, handed_in: HandedIn, notes: Notes) -> Path:
        """One folder with all that somebody handed in, under the names they gave.

        Raises:
            IntakeError: Something of it cannot be read.
        """
        place = self._place(handed_in.paths[0]).with_suffix(".gathered")
        gather(handed_in, place, self.limits, notes)
        return place

    def _open(self, path: Path, notes: Notes, limits: Limits) -> Path:
        entry = format_of(path)
        if entry is None:
            raise IntakeError(
                "it is neither a folder, a zip or tar archive, a notebook nor a script"
            )
        place = self._place(path)
        try:
            return entry.open(path, place, limits, notes)
        except IntakeError:
            if entry.name in ARCHIVES:
                shutil.rmtree(place, ignore_errors=True)  # half a bomb is large too
            raise

    def _named_in_text(self, root: Path, notes: Notes) -> Path:
        """The folder by a path that records can hold, when its own name is not text."""
        try:
            str(root).encode()
        except UnicodeEncodeError:
            place = self._place(root)
            self._workdir.mkdir(parents=True, exist_ok=True)
            place.symlink_to(root)
            notes.say("the folder's name is not text; it was given another")
            return place
        return root

    def _place(self, path: Path) -> Path:
        number = len(self._opened)
        while (place := self._workdir / f"{number:04d}-{_key(path)}").exists():
            number += 1
        return place


def _key(path: Path) -> str:
    return hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _unique(found: Found, taken: set[tuple[str, str]], notes: Notes) -> str:
    """A name that nobody has, also where upper and lower case are the same."""
    entry = format_of(found.path)
    stem = entry.stem(found.path) if entry is not None else found.path.name
    wanted = _plain(found.handed_in.name if found.handed_in is not None else stem)
    name, number = wanted, 1
    while (found.assignment, name.casefold()) in taken:
        number += 1
        name = f"{wanted}-{number}"
    taken.add((found.assignment, name.casefold()))
    if name != wanted:
        notes.say(f"another submission is called '{wanted}' too; this one was named '{name}'")
    return name


def _plain(name: str) -> str:
    """A name that files, pages and databases can carry, and that stays the same each time."""
    text = unicodedata.normalize("NFC", name)
    text = "".join(char if char.isprintable() else "_" for char in text)
    text = UNSAFE.sub("_", text).strip(" .") or "_"
    if len(text) > NAME_CHARACTERS or not text.strip("_"):
        text = f"{text[:NAME_CHARACTERS]}~{_key(Path(name))[:8]}"
    return text
