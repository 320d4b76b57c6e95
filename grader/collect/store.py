"""Evidence on disk, by content: the same submission and request are measured once.

    evidence/
      submissions/<assignment>/<name>.json    what was handed in, for regrading
      <submission digest>/<key>.json          one piece of evidence
      <submission digest>/attempts.json       the attempts that made it
      arrays/<sha256>.bin                     its raw numbers, once each

Every file is written beside its place and renamed over it: a killed run leaves whole files only.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from grader.errors import StoreError
from grader.model.evidence import Attempt, Evidence, ProbeRequest
from grader.model.submission import Submission

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["EvidenceStore", "write_atomically"]

ATTEMPTS = TypeAdapter(tuple[Attempt, ...])


def write_atomically(path: Path, data: bytes) -> None:
    """Write a whole file or nothing.

    Raises:
        StoreError: The folder cannot be written.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise StoreError(
            f"cannot be written: {error.strerror}",
            where=str(path),
            mend="free some space, or choose a folder that you may write with --out",
        ) from error


class EvidenceStore:
    """The evidence of one `--out` folder.

    Args:
        root: The `evidence/` folder.
        context: What evidence depends on beyond the submission and the request: the code of the
            probes, versions, limits, backend, datasets.
    """

    def __init__(self, root: Path, context: Mapping[str, str]) -> None:
        self.root = root
        self._context = json.dumps(dict(context), sort_keys=True)

    def key(self, request: ProbeRequest) -> str:
        """Name of the file that holds the evidence for a request."""
        return hashlib.sha256(f"{request.digest}\n{self._context}".encode()).hexdigest()

    def load(self, submission: Submission, request: ProbeRequest) -> Evidence | None:
        """The stored evidence, or None. A damaged file counts as none: it is measured again."""
        path = self.root / submission.digest / f"{self.key(request)}.json"
        try:
            entry: dict[str, Any] = json.loads(path.read_bytes())
            for array in entry["arrays"].values():
                data = self._array(array["sha256"])
                if hashlib.sha256(data).hexdigest() != array["sha256"]:
                    return None
                array["data"] = data
                array["shape"] = tuple(array["shape"])
            arrays = entry.pop("arrays")
            evidence = Evidence.model_validate_json(json.dumps(entry))
            return Evidence.model_validate({**dict(evidence), "arrays": arrays}, strict=False)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            return None

    def save(self, submission: Submission, evidence: Evidence) -> None:
        """Keep one piece of evidence. A harness fault is never kept."""
        if evidence.state == "harness":
            return
        for array in evidence.arrays.values():
            path = self._array_path(array.sha256)
            if not path.exists():
                write_atomically(path, array.data)
        text = evidence.model_dump_json(by_alias=True)
        path = self.root / submission.digest / f"{self.key(evidence.request)}.json"
        write_atomically(path, text.encode())

    def array(self, sha256: str) -> bytes | None:
        """Raw numbers by their digest, or None."""
        try:
            return self._array(sha256)
        except OSError:
            return None

    def _array(self, sha256: str) -> bytes:
        return self._array_path(sha256).read_bytes()

    def _array_path(self, sha256: str) -> Path:
        return self.root / "arrays" / f"{sha256}.bin"

    def _attempts_path(self, submission: Submission) -> Path:
        name = hashlib.sha256(self._context.encode()).hexdigest()[:16]
        return self.root / submission.digest / f"attempts-{name}.json"

    def attempts(self, submission: Submission) -> tuple[Attempt, ...]:
        """The attempts that made the stored evidence."""
        try:
            return ATTEMPTS.validate_json(self._attempts_path(submission).read_bytes())
        except (OSError, ValidationError):
            return ()

    def save_attempts(self, submission: Submission, attempts: tuple[Attempt, ...]) -> None:
        """Keep the attempts of a submission."""
        write_atomically(self._attempts_path(submission), ATTEMPTS.dump_json(attempts))

    def remember(self, submission: Submission) -> None:
        """Keep what was handed in, so that it can be scored again without its folder."""
        path = self._submission_path(submission.assignment, submission.name)
        write_atomically(path, submission.model_dump_json().encode())

    def submissions(self) -> Iterator[Submission]:
        """Everything remembered, by assignment and name.

        Raises:
            StoreError: A file is damaged.
        """
        for path in sorted((self.root / "submissions").glob("*/*.json")):
            try:
                yield Submission.model_validate_json(path.read_bytes())
            except (OSError, ValidationError) as error:
                raise StoreError(
                    f"the record of a submission is damaged: {error}",
                    where=str(path),
                    mend="delete it and run `grade` on the submissions again",
                ) from error

    def _submission_path(self, assignment: str, name: str) -> Path:
        digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return self.root / "submissions" / assignment / f"{digest}.json"
