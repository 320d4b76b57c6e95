"""Pictures in folders, one folder for each class: read, and written for student code."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.datasets.base import DatasetProperty, Pictures, Shown, Split
from grader.datasets.digests import Stamp, known_bytes, stamp_of, sums_of
from grader.datasets.linking import link_or_copy
from grader.datasets.standard import short_version
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "SUFFIXES",
    "FolderCopy",
    "by_class",
    "class_folders",
    "files_of",
    "read_folder",
    "readable",
    "write_folder",
]

SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
BLOCK = 8
"""Pixels of a side of what JPEG codes at once."""
GREY_STEP = 23
"""Between the marks of two repetitions: more than JPEG's rounding, and coprime to 256."""
QUALITY = 90


@dataclass(frozen=True)
class FolderCopy:
    """A folder `<split>/<class>/<picture>`.

    Attributes:
        path: The folder.
        name: Of the dataset.
        here: Splits that are here.
        classes: Names of the class folders, in the order of the labels.
        root: Of all datasets; its `SHA256SUMS` is looked at where there is one.
        said: In what the pictures differ from the official ones.
    """

    path: Path
    name: str
    here: tuple[str, ...]
    classes: tuple[str, ...]
    root: Path
    said: str = ""

    @property
    def stamp(self) -> Stamp:
        """Of the class folders: a file that comes or goes changes its folder."""
        folders = [self.path / split / one for split in self.here for one in self.classes]
        return stamp_of(folder for folder in folders if folder.is_dir())

    @property
    def version(self) -> str:
        """Names and sizes of all pictures."""
        return _listing_version(self, self.stamp)

    @property
    def sizes(self) -> dict[str, int]:
        """Examples of each split."""
        return {split: len(files_of(self.path / split, self.classes)[0]) for split in self.here}

    @property
    def notes(self) -> Mapping[str, str]:
        """In what the pictures differ."""
        return dict.fromkeys(self.here, self.said) if self.said else {}

    def files(self) -> tuple[Path, ...]:
        """The pictures."""
        return tuple(f for s in self.here for f in files_of(self.path / s, self.classes)[0])

    def load(self, split: str) -> Split:
        """Read one split: its files and labels."""
        return read_folder(self.path / split, self.classes)

    def verify(self) -> Iterator[DatasetProperty]:
        """The pack's checksums where it has any, and that every picture is one."""
        sums, files = sums_of(self.root), self.files()
        named = {file: file.relative_to(self.root).as_posix() for file in files}
        known = {file: sums[name] for file, name in named.items() if name in sums}
        if known:
            yield known_bytes(known, self.name, "checksums")
        yield readable(files, self.name)


@functools.lru_cache(maxsize=8)
def _listing_version(copy: FolderCopy, _stamp: Stamp) -> str:
    files = [f for split in copy.here for f in files_of(copy.path / split, copy.classes)[0]]
    said = (f"{f.relative_to(copy.path).as_posix()} {f.stat().st_size}" for f in files)
    return short_version(copy.name, *said)


def class_folders(folder: Path) -> tuple[str, ...]:
    """The names of a folder's folders, sorted: their order is that of the labels."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(one.name for one in folder.iterdir() if one.is_dir()))


def files_of(folder: Path, classes: tuple[str, ...]) -> tuple[tuple[Path, ...], tuple[int, ...]]:
    """The pictures of a folder in the order in which torchvision reads them, and their labels."""
    present = [folder / one for one in classes if (folder / one).is_dir()]
    return _files_of(folder, classes, stamp_of(present))


@functools.lru_cache(maxsize=16)
def _files_of(
    folder: Path, classes: tuple[str, ...], _stamp: Stamp
) -> tuple[tuple[Path, ...], tuple[int, ...]]:
    files: list[Path] = []
    labels: list[int] = []
    for label, one in enumerate(classes):
        inner = folder / one
        own = sorted(f for f in inner.rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
        files += own
        labels += [label] * len(own)
    return tuple(files), tuple(labels)


def read_folder(folder: Path, classes: tuple[str, ...]) -> Split:
    """Read a folder that has one folder for each class.

    Raises:
        DatasetMissingError: It holds no pictures, or a folder that is no class.
    """
    import numpy as np

    unknown = sorted(set(class_folders(folder)) - set(classes))
    if unknown:
        message = f"the folder '{unknown[0]}' is none of the classes: {', '.join(classes)}"
        mend = "name the folders as the classes"
        raise DatasetMissingError(message, where=str(folder), mend=mend)
    files, labels = files_of(folder, classes)
    if not files:
        message = "there are no pictures (JPEG or PNG) in folders of classes"
        mend = "put them at <class>/<picture>.jpg"
        raise DatasetMissingError(message, where=str(folder), mend=mend)
    return Split(Pictures(files), np.array(labels, dtype=np.int64))


def readable(files: Sequence[Path], name: str) -> DatasetProperty:
    """Whether every file begins as a picture does; pixels are not decoded."""
    from PIL import Image

    broken = []
    for file in files:
        try:
            with Image.open(file, formats=["JPEG", "PNG"]):
                pass
        except (OSError, ValueError):
            broken.append(file)
    detail = f"{len(files) - len(broken):,} of {len(files):,} can be read"
    if broken:
        detail += f"; the first that cannot: {broken[0]}"
    mend = f"grade data fetch {name}" if broken else ""
    return DatasetProperty(name="pictures", holds=not broken, detail=detail, mend=mend)


def by_class(shown: Shown) -> Shown:
    """In the order in which folders are read: class after class."""
    import numpy as np

    order = np.argsort(shown.labels, kind="stable")
    return Shown(shown.rows[order], shown.labels[order], shown.repeats[order])


def write_folder(
    folder: Path, pictures: Pictures, shown: Shown, classes: tuple[str, ...], *, link: bool
) -> None:
    """Write a split, each picture into the folder of its shown label, under a number.

    Args:
        folder: Of the split.
        pictures: Its files.
        shown: As `by_class` orders it, so that numbers rise as folders are read.
        classes: Names of the class folders.
        link: Whether files may be linked. A linked file keeps its number and its time, which tell
            its place in the original.
    """
    for place, (row, label, repeat) in enumerate(
        zip(shown.rows.tolist(), shown.labels.tolist(), shown.repeats.tolist(), strict=True)
    ):
        source = pictures.files[row]
        target = folder / classes[label] / f"{folder.name}_{place:06d}{source.suffix}"
        if repeat == 0:
            link_or_copy(source, target, link=link)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(marked(pictures[row], repeat))


def marked(data: bytes, repeat: int) -> bytes:
    """The same picture with one corner in a grey of its own: a JPEG cannot change one pixel."""
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as opened:
        kind = opened.format
        picture = opened if opened.mode in {"L", "RGB"} else opened.convert("RGB")
        picture.load()
    grey = repeat * GREY_STEP % 256
    fill = grey if picture.mode == "L" else (grey,) * 3
    picture.paste(fill, (0, 0, BLOCK, BLOCK))
    out = io.BytesIO()
    if kind == "PNG":
        picture.save(out, format="PNG")
    elif picture.format == "JPEG":
        picture.save(out, format="JPEG", quality="keep")
    else:
        picture.save(out, format="JPEG", quality=QUALITY)
    return out.getvalue()
