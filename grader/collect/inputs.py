"""What a box gets of a dataset: inputs in a secret order, never labels."""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.datasets import DATASETS, Dataset, Pictures, Split
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.registry import Registry

__all__ = ["Inputs", "machine_secret", "secret_order"]

SECRET_BYTES = 32


def machine_secret() -> bytes:
    """This machine's secret: it orders test inputs, the same way in every run here.

    Kept in the user's state folder, readable by its owner only; made at first use.
    """
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    path = Path(state) / "grade" / "secret"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
    except FileExistsError:
        pass
    except OSError:
        return secrets.token_bytes(SECRET_BYTES)  # no place for it: another order in every run
    found = path.read_bytes()
    return found if len(found) == SECRET_BYTES else secrets.token_bytes(SECRET_BYTES)


@functools.lru_cache(maxsize=128)
def secret_order(secret: bytes, name: str, count: int) -> tuple[int, ...]:
    """A permutation that only the holder of the secret knows."""
    keys = [
        hmac.digest(secret, f"{name}\0{position}".encode(), hashlib.sha256)
        for position in range(count)
    ]
    return tuple(sorted(range(count), key=keys.__getitem__))


@dataclass(frozen=True)
class Inputs:
    """Datasets as collect needs them.

    Attributes:
        root: Where data lies, or None for each dataset's own place.
        secret: Orders the rows.
        datasets: The known ones, and a rubric's own.
    """

    root: Path | None
    secret: bytes
    datasets: Registry[Dataset] = field(default_factory=lambda: DATASETS)

    def split(self, reference: str) -> Split:
        """Load `name/split`.

        Raises:
            DatasetMissingError: It is not on this machine.
            UnknownNameError: There is no such dataset.
        """
        name, _, split = reference.partition("/")
        return self.datasets[name].load(split, self.root)

    def rows(self, reference: str) -> int:
        """How many examples a split has; 0 when it is missing."""
        try:
            return len(self.split(reference).labels)
        except DatasetMissingError:
            return 0

    def order(self, reference: str, submission: str) -> tuple[int, ...]:
        """For each row sent, its original position."""
        return secret_order(self.secret, f"{reference}\0{submission}", self.rows(reference))

    def write(self, reference: str, submission: str, folder: Path) -> dict[str, Any]:
        """Write the shuffled inputs for a box and describe them, as its job holds it."""
        name, _, split_name = reference.partition("/")
        split = self.split(reference)
        order = self.order(reference, submission)
        file = f"{name}_{split_name}.bin"
        folder.mkdir(parents=True, exist_ok=True)
        entry: dict[str, Any] = {
            "file": file,
            "family": self.datasets[name].family,
            "rows": [split.first_row, split.first_row + len(split)],
            "total_rows": len(split) if split.total_rows is None else split.total_rows,
        }
        if split.original_classes:
            entry["original_classes"] = list(split.original_classes)
        if isinstance(split.inputs, Pictures):
            return {**entry, **_write_pictures(split.inputs, order, folder / file)}
        return {**entry, **_write_array(split.inputs, order, folder / file)}


def _write_array(inputs: Any, order: Sequence[int], file: Path) -> dict[str, Any]:
    """Little-endian numbers, row after row."""
    import numpy as np

    shuffled = np.ascontiguousarray(inputs[np.asarray(order, dtype=np.int64)])
    shuffled.astype(shuffled.dtype.newbyteorder("<"), copy=False).tofile(file)
    return {"encoding": "raw", "dtype": shuffled.dtype.name, "shape": list(shuffled.shape)}


def _write_pictures(pictures: Pictures, order: Sequence[int], file: Path) -> dict[str, Any]:
    """Files one after the other; where each begins, and where the last ends."""
    offsets = [0]
    with file.open("wb") as out:
        for row in order:
            data = pictures[row]
            out.write(data)
            offsets.append(offsets[-1] + len(data))
    return {"encoding": "encoded", "shape": [len(order)], "offsets": offsets}
