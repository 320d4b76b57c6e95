"""Everything people look at, made from scorecards: pages, tables and files for other tools."""

from __future__ import annotations

from grader.report.audience import Audience
from grader.report.contents import Contents, Exporter, Pixels
from grader.report.exporters import EXPORTERS
from grader.report.write import ReportPaths, no_pixels, write_reports

__all__ = [
    "EXPORTERS",
    "Audience",
    "Contents",
    "Exporter",
    "Pixels",
    "ReportPaths",
    "no_pixels",
    "write_reports",
]
