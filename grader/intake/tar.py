"""Format `tar`, packed by gzip, xz or bzip2 or not: read as a stream (see `unpacking`)."""

from __future__ import annotations

import io
import lzma
import tarfile
import zlib
from typing import IO, TYPE_CHECKING

from grader.errors import IntakeError
from grader.intake.unpacking import BROKEN, Entry, Unpacking, own_faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grader.intake.limits import Limits
    from grader.intake.notes import Notes

__all__ = ["TarFormat"]

HEADER_BYTES = 1 << 20
PLAIN = (*tarfile.REGULAR_TYPES, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE)
SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")


class TarFormat:
    """A tar archive of one submission or of many, packed or not."""

    name = "tar"

    def accepts(self, path: Path) -> bool:
        """By its suffix."""
        return path.name.lower().endswith(SUFFIXES) and path.is_file()

    def stem(self, path: Path) -> str:
        """The name of what is inside."""
        suffix = max((s for s in SUFFIXES if path.name.lower().endswith(s)), key=len)
        return path.name[: -len(suffix)] or path.name

    def open(self, path: Path, workdir: Path, limits: Limits, notes: Notes) -> Path:
        """Unpack into the new folder `workdir` and return it.

        Raises:
            IntakeError: It is broken, empty, or larger than the limits.
            HarnessError: This machine has no room for it.
        """
        workdir.mkdir(parents=True)
        unpacking = Unpacking(workdir, limits, notes, path.stat().st_size)
        try:
            # as a stream, so that no member is looked at before the ones in front were counted
            with own_faults(workdir), tarfile.open(path, "r|*", tarinfo=Guarded) as archive:
                unpacking.run(_entries(archive, unpacking.allowed))
        except (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError) as error:
            raise IntakeError(f"the archive is broken: {error}", mend=BROKEN) from error
        return workdir


class Guarded(tarfile.TarInfo):
    """A member whose long name or extended header cannot fill our memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type not in PLAIN and self.size > HEADER_BYTES:
            raise tarfile.ReadError("a header is larger than any name")
        return super()._proc_member(archive)  # type: ignore[misc,no-any-return]


def _entries(archive: tarfile.TarFile, allowed: int) -> Iterator[Entry]:
    stated = 0
    for member in archive:
        stated += member.size  # also what is left out has to be read past
        if stated > allowed:
            raise IntakeError(
                f"the archive unpacks to more than {allowed // 2**20} MiB",
                mend="leave datasets and logs out",
            )

        def opening(member: tarfile.TarInfo = member) -> IO[bytes]:
            return archive.extractfile(member) or io.BytesIO()

        if member.issym() or member.islnk():
            yield Entry(member.name, "link", opening)
        elif member.isdir():
            yield Entry(member.name, "folder", opening)
        else:
            yield Entry(member.name, "file" if member.isreg() else "other", opening)
