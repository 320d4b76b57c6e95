"""The formats a report is written in. A new one is one file and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.registry import Registry
from grader.report.grades_csv import grades_csv
from grader.report.junit import junit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.report.contents import Contents, Exporter

__all__ = ["EXPORTERS"]

EXPORTERS: Registry[Exporter] = Registry("export format")
"""By name, such as `csv`. An entry yields (path within the report, bytes)."""


def _feedback(contents: Contents) -> Iterator[tuple[str, bytes]]:
    from grader.report.feedback import feedback  # Jinja2 is slow to import

    return feedback(contents)


def _grades_json(contents: Contents) -> Iterator[tuple[str, bytes]]:
    from grader.report.grades_json import grades_json  # its records take a while to build

    return grades_json(contents)


def _overview(contents: Contents) -> Iterator[tuple[str, bytes]]:
    from grader.report.overview import overview  # Jinja2 is slow to import

    return overview(contents)


EXPORTERS.register("csv", grades_csv)
EXPORTERS.register("feedback", _feedback)
EXPORTERS.register("index", _overview)
EXPORTERS.register("json", _grades_json)
EXPORTERS.register("junit", junit)
