"""The Grocery Store dataset in its repository's layout: lists of paths, and pictures of all sizes.

    GroceryStoreDataset/dataset/
    ├── classes.csv       81 fine classes, 43 coarse ones
    ├── train.txt, val.txt, test.txt      path, fine label, coarse label
    └── train/, val/, test/               JPEG

A label is the coarse class: 43 of them. Source: Klasson et al., "A Hierarchical Grocery Store Image
Dataset with Visual and Semantic Labels", WACV 2019; handout hw1, question 3.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from grader.datasets import fetching
from grader.datasets.base import DatasetProperty, Pictures, Split
from grader.datasets.digests import Stamp, known_bytes, refuse_other_bytes, stamp_of, sums_of
from grader.datasets.folders import readable
from grader.datasets.linking import link_or_copy
from grader.datasets.standard import Standard, short_version
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from grader.datasets.base import Deal, Shown

__all__ = ["Grocery", "GroceryCopy", "Listed"]

REPOSITORY = "GroceryStoreDataset"
COARSE = 43
FINE = 81
LISTS = ("train", "val", "test")
SHA256 = {
    "train.txt": "b6d6a4d25fc2a7604f4bbd4e8010516f3bb643f727fc60ef5fca042edd01294f",
    "val.txt": "a2a2bdf8ce34196c1a1dd554bd67e780793aab9363dd40d6cf50fe2d168a78b6",
    "test.txt": "9a464934780665c0024db405571c0dd2d149488a245f476557de7f1c31cf8a93",
    "classes.csv": "6e1115adf36741498034165778a3300cd11f24c419e32a60d0a5057dd92998c1",
}
"""Of the lists: which picture belongs to which split and class. The same in every copy."""
MEND = "grade data fetch grocery"
"""Also for a reduced copy: it is replaced by the complete one."""


@dataclass(frozen=True)
class Listed:
    """A line of a list.

    Attributes:
        path: Of the picture, below the folder of the list.
        fine: Class 0 to 80.
        coarse: Class 0 to 42.
    """

    path: str
    fine: int
    coarse: int


@dataclass(frozen=True)
class GroceryCopy:
    """A folder with lists and pictures.

    Attributes:
        path: The folder.
        root: Of all datasets; its `SHA256SUMS` is looked at where there is one.
        here: Splits whose list is here.
        checksums: (list, SHA-256).
        said: In what the pictures differ from the official ones.
    """

    path: Path
    root: Path
    here: tuple[str, ...]
    checksums: tuple[tuple[str, str], ...]
    said: str = ""

    @property
    def stamp(self) -> Stamp:
        """Of the lists."""
        return stamp_of(self.path / f"{split}.txt" for split in self.here)

    @property
    def version(self) -> str:
        """The lists are known; the copies differ in their pictures."""
        kind = "grocery-reduced" if self.said else "grocery"
        return short_version(kind, *self._known(*self.here).values(), self.said)

    @property
    def sizes(self) -> dict[str, int]:
        """Examples of each split."""
        return {split: len(self.listed(split)) for split in self.here}

    @property
    def notes(self) -> Mapping[str, str]:
        """In what the pictures differ."""
        return dict.fromkeys(self.here, self.said) if self.said else {}

    def listed(self, split: str) -> tuple[Listed, ...]:
        """The lines of a split's list."""
        file = self.path / f"{split}.txt"
        return _listed(file, stamp_of([file]))

    def files(self) -> tuple[Path, ...]:
        """Lists and pictures."""
        return (*self._known(*self.here), *self._pictures())

    def load(self, split: str) -> Split:
        """Read one split: its files, and the coarse classes."""
        import numpy as np

        refuse_other_bytes(self._known(split), "grocery")
        lines = self.listed(split)
        files = tuple(self.path / line.path for line in lines)
        labels = np.array([line.coarse for line in lines], dtype=np.int64)
        return Split(Pictures(files), labels)

    def verify(self) -> Iterator[DatasetProperty]:
        """The lists, the pack's checksums where it has any, and that every picture is here."""
        lists = self._known(*self.here) | {
            self.path / "classes.csv": dict(self.checksums)["classes.csv"]
        }
        yield known_bytes(lists, "grocery", "lists")
        sums = sums_of(self.root)
        files = self._pictures()
        named = {file: file.relative_to(self.root).as_posix() for file in files}
        known = {file: sums[name] for file, name in named.items() if name in sums}
        if known:
            yield known_bytes(known, "grocery", "checksums")
        yield readable(files, "grocery")

    def _pictures(self) -> list[Path]:
        return [self.path / line.path for split in self.here for line in self.listed(split)]

    def _known(self, *splits: str) -> dict[Path, str]:
        known = dict(self.checksums)
        return {self.path / f"{split}.txt": known[f"{split}.txt"] for split in splits}


@functools.lru_cache(maxsize=16)
def _listed(file: Path, _stamp: Stamp) -> tuple[Listed, ...]:
    """Read a list.

    Raises:
        DatasetMissingError: A line is not as it should be, or leaves the folder.
    """
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            name, fine, coarse = (part.strip() for part in line.split(","))
            one = Listed(name, int(fine), int(coarse))
        except ValueError as error:
            message = f"cannot be read: {error}"
            raise DatasetMissingError(message, where=f"{file}:{number}", mend=MEND) from error
        path = PurePosixPath(name)
        inside = not path.is_absolute() and ".." not in path.parts
        if not inside or not (0 <= one.fine < FINE and 0 <= one.coarse < COARSE):
            message = "names no picture of this folder, or no class"
            raise DatasetMissingError(message, where=f"{file}:{number}", mend=MEND)
        found.append(one)
    return tuple(found)


class Grocery(Standard):
    """Photographs of groceries, 43 coarse classes."""

    name = "grocery"
    title = "Grocery Store dataset"
    family = "grocery"
    sorted_by_class = True
    checksums = SHA256
    classes = (
        "Apple", "Avocado", "Banana", "Kiwi", "Lemon", "Lime", "Mango", "Melon", "Nectarine",
        "Orange", "Papaya", "Passion-Fruit", "Peach", "Pear", "Pineapple", "Plum", "Pomegranate",
        "Red-Grapefruit", "Satsumas", "Juice", "Milk", "Oatghurt", "Oat-Milk", "Sour-Cream",
        "Sour-Milk", "Soyghurt", "Soy-Milk", "Yoghurt", "Asparagus", "Aubergine", "Cabbage",
        "Carrots", "Cucumber", "Garlic", "Ginger", "Leek", "Mushroom", "Onion", "Pepper", "Potato",
        "Red-Beet", "Tomato", "Zucchini",
    )  # fmt: skip
    counts = {
        "train": (
            278, 41, 45, 46, 42, 31, 32, 154, 36, 57, 21, 28, 37, 116, 26, 22, 26, 34, 70, 247, 182,
            33, 32, 48, 30, 51, 60, 181, 16, 22, 19, 43, 28, 25, 19, 23, 39, 38, 112, 75, 18, 127,
            30,
        ),
        "val": (
            22, 5, 6, 5, 5, 5, 3, 20, 0, 5, 0, 5, 5, 5, 5, 0, 5, 5, 5, 29, 26, 5, 5, 5, 0, 10, 0,
            20, 5, 4, 5, 5, 5, 0, 4, 4, 5, 5, 15, 10, 5, 8, 5,
        ),
        "test": (
            276, 40, 44, 45, 41, 30, 31, 153, 35, 56, 21, 27, 36, 108, 25, 22, 25, 34, 68, 219, 164,
            30, 31, 41, 19, 47, 58, 172, 14, 22, 19, 42, 27, 25, 15, 21, 39, 37, 110, 70, 17, 100,
            29,
        ),
    }  # fmt: skip

    def copies(self, root: Path) -> Iterator[GroceryCopy]:
        """The repository, then a reduced copy."""
        reduced = "every picture, reduced to 128 pixels on its short side"
        for place, said in (
            (root / REPOSITORY / "dataset", ""),
            (root / "dataset", ""),
            (root / "grocery128", reduced),
        ):
            here = tuple(split for split in LISTS if (place / f"{split}.txt").is_file())
            if here and (place / "classes.csv").is_file():
                yield GroceryCopy(place, root, here, tuple(self.checksums.items()), said)

    def download(self, root: Path) -> None:
        """Through git, from the authors' repository."""
        fetching.git("grocery", "https://github.com/marcusklasson/GroceryStoreDataset.git", root)

    def serve(self, folder: Path, root: Path | None, deal: Deal) -> None:
        """Write the lists and the pictures; those of the test split under other names.

        Their folder and number tell a class drawn by lot, as their line in `test.txt` does, and
        their order is drawn by lot too: in the original it tells the classes.
        """
        copy = self._present(root)
        assert isinstance(copy, GroceryCopy)
        target = folder / REPOSITORY / "dataset"
        target.mkdir(parents=True)
        link_or_copy(copy.path / "classes.csv", target / "classes.csv")
        places = _places(copy)
        for split in copy.here:
            lines = copy.listed(split)
            hidden = split in self.hidden
            dealt = lines
            if hidden:
                shown = self.shown(split, root, deal)
                dealt = _dealt(lines, shown, places, split)
                lines = tuple(lines[row] for row in shown.rows.tolist())
            for one, other in zip(lines, dealt, strict=True):
                link_or_copy(copy.path / one.path, target / other.path, link=not hidden)
            text = "".join(f"{d.path}, {d.fine}, {d.coarse}\n" for d in dealt)
            (target / f"{split}.txt").write_text(text, encoding="utf-8")


def _places(copy: GroceryCopy) -> dict[int, tuple[str, int]]:
    """Fine class → its folder below a split, and its coarse class."""
    found: dict[int, tuple[str, int]] = {}
    for split in copy.here:
        for line in copy.listed(split):
            parts = PurePosixPath(line.path).parts
            found.setdefault(line.fine, ("/".join(parts[1:-1]), line.coarse))
    return found


def _dealt(
    lines: tuple[Listed, ...], shown: Shown, places: dict[int, tuple[str, int]], split: str
) -> tuple[Listed, ...]:
    """Lines whose coarse classes are the permuted ones, with paths that fit."""
    fines: dict[int, list[int]] = {}
    for line in lines:
        fines.setdefault(line.coarse, []).append(line.fine)
    numbers: dict[int, int] = {}
    dealt = []
    for label in shown.labels:
        coarse = int(label)
        fine = fines[coarse].pop()
        numbers[fine] = numbers.get(fine, 0) + 1
        folder, _ = places[fine]
        name = f"{folder.rsplit('/', 1)[-1]}_{numbers[fine]:03d}.jpg"
        dealt.append(Listed(f"{split}/{folder}/{name}", fine, coarse))
    return tuple(dealt)
