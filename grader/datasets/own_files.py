"""How the files of a course's own datasets are read and written, one class a kind."""

from __future__ import annotations

import csv
import functools
from typing import TYPE_CHECKING, Any, Protocol

from grader.datasets.base import Split
from grader.datasets.digests import stamp_of
from grader.datasets.folders import read_folder
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from grader.model.rubric import OwnDataset

__all__ = ["FORMATS", "Format"]

LOADED = 8


class Format(Protocol):
    """One kind of file."""

    def read(self, place: Path, described: OwnDataset, classes: tuple[str, ...]) -> Split:
        """Read a split.

        Raises:
            DatasetMissingError: It is not as the rubric describes it.
        """

    def write(
        self,
        place: Path,
        target: Path,
        described: OwnDataset,
        classes: tuple[str, ...],
        labels: NDArray[np.int64],
    ) -> None:
        """Write the same with other labels."""


class _Folder:
    """`<class>/<picture>`."""

    def read(self, place: Path, described: OwnDataset, classes: tuple[str, ...]) -> Split:
        del described
        return read_folder(place, classes)

    def write(self, place: Path, target: Path, *rest: Any) -> None:
        raise NotImplementedError  # folders are written picture by picture


class _Csv:
    """A header, then one example a line; every column but the label's is a number."""

    def read(self, place: Path, described: OwnDataset, classes: tuple[str, ...]) -> Split:
        return _csv(place, described, classes, stamp_of([place])[0])

    def write(
        self,
        place: Path,
        target: Path,
        described: OwnDataset,
        classes: tuple[str, ...],
        labels: NDArray[np.int64],
    ) -> None:
        with (
            place.open(newline="", encoding="utf-8-sig") as read,
            target.open("w", newline="", encoding="utf-8") as written,
        ):
            rows = (row for row in csv.reader(read) if row)
            writer = csv.writer(written)
            header = [name.strip() for name in next(rows)]
            column = header.index(described.label)
            writer.writerow(header)
            for row, label in zip(rows, labels.tolist(), strict=True):
                row[column] = classes[label] if row[column].strip() in classes else str(label)
                writer.writerow(row)


@functools.lru_cache(maxsize=LOADED)
def _csv(
    place: Path, described: OwnDataset, classes: tuple[str, ...], _stamp: tuple[str, int, int]
) -> Split:
    import numpy as np

    header = _header(place)
    wanted = described.inputs or tuple(name for name in header if name != described.label)
    for name in (described.label, *wanted):
        if name not in header:
            message = f"there is no column '{name}' (found: {', '.join(header[:12])})"
            raise _bad(place, message, "name the columns in the rubric as the file does")
    columns = [header.index(name) for name in wanted]
    at = header.index(described.label)
    table = functools.partial(
        np.loadtxt, place, delimiter=",", skiprows=1, quotechar='"', comments=None
    )
    try:
        inputs = table(usecols=columns, dtype=np.float32, ndmin=2, encoding="utf-8-sig")
        texts = table(usecols=[at], dtype=np.str_, ndmin=1, encoding="utf-8-sig")
        labels = np.array([_label(text, classes) for text in texts.tolist()], dtype=np.int64)
    except (OSError, ValueError, IndexError) as error:
        raise _bad(place, f"cannot be read: {error}", "every input must be a number") from error
    return _split(place, described, inputs, labels)


def _header(place: Path) -> list[str]:
    """The names of the columns.

    Raises:
        DatasetMissingError: It is no table.
    """
    try:
        with place.open(newline="", encoding="utf-8-sig") as file:
            return [name.strip() for name in next(csv.reader(file), [])]
    except (OSError, ValueError, csv.Error) as error:
        message = f"is not a CSV file with a header: {error}"
        raise _bad(place, message, "save it as CSV in UTF-8") from error


def _label(text: str, classes: tuple[str, ...]) -> int:
    return classes.index(text.strip()) if text.strip() in classes else int(text)


class _Npz:
    """Arrays by name; nothing in the file is unpickled."""

    def read(self, place: Path, described: OwnDataset, classes: tuple[str, ...]) -> Split:
        del classes
        return _npz(place, described, stamp_of([place])[0])

    def write(
        self,
        place: Path,
        target: Path,
        described: OwnDataset,
        classes: tuple[str, ...],
        labels: NDArray[np.int64],
    ) -> None:
        import numpy as np

        del classes
        arrays = _arrays(place)
        given = arrays[described.label]
        replaced: Mapping[str, NDArray[Any]] = {
            **arrays,
            described.label: labels.astype(given.dtype).reshape(given.shape),
        }
        np.savez_compressed(target, allow_pickle=False, **replaced)


@functools.lru_cache(maxsize=LOADED)
def _npz(place: Path, described: OwnDataset, _stamp: tuple[str, int, int]) -> Split:
    import numpy as np

    arrays = _arrays(place)
    others = described.inputs or tuple(name for name in arrays if name != described.label)
    found = ", ".join(arrays) or "none"
    for name in (described.label, *others):
        if name not in arrays:
            raise _bad(place, f"there is no array '{name}' (found: {found})", "name it in inputs")
    if len(others) != 1:
        raise _bad(place, f"one array of inputs is expected (found: {found})", "name it in inputs")
    inputs, labels = arrays[others[0]], arrays[described.label].reshape(-1)
    if inputs.dtype.kind not in "fiub" or labels.dtype.kind not in "iu":
        message = f"inputs are {inputs.dtype} and labels {labels.dtype}"
        raise _bad(place, message, "numbers are expected, and integers as labels")
    if inputs.dtype != np.uint8:
        inputs = inputs.astype(np.float32)
    return _split(place, described, inputs, labels.astype(np.int64))


def _arrays(place: Path) -> dict[str, NDArray[Any]]:
    import numpy as np

    try:
        with np.load(place, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # zip, header or an object array: each its own kind
        message = f"is not an .npz file of plain numbers: {error}"
        raise _bad(place, message, "write it with numpy.savez") from error


def _split(
    place: Path, described: OwnDataset, inputs: NDArray[Any], labels: NDArray[np.int64]
) -> Split:
    """Check that inputs and labels fit each other and the rubric."""
    import numpy as np

    if len(inputs) != len(labels) or len(labels) == 0:
        message = f"{len(inputs)} inputs and {len(labels)} labels"
        raise _bad(place, message, "one label for each input is expected")
    if described.shape:
        try:
            inputs = inputs.reshape(len(inputs), *described.shape)
        except ValueError as error:
            message = f"inputs {list(inputs.shape[1:])} do not fit shape {list(described.shape)}"
            raise _bad(place, message, "mend shape in the rubric") from error
    if not bool(np.isfinite(inputs).all()):
        raise _bad(place, "some inputs are NaN or infinite", "leave such examples out")
    most = len(described.classes)
    if int(labels.min()) < 0 or (most and int(labels.max()) >= most):
        message = f"labels go from {labels.min()} to {labels.max()}"
        expected = f"0 to {most - 1} are expected, in the order of classes" if most else "not < 0"
        raise _bad(place, message, expected)
    inputs.setflags(write=False)
    labels.setflags(write=False)
    return Split(inputs, labels)


def _bad(place: Path, message: str, mend: str) -> DatasetMissingError:
    return DatasetMissingError(message, where=str(place), mend=mend)


FORMATS: Mapping[str, Format] = {"image_folder": _Folder(), "csv": _Csv(), "npz": _Npz()}
