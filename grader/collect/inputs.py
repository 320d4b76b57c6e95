"""What a box gets of a dataset: inputs in a secret order, never labels."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.datasets import DATASETS, Split
from grader.errors import DatasetMissingError

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
    """

    root: Path | None
    secret: bytes

    def split(self, reference: str) -> Split:
        """Load `name/split`.

        Raises:
            DatasetMissingError: It is not on this machine.
            UnknownNameError: There is no such dataset.
        """
        name, _, split = reference.partition("/")
        return DATASETS[name].load(split, self.root)

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
        import numpy as np

        name, _, split_name = reference.partition("/")
        dataset = DATASETS[name]
        split = self.split(reference)
        order = np.asarray(self.order(reference, submission))
        shuffled = np.ascontiguousarray(split.inputs[order])
        file = f"{name}_{split_name}.bin"
        folder.mkdir(parents=True, exist_ok=True)
        shuffled.astype(shuffled.dtype.newbyteorder("<"), copy=False).tofile(folder / file)
        return {
            "file": file,
            "dtype": shuffled.dtype.name,
            "shape": list(shuffled.shape),
            "family": dataset.family,
            "rows": list(dataset.rows(split_name)),
            "total_rows": dataset.total_rows,
        }
