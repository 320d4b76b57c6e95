"""Rubrics: read strictly, lint, describe as JSON Schema, start new ones, hold to their proofs."""
