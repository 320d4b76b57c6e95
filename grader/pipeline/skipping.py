"""`--skip-missing-data`: what of a rubric is graded where data is missing.

1. Tasks that speak of missing data are left out, and missing data is served to nobody.
2. Of submissions whose code names what is not served, tasks that run the code are left out, too:
   a run would fail for want of the data, which is not the student's fault.
3. Where no data or no task is left, submissions are not taken up.

The next `grade regrade` leaves out the same. It cannot read the code again, which may be gone, so
that `evidence/skipped.json` keeps whose code it was.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from grader.collect.plan import source_of
from grader.collect.probes import spec_of
from grader.collect.sealed import write_atomically
from grader.intake.single import SOURCE_SUFFIXES
from grader.model.scorecard import Flag
from grader.rubric.visible import measurable_part, without_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from grader.datasets import Dataset
    from grader.model.submission import Submission, SubmittedFile
    from grader.pipeline.records import Lacking
    from grader.rubric.load import LoadedRubric

__all__ = ["Remembered", "Skipped", "reads", "skip"]

SOURCE_BYTES = 1 << 24
"""What is larger is not looked into, and counts as reading everything."""
NAMES = TypeAdapter(set[tuple[str, str]])
"""(assignment, submission)."""


@dataclass(frozen=True)
class Skipped:
    """What is graded, and what is not.

    Attributes:
        lacking: What is missing, with what becomes of it.
        whole: Assignment → what is left of its rubric.
        unrun: Assignment → what is left for submissions whose code reads what is missing.
        reading: (assignment, submission) of those.
    """

    lacking: tuple[Lacking, ...] = ()
    whole: Mapping[str, LoadedRubric] = field(default_factory=dict)
    unrun: Mapping[str, LoadedRubric] = field(default_factory=dict)
    reading: frozenset[tuple[str, str]] = frozenset()

    def reads(self, submission: Submission) -> bool:
        """Whether its code reads what is missing."""
        return (submission.assignment, submission.name) in self.reading

    def leaves_out(self, submission: Submission) -> bool:
        """Whether it is not taken up at all."""
        assignment = submission.assignment
        if self.reads(submission):
            return assignment not in self.unrun
        return any(one.skipped and one.assignment == assignment for one in self.lacking)

    def flags(self, submission: Submission, loaded: LoadedRubric) -> tuple[Flag, ...]:
        """Tell the staff which tasks of a rubric a scorecard lacks."""
        missing = [
            n
            for one in self.lacking
            if one.assignment == submission.assignment
            for n in one.datasets
        ]
        if not missing:
            return ()
        parts = self.unrun if self.reads(submission) else self.whole
        kept = {task.id for task in parts[submission.assignment].rubric.task}
        gone = ", ".join(task.id for task in loaded.rubric.task if task.id not in kept) or "nothing"
        text = f"Not on this machine: {', '.join(missing)}. Left out for it: {gone}."
        return (Flag(code="data_missing", message=text),)


def skip(
    lacking: Iterable[Lacking],
    rubrics: Mapping[str, LoadedRubric],
    submissions: Iterable[Submission],
    datasets: Mapping[str, Mapping[str, Dataset]],
    remembered: Remembered,
) -> Skipped:
    """Decide what is graded.

    Args:
        lacking: The assignments whose data is not all here.
        rubrics: Assignment → its rubric.
        submissions: To be graded.
        datasets: Assignment → what its rubric may speak of.
        remembered: Says whose code reads what is missing, where the code is gone.
    """
    whole: dict[str, LoadedRubric] = {}
    unrun: dict[str, LoadedRubric] = {}
    reading: set[tuple[str, str]] = set()
    told: list[Lacking] = []
    for one in lacking:
        name = one.assignment
        known = datasets[name]
        gone = set(one.datasets) | {n for n, e in known.items() if e.fetched_as in one.datasets}
        part = measurable_part(rubrics[name], gone)
        if part is None:
            told.append(dataclasses.replace(one, skipped=True))
            continue
        whole[name] = part
        unserved = set(rubrics[name].rubric.data.serve) - set(part.rubric.data.serve)
        mine = [s for s in submissions if s.assignment == name]
        readers = [s for s in mine if _reads(s, unserved, remembered)]
        reading |= {(name, s.name) for s in readers}
        still = without_tasks(part, {t.id for t in part.rubric.task if _runs_code(t.id, part)})
        if still is not None:
            unrun[name] = still
        names = tuple(s.name for s in readers)
        told.append(
            dataclasses.replace(one, reduced=True, reading=names, read_skipped=still is None)
        )
    return Skipped(tuple(told), whole, unrun, frozenset(reading))


def _runs_code(task: str, loaded: LoadedRubric) -> bool:
    requests = (
        request
        for name, entry in loaded.rubric.criteria().items()
        if name.rpartition("/")[0] == task
        for request in loaded.checks[entry.check].needs(loaded.params[name], loaded.rubric)
    )
    return any(spec_of(r.probe).executes or source_of(r) in {"live", "any"} for r in requests)


def _reads(submission: Submission, unserved: set[str], remembered: Remembered) -> bool:
    if submission.root.is_dir():
        return reads(submission, unserved)
    return (submission.assignment, submission.name) in remembered.reading


def reads(submission: Submission, datasets: Iterable[str]) -> bool:
    """Whether the code of a submission names one of the datasets, in any spelling."""
    names = [_plain(name) for name in datasets]
    if any(file.size_bytes > SOURCE_BYTES for file in _sources(submission)):
        return bool(names)
    return any(name in text for text in _code(submission) for name in names)


def _sources(submission: Submission) -> list[SubmittedFile]:
    return [f for f in submission.files if PurePath(f.path).suffix.lower() in SOURCE_SUFFIXES]


def _code(submission: Submission) -> Iterator[str]:
    for file in _sources(submission):
        with contextlib.suppress(OSError):
            text = (submission.root / file.path).read_text(encoding="utf-8", errors="replace")
            yield _plain(_cells(text) if file.path.lower().endswith(".ipynb") else text)


def _cells(text: str) -> str:
    """A notebook's code; all of its text when it is no notebook of today's form."""
    try:
        cells: list[dict[str, Any]] = json.loads(text)["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        return "\n".join("".join(source) for source in sources)
    except (ValueError, KeyError, TypeError, RecursionError):
        return text


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


@dataclass
class Remembered:
    """What an output folder knows of the last `grade --skip-missing-data`.

    Attributes:
        skipping: Whether it was asked for.
        reading: (assignment, submission) whose code reads what is missing.
    """

    skipping: bool = False
    reading: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, out: Path) -> Remembered:
        """Read it; nothing where there is none."""
        try:
            return cls(skipping=True, reading=NAMES.validate_json(_file(out).read_bytes()))
        except (OSError, ValidationError):
            return cls()

    def keep(self, out: Path) -> None:
        """Write it, or remove what was there."""
        if self.skipping:
            write_atomically(_file(out), NAMES.dump_json(self.reading))
        else:
            _file(out).unlink(missing_ok=True)


def _file(out: Path) -> Path:
    return out / "evidence" / "skipped.json"
