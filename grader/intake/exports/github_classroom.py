"""GitHub Classroom: repositories `<assignment>-<username>`, cloned into one folder.

Source: `gh classroom clone student-repos`, which makes `<assignment>-submissions/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.intake.exports.base import HandedIn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["GitHubClassroom"]


class GitHubClassroom:
    """Cloned repositories of an assignment."""

    name = "GitHub Classroom"

    def recognises(self, entries: Sequence[Path], assignment: str) -> bool:
        """When every folder has the assignment's name in front, and each is a repository."""
        folders = [path for path in entries if path.is_dir()]
        return bool(folders) and all(
            _user(path, assignment) and (path / ".git").exists() for path in folders
        )

    def handed_in(self, entries: Sequence[Path], assignment: str) -> list[HandedIn]:
        """One submission a repository, named as its user."""
        return [
            HandedIn(name=path.name, paths=(path,), student_ids=(user,), team=user)
            for path in entries
            if path.is_dir() and (user := _user(path, assignment))
        ]


def _user(path: Path, assignment: str) -> str:
    front = f"{assignment}-".lower()
    return path.name[len(front) :] if path.name.lower().startswith(front) else ""
