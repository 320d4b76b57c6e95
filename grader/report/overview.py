"""`index.html`: the class overview for the staff."""

from __future__ import annotations

from collections.abc import Iterator

from grader.report.contents import Contents

__all__ = ["overview"]


def overview(contents: Contents) -> Iterator[tuple[str, bytes]]:
    """Write the overview."""
    del contents
    yield "index.html", b"<!doctype html>\n"
