"""Write a report: every file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import ConfigurationError
from grader.report.audience import Audience
from grader.report.contents import Pixels, prepare
from grader.report.exporters import EXPORTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from grader.model.scorecard import Scorecard
    from grader.model.submission import Unreadable

__all__ = ["ReportPaths", "no_pixels", "write_reports"]


@dataclass(frozen=True)
class ReportPaths:
    """What was written.

    Attributes:
        out: The report's folder.
        files: Every file written, in order.
        pages: (assignment, submission) → its feedback page, for those that were written.
    """

    out: Path
    files: tuple[Path, ...]
    pages: Mapping[tuple[str, str], Path]

    @property
    def index(self) -> Path:
        """The class overview."""
        return self.out / "index.html"


def no_pixels(_sha256: str) -> None:
    """Stand in where captured figures are not at hand: pages say so instead of showing them."""


def write_reports(
    out: Path,
    scorecards: Iterable[Scorecard],
    unreadable: Iterable[Unreadable] = (),
    *,
    pixels: Pixels = no_pixels,
    audience: Audience,
    overview: Audience = Audience.STAFF,
    title: str = "",
    formats: Iterable[str] | None = None,
) -> ReportPaths:
    """Write the report of a run.

    Args:
        out: The folder. It is made when absent; other files in it stay.
        scorecards: One per submission. Their order does not matter.
        unreadable: What could not be read at all.
        pixels: Where captured figures are found.
        audience: Whom the feedback pages are for.
        overview: Whom `index.html`, `grades.csv`, `grades.json` and `junit.xml` are for: the
            staff, unless a student checks their own work.
        title: Heading of the overview. The assignment's title when empty.
        formats: Names from `EXPORTERS`, or None for all.

    Raises:
        UnknownNameError: A format that is not registered.
        ConfigurationError: The folder cannot be written.
    """
    names = sorted(EXPORTERS) if formats is None else list(formats)
    exporters = [EXPORTERS[name] for name in names]
    contents = prepare(
        scorecards,
        unreadable,
        pixels=pixels,
        audience=audience,
        overview=overview,
        title=title,
    )
    written: list[Path] = []
    try:
        for exporter in exporters:
            for path, data in exporter(contents):
                target = out / path
                _replace(target, data)
                written.append(target)
    except OSError as error:
        raise ConfigurationError(
            f"the report cannot be written: {error.strerror or error}",
            where=str(out),
            mend="choose another folder with --out, or free some space",
        ) from error
    pages = {key: out / page for key, page in contents.pages.items() if out / page in set(written)}
    return ReportPaths(out, tuple(written), pages)


def _replace(target: Path, data: bytes) -> None:
    """Put a file in place in one step: a reader or a killed grader never meets half of it.

    Not synced to the disk: after a power cut it can be made again from the gradebook.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
