import pytest

from grader.model.evidence import Attempt
from grader.model.outcome import ExitReason
from grader.model.scorecard import Scorecard


@pytest.fixture
def card():
    """Makes scorecards without tasks, which the gradebook does not look into."""

    def make(submission="ada-grace", points="7/2", assignment="hw1", **more):
        return Scorecard.model_validate(
            {
                "assignment": assignment,
                "title": "Homework",
                "submission": submission,
                "team": submission,
                "student_ids": ("ada", "grace"),
                "points": points,
                "max_points": 4,
                "bonus": 0,
                "pending_points": "1/3",
                "penalty": 0,
                "status": "final",
                "flags": (),
                "remarks": (),
                "tasks": (),
                "attempts": (
                    Attempt(
                        number=1,
                        sandbox="bubblewrap",
                        exit_reason=ExitReason.OK,
                        started_at="2026-01-01T00:00:00+00:00",
                        wall_seconds=0.1,
                        startup_seconds=2.5,
                    ),
                ),
                "provenance": {
                    "generated_by": "grader 0",
                    "rubric_digest": "a" * 64,
                    "submission_digest": "b" * 64,
                    "sandbox": "bubblewrap",
                    "self_check": False,
                },
                **more,
            },
            strict=False,
        )

    return make


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'out' / 'gradebook.db'}"
