"""Frozen records: submission, rubric, evidence, scorecard. No behaviour beyond validation."""
