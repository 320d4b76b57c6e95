"""Evidence on disk, by content: the same submission and request are measured once.

    evidence/
      submissions/<assignment>/<name>.json    what was handed in, for regrading
      <submission digest>/<key>.json          one piece of evidence
      <submission digest>/attempts-….json     the attempts that made it
      <submission digest>/progress-….json     the attempt in work, while there is one
      arrays/<sha256>.bin                     its raw numbers, once each

Every file is written beside its place and renamed over it: a killed run leaves whole files only.
Every file carries its checksum, or is named by it: what is damaged is never believed.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from grader.collect.sealed import DamagedError, seal, unseal, write_atomically
from grader.errors import StoreError
from grader.model.base import Record
from grader.model.evidence import Attempt, Evidence, ProbeRequest
from grader.model.submission import Submission

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["EvidenceStore", "Progress", "write_atomically"]

ATTEMPTS = TypeAdapter(tuple[Attempt, ...])


class Progress(Record):
    """How far the measuring of one submission is, for the run that goes on after a kill."""

    before: int
    """Attempts that earlier runs recorded."""
    told: tuple[str, ...]
    """Digests of the requests that belong to attempts before the one in work."""
    attempt: Attempt
    """The one in work, as far as it is known."""
    ended_in: str = ""
    """Digest of the request in which it ended, if it ended early."""
    finished: bool = False
    """Whether it ended, and that request is to be measured again."""
    doubted: tuple[str, ...] = ()
    """Digests of requests in which a box was killed once: they are measured again."""


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
        name = f"{submission.digest}/{self.key(request)}"
        try:
            entry: dict[str, Any] = json.loads(self._read(name))
            for array in entry["arrays"].values():
                data = self.array(array["sha256"])
                if data is None:
                    return None
                array["data"] = data
                array["shape"] = tuple(array["shape"])
            arrays = entry.pop("arrays")
            evidence = Evidence.model_validate_json(json.dumps(entry))
            return Evidence.model_validate({**dict(evidence), "arrays": arrays}, strict=False)
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            return None

    def save(self, submission: Submission, evidence: Evidence) -> None:
        """Keep one piece of evidence. A harness fault is never kept."""
        if evidence.state == "harness":
            return
        for array in evidence.arrays.values():
            if self.array(array.sha256) is None:
                write_atomically(self._array_path(array.sha256), array.data)
        text = evidence.model_dump_json(by_alias=True)
        self._write(f"{submission.digest}/{self.key(evidence.request)}", text.encode())

    def forget(self, submission: Submission, request: ProbeRequest) -> None:
        """Drop one piece of evidence, so that it is measured again.

        Raises:
            StoreError: The folder cannot be written.
        """
        self._remove(f"{submission.digest}/{self.key(request)}")

    def array(self, sha256: str) -> bytes | None:
        """Raw numbers by their digest, or None where they are not there or damaged."""
        try:
            data = self._array_path(sha256).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def _array_path(self, sha256: str) -> Path:
        return self.root / "arrays" / f"{sha256}.bin"

    def _write(self, name: str, content: bytes) -> None:
        write_atomically(self.root / f"{name}.json", seal(name, content))

    def _name(self, kind: str, submission: Submission) -> str:
        context = hashlib.sha256(self._context.encode()).hexdigest()[:16]
        return f"{submission.digest}/{kind}-{context}"

    def _read(self, name: str) -> bytes:
        return unseal(name, (self.root / f"{name}.json").read_bytes())

    def attempts(self, submission: Submission) -> tuple[Attempt, ...]:
        """The attempts that made the stored evidence."""
        try:
            return ATTEMPTS.validate_json(self._read(self._name("attempts", submission)))
        except (OSError, DamagedError, ValidationError):
            return ()

    def save_attempts(self, submission: Submission, attempts: tuple[Attempt, ...]) -> None:
        """Keep the attempts of a submission."""
        self._write(self._name("attempts", submission), ATTEMPTS.dump_json(attempts))

    def progress(self, submission: Submission) -> Progress | None:
        """What a run that was killed left of its attempt in work."""
        try:
            return Progress.model_validate_json(self._read(self._name("progress", submission)))
        except (OSError, DamagedError, ValidationError):
            return None

    def save_progress(self, submission: Submission, progress: Progress | None) -> None:
        """Keep how far an attempt is, or that there is none any more.

        Raises:
            StoreError: The folder cannot be written.
        """
        name = self._name("progress", submission)
        if progress is not None:
            self._write(name, progress.model_dump_json().encode())
            return
        self._remove(name)

    def _remove(self, name: str) -> None:
        try:
            (self.root / f"{name}.json").unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot be removed: {error.strerror}",
                where=f"{name}.json",
                mend="choose a folder that you may write with --out",
            ) from error

    def remember(self, submission: Submission) -> None:
        """Keep what was handed in, so that it can be scored again without its folder."""
        name = submission_name(submission.assignment, submission.name)
        self._write(name, submission.model_dump_json().encode())

    def submissions(self) -> Iterator[Submission]:
        """Everything remembered, by assignment and name.

        Raises:
            StoreError: A file is damaged.
        """
        for path in sorted((self.root / "submissions").glob("*/[!.]*.json")):
            try:
                name = path.relative_to(self.root).with_suffix("").as_posix()
                yield Submission.model_validate_json(unseal(name, path.read_bytes()))
            except (OSError, DamagedError, ValidationError) as error:
                raise StoreError(
                    f"the record of a submission is damaged: {error}",
                    where=str(path),
                    mend="delete it and run `grade` on the submissions again",
                ) from error


def submission_name(assignment: str, name: str) -> str:
    """Where in the store it is kept what was handed in."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"submissions/{assignment}/{digest}"
