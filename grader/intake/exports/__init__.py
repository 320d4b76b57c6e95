"""Exports of learning platforms: one platform per file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.intake.exports.base import Export, HandedIn
from grader.intake.exports.canvas import Canvas
from grader.intake.exports.github_classroom import GitHubClassroom
from grader.intake.exports.gradescope import Gradescope
from grader.intake.exports.moodle import Moodle
from grader.intake.exports.nbgrader import Nbgrader
from grader.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["EXPORTS", "Export", "HandedIn", "export_of"]

EXPORTS: Registry[Export] = Registry("export")
for _export in (Moodle(), Gradescope(), Canvas(), Nbgrader(), GitHubClassroom()):
    EXPORTS.register(_export.name, _export)


def export_of(entries: Sequence[Path], assignment: str) -> Export | None:
    """The platform that packed these entries, None when none did."""
    return next((one for one in EXPORTS.values() if one.recognises(entries, assignment)), None)
