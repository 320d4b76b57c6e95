"""scikit-learn's 8x8 digits, read from the file that the library ships. Nothing to fetch.

The host does not import scikit-learn: the file is found beside it and read with numpy.

Source: handout digits-svhn, part 2: the first 1000 digits train, the next 350 validate, the rest
(447) test.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from grader.datasets.base import DatasetProperty, Split, unknown_split
from grader.errors import ConfigurationError, DatasetMissingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from grader.datasets.base import Deal, Shown

__all__ = ["Digits"]

FILE = "datasets/data/digits.csv.gz"
TEXT_SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"
"""Of the unpacked text: packing differs between builds of the library, the digits do not."""
ROWS = {"train": (0, 1000), "val": (1000, 1350), "test": (1350, 1797)}
TOTAL_ROWS = 1797
MASK = b"0"
"""What stands in a box for the label of a test digit."""
MEND = "pip install --force-reinstall scikit-learn"


class Digits:
    """The 1797 digits that scikit-learn's `load_digits` reads.

    Args:
        file: The library's file; found by itself when not given.
    """

    name = fetched_as = "digits"
    title = "Digits, 8x8 grey, as scikit-learn ships them"
    classes = tuple("0123456789")
    splits = tuple(ROWS)
    hidden = ("test",)
    family = "sklearn.digits"
    sizes = {split: end - first for split, (first, end) in ROWS.items()}
    shipped = True
    served = False
    """The library ships it; `overlays` hides the labels."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def size_bytes(self, root: Path | None = None) -> int:
        """Of the library's file."""
        file = self.locate(root)
        return file.stat().st_size if file is not None else 0

    def version(self, root: Path | None = None) -> str:
        """The known bytes: others are refused."""
        del root
        return f"sklearn-digits-{TEXT_SHA256[:12]}"

    def locate(self, root: Path | None = None) -> Path | None:
        """The library's file."""
        del root  # it ships with the library
        file = self._file or _library_file()
        return file if file is not None and file.is_file() else None

    def load(self, split: str, root: Path | None = None) -> Split:
        """Read one split: inputs float32 [N, 64] with values 0 to 16, labels int64 [N]."""
        import numpy as np

        if split not in ROWS:
            raise unknown_split(self, split)
        first, end = ROWS[split]
        file = self._present(root)
        table = _table(file, file.stat().st_mtime_ns)[first:end]
        labels = table[:, -1].astype(np.int64)
        return Split(table[:, :-1].astype(np.float32), labels, first, TOTAL_ROWS)

    def available(self, root: Path | None = None) -> tuple[str, ...]:
        """All of them, or none."""
        return self.splits if self.locate(root) is not None else ()

    def partial(self, root: Path | None = None) -> dict[str, str]:
        """The library ships all of it."""
        del root
        return {}

    def overlays(self, folder: Path) -> dict[str, Path]:
        """A `digits.csv.gz` whose test rows all say 0, to lie over the library's."""
        file = self._present(None)
        first, end = ROWS["test"]
        lines = _text(file).splitlines(keepends=True)
        for row in range(first, end):
            pixels, _, _label = lines[row].rpartition(b",")
            lines[row] = pixels + b"," + MASK + b"\n"
        folder.mkdir(parents=True, exist_ok=True)
        masked = folder / file.name
        masked.write_bytes(gzip.compress(b"".join(lines), mtime=0))
        return {str(file): masked}

    def shown(self, split: str, root: Path | None, deal: Deal) -> Shown:
        """Not served: an overlay lies over the library's file."""
        del split, root, deal
        raise _not_served()

    def serve(self, folder: Path, root: Path | None, deal: Deal) -> None:
        """Not served: an overlay lies over the library's file."""
        del folder, root, deal
        raise _not_served()

    def fetch(self, root: Path | None = None) -> Path:
        """Nothing to fetch: say where the library keeps it."""
        return self._present(root)

    def verify(self, root: Path | None = None) -> tuple[DatasetProperty, ...]:
        """That the file is there and holds the known digits."""
        file = self.locate(root)
        if file is None:
            detail = "scikit-learn or its digits.csv.gz is not installed"
            return (DatasetProperty(name="present", holds=False, detail=detail, mend=MEND),)
        present = DatasetProperty(name="present", holds=True, detail=str(file))
        found = _digest(file)
        holds = found == TEXT_SHA256
        detail = (
            f"sha256 of the text {found[:12]}…, {TOTAL_ROWS} digits"
            if holds
            else f"sha256 of the text is {found[:12]}…, not {TEXT_SHA256[:12]}…"
        )
        checksum = DatasetProperty(
            name="checksum", holds=holds, detail=detail, mend="" if holds else MEND
        )
        return present, checksum

    def _present(self, root: Path | None) -> Path:
        file = self.locate(root)
        if file is None:
            message = "scikit-learn's digits.csv.gz is not on this machine"
            raise DatasetMissingError(message, where="dataset digits", mend=MEND)
        if _digest(file) != TEXT_SHA256:
            message = "scikit-learn's digits.csv.gz does not hold the known digits"
            raise DatasetMissingError(message, where=str(file), mend=MEND)
        return file


def _not_served() -> ConfigurationError:
    return ConfigurationError(
        "the digits are at hand wherever scikit-learn is", mend="take 'digits' out of serve"
    )


def _library_file() -> Path | None:
    spec = importlib.util.find_spec("sklearn")  # finds without importing
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / FILE


def _text(file: Path) -> bytes:
    try:
        return gzip.decompress(file.read_bytes())
    except (OSError, EOFError, ValueError) as error:
        message = f"scikit-learn's digits.csv.gz cannot be read: {error}"
        raise DatasetMissingError(message, where=str(file), mend=MEND) from error


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(_text(file)).hexdigest()
    except DatasetMissingError:
        return "unreadable"


@functools.lru_cache(maxsize=4)
def _table(file: Path, _changed_ns: int) -> NDArray[np.float64]:
    """All digits: [1797, 65], the last column is the label."""
    import numpy as np

    return np.loadtxt(_text(file).decode("ascii").splitlines(), delimiter=",", dtype=np.float64)
