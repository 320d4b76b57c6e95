"""`feedback/<submission>.html`: one self-contained page per submission."""

from __future__ import annotations

from collections.abc import Iterator

from grader.report.contents import Contents

__all__ = ["feedback"]


def feedback(contents: Contents) -> Iterator[tuple[str, bytes]]:
    """Write one page per submission."""
    for seen in contents.feedback:
        yield contents.page(seen.scorecard), b"<!doctype html>\n"
