"""The database of submissions, scorecards and human decisions.

with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
    book.save(scorecard, created_at)
"""

from __future__ import annotations

from grader.gradebook.book import Gradebook

__all__ = ["Gradebook"]
