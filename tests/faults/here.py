"""Grading the tiny course in this process, where single calls can be made to fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.cli.main import main
from grader.gradebook import Gradebook
from tests.faults.course import timeless

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Here:
    """A call of `grade`: status, what was said, and how many boxes were opened."""

    submissions: Path
    out: Path
    capsys: object
    sandbox: object

    def __call__(self, *words, out=None):
        rubrics = ("--rubrics", self.submissions.parent / "rubrics", "--out", out or self.out)
        first = words or (self.submissions, "--sandbox", "none", "--jobs", "1")
        before = len(self.sandbox.boxes)
        try:
            main([str(word) for word in (*first, *rubrics)])
        except SystemExit as stop:
            status = stop.code
        said = self.capsys.readouterr()
        return Said(status, said.out + said.err, len(self.sandbox.boxes) - before)

    def cards(self, out=None):
        """The scorecards, but for times."""
        with Gradebook(f"sqlite:///{(out or self.out) / 'gradebook.db'}") as book:
            return timeless([card.model_dump(mode="json") for card in book.latest()])

    def points(self, out=None):
        return {card["submission"]: card["points"] for card in self.cards(out)}


@dataclass(frozen=True)
class Said:
    status: int
    text: str
    boxes: int
