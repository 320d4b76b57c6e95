"""Gradescope: `submission_<id>/…` beside `submission_metadata.yml`, which names the submitters.

Source: Gradescope's "Download Submissions" (`assignment_<id>_export`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from grader.errors import IntakeError
from grader.intake.exports.base import HandedIn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Gradescope"]

METADATA = "submission_metadata.yml"
FOLDER = re.compile(r"submission_\d+")
FILE_BYTES = 64 * 1024**2


class Gradescope:
    """The export of an assignment."""

    name = "Gradescope"

    def recognises(self, entries: Sequence[Path], assignment: str) -> bool:
        """By its metadata beside a folder of a submission."""
        del assignment
        names = {path.name for path in entries}
        return METADATA in names and any(FOLDER.fullmatch(name) for name in names)

    def handed_in(self, entries: Sequence[Path], assignment: str) -> list[HandedIn]:
        """One submission a folder; several submitters are a team.

        Raises:
            IntakeError: The metadata cannot be read.
        """
        del assignment
        known = _metadata(next(path for path in entries if path.name == METADATA))
        folders = [p for p in entries if p.is_dir() and FOLDER.fullmatch(p.name)]
        return [_one(folder, known.get(folder.name)) for folder in folders]


def _metadata(file: Path) -> dict[str, Any]:
    import yaml

    try:
        if file.stat().st_size > FILE_BYTES:
            raise IntakeError(f"{METADATA} is larger than {FILE_BYTES // 2**20} MiB")
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        mend = "download the submissions from Gradescope again"
        raise IntakeError(f"{METADATA} cannot be read: {error}", mend=mend) from error
    return data if isinstance(data, dict) else {}


def _one(folder: Path, entry: object) -> HandedIn:
    facts = entry if isinstance(entry, dict) else {}
    listed = facts.get(":submitters")
    people = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    ids = [str(one.get(":sid") or one.get(":email") or one.get(":name") or "") for one in people]
    names = [str(one[":name"]) for one in people if one.get(":name")]
    notes = () if people else (f"{METADATA} does not say whose '{folder.name}' is",)
    return HandedIn(
        name=folder.name,
        paths=(folder,),
        student_ids=tuple(dict.fromkeys(i for i in ids if i)),
        team=", ".join(names),
        submitted_at=_time(facts.get(":created_at")),
        notes=notes,
    )


def _time(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
