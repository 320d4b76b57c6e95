"""The three ways in: grade submissions, score again what was graded, verify a rubric."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from grader.collect.store import EvidenceStore
from grader.errors import ConfigurationError
from grader.gradebook import Gradebook
from grader.intake import Intake, read
from grader.pipeline.grading import Grading
from grader.pipeline.records import Listener, Options, Run, Silent
from grader.pipeline.rubrics import load_rubrics, rubric_folder
from grader.pipeline.skipping import Remembered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from grader.model.scorecard import Scorecard
    from grader.model.submission import Submission, Unreadable

__all__ = ["grade", "regrade", "verify_rubric"]


def grade(path: Path, options: Options, listener: Listener | None = None) -> Run:
    """Grade a folder of submissions, one submission, or an archive of either.

    Raises:
        ConfigurationError: The call, a rubric or the sandbox is set up wrongly.
    """
    folders = load_rubrics(options.rubrics)
    if options.assignment is not None:
        rubric_folder(options.assignment, folders, options.rubrics)
    with tempfile.TemporaryDirectory(prefix="grade-intake-") as workdir:
        intake = read(
            path,
            assignment=options.assignment,
            workdir=Path(workdir),
            known_assignments=frozenset(folders),
            one=options.visible_only or None,
            roster=options.roster,
        )
        return Grading(options, folders, listener or Silent()).run(intake)


def regrade(options: Options, listener: Listener | None = None) -> Run:
    """Score again what was graded before, from stored evidence; run only probes that are missing.

    What the last run left out for want of data stays out while the data is missing.

    Raises:
        ConfigurationError: Nothing was graded before.
    """
    folders = load_rubrics(options.rubrics)
    if options.assignment is not None:
        rubric_folder(options.assignment, folders, options.rubrics)
    store = EvidenceStore(options.out / "evidence", {})
    known = [s for s in store.submissions() if options.assignment in (None, s.assignment)]
    if not known:
        raise ConfigurationError(
            "nothing was graded here before",
            where=str(options.out),
            mend=f"grade into it first: grade SUBMISSIONS --out {options.out}",
        )
    if Remembered.of(options.out).skipping:
        options = replace(options, skip_missing_data=True)
    with Gradebook(options.gradebook_url) as book:
        unreadable = tuple(book.unreadable(options.assignment))
    intake = Intake(submissions=tuple(known), unreadable=unreadable)
    return Grading(options, folders, listener or Silent()).run(intake)


def verify_rubric(
    folder: Path,
    options: Options,
    listener: Listener | None = None,
    handed_in: Mapping[str, datetime | None] = MappingProxyType({}),
) -> dict[str, Scorecard]:
    """Grade every case of `verify/` with the rubric of its folder: case → scorecard.

    Args:
        folder: The rubric's.
        options: How to grade.
        listener: Is told what happens.
        handed_in: Case → when, where that is known.
    """
    cases = sorted(p for p in (folder / "verify").glob("*/submission") if p.is_dir())
    if not cases:
        raise ConfigurationError(
            "there are no cases to verify",
            where=str(folder / "verify"),
            mend="add verify/reference/submission/ and verify/reference/expect.toml",
        )
    submissions: list[Submission] = []
    unreadable: list[Unreadable] = []
    with tempfile.TemporaryDirectory(prefix="grade-intake-") as workdir:
        for case in cases:
            place = Path(workdir) / case.parent.name
            intake = read(case, assignment=folder.name, workdir=place, one=True)
            named = {"name": case.parent.name}
            when = {"submitted_at": handed_in.get(case.parent.name)}
            submissions += [s.model_copy(update=named | when) for s in intake.submissions]
            unreadable += [u.model_copy(update=named) for u in intake.unreadable]
        everything = Intake(submissions=tuple(submissions), unreadable=tuple(unreadable))
        grading = Grading(options, {folder.name: folder}, listener or Silent(), compare=False)
        run = grading.run(everything)
    return {card.submission: card for card in run.scorecards}
