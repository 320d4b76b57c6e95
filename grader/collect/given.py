"""Files that a course hands out, laid beside a submission that came without them.

    rubrics/<assignment>/given/utils.py        → utils.py
                               birds/bird.jpg  → birds/bird.jpg

Students hand in their own files only; their code still imports `utils` and opens `birds/bird.jpg`.
What a submission brings itself, in whatever folder, is never replaced.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from grader.errors import RubricError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Given"]


@dataclass(frozen=True)
class Given:
    """A rubric's folder of course files.

    Attributes:
        files: Path below the submission → the file.
    """

    files: dict[str, Path]

    @classmethod
    def of(cls, rubric: Path, name: str) -> Given:
        """The files of a rubric's folder `name`; none when it names no folder.

        Raises:
            RubricError: There is no such folder in the rubric's.
        """
        if not name:
            return cls({})
        folder = (rubric / name).resolve()
        if not folder.is_dir() or not folder.is_relative_to(rubric.resolve()):
            raise RubricError(
                f"[data] given: there is no folder '{name}'",
                where=str(rubric),
                mend="make it, with the files that the course hands out, or leave `given` out",
            )
        found = (p for p in sorted(folder.rglob("*")) if p.is_file() and not _hidden(p, folder))
        return cls({p.relative_to(folder).as_posix(): p for p in found})

    def context(self) -> dict[str, str]:
        """What measurements depend on; empty without files, so that old evidence stays good."""
        if not self.files:
            return {}
        digest = hashlib.sha256()
        for path, file in self.files.items():
            digest.update(path.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
        return {"given": digest.hexdigest()}

    def lay(self, folder: Path, handed_in: Iterable[str]) -> None:
        """Copy what was not handed in.

        Args:
            folder: The box's copy of the submission.
            handed_in: Paths of the submission's own files. A file of the same name counts, in
                whatever folder it is.
        """
        own = {PurePosixPath(path).name.lower() for path in handed_in}
        for path, file in self.files.items():
            target = folder / path
            if target.name.lower() in own or target.exists():
                continue
            for parent in reversed(target.relative_to(folder).parents[:-1]):
                (folder / parent).mkdir(exist_ok=True)
                (folder / parent).chmod(0o755)
            shutil.copyfile(file, target)
            target.chmod(0o644)


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
