"""intake → collect → score → gradebook: all of it in order."""

from grader.pipeline.entry import grade, regrade, verify_rubric
from grader.pipeline.records import Graded, Lacking, Listener, Options, Run
from grader.pipeline.rubrics import load_rubric, load_rubrics, rubric_context

__all__ = [
    "Graded",
    "Lacking",
    "Listener",
    "Options",
    "Run",
    "grade",
    "load_rubric",
    "load_rubrics",
    "regrade",
    "rubric_context",
    "verify_rubric",
]
