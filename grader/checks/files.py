"""Family `files`: what was handed in, by name. Nothing is run."""

from __future__ import annotations

from grader.model.base import Record

__all__ = ["FilesNamed", "FilesPresent"]


class FilesPresent(Record):
    """Parameters of `files.present`."""

    rules: tuple[str, ...] = ()
    """Names of `[files.…]` that must be there; empty with no `any_of`: all required ones."""
    any_of: tuple[str, ...] = ()
    """Globs of which at least one must match, such as `["*.ipynb", "*.py"]`."""
    partial: bool = False
    """Whether each one found earns its share."""


class FilesNamed(Record):
    """Parameters of `files.named`."""

    rules: tuple[str, ...] = ()
    """Names of `[files.…]`; empty: all required ones."""
    partial: bool = False
    """Whether each right name earns its share."""
