"""Grading and evaluation of deep-learning coursework: boxes, evidence, scorecards, reports."""

__version__ = "0.1.0"
