"""A course's own datasets: image folders, CSV and `.npz` files that a rubric describes.

    [datasets.birds]
    kind = "image_folder"
    path = "private/birds"        # below the rubric's folder, else below the root of datasets

A private one is read by the grader alone. It is never served, so no box holds its labels, and only
what is measured on it holds its inputs, in secret order.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from grader.datasets import dealing
from grader.datasets.base import (
    DatasetProperty,
    Pictures,
    Shown,
    Split,
    data_root,
    unknown_split,
)
from grader.datasets.digests import file_digest
from grader.datasets.folders import FolderCopy, by_class, class_folders, write_folder
from grader.datasets.own_files import FORMATS
from grader.datasets.standard import short_version
from grader.errors import ConfigurationError, DatasetMissingError, GraderError
from grader.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.datasets.base import Dataset, Deal
    from grader.model.rubric import OwnDataset

__all__ = ["Own", "with_own"]

OPEN_SPLITS = frozenset({"train", "val", "validation"})
"""Of a dataset that students have, the splits whose labels they may see when their code runs."""


class Own:
    """One dataset of a rubric.

    Args:
        name: As the rubric calls it.
        described: What the rubric says.
        folder: The rubric's.
        root: Of datasets; for names of classes before anything is loaded.
    """

    def __init__(
        self, name: str, described: OwnDataset, folder: Path, root: Path | None = None
    ) -> None:
        self.name = self.fetched_as = name
        self.described = described
        self.folder = folder
        self.root = root
        self.title = described.title or name
        self.splits = described.splits
        self.family = described.kind
        self.served = not described.private
        self.shipped = False
        self.hidden = tuple(s for s in self.splits if described.private or s not in OPEN_SPLITS)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """As the rubric names them; of an image folder, the names of its folders."""
        if self.described.classes or self.described.kind != "image_folder":
            return self.described.classes
        places = (self._place(split, self.root) for split in self.splits)
        return next((class_folders(place) for place in places if place is not None), ())

    @property
    def sizes(self) -> dict[str, int]:
        """Examples of each split that is here: nobody else knows how many there are."""
        found = {}
        for split in self.available(self.root):
            try:
                found[split] = len(self.load(split, self.root))
            except DatasetMissingError:
                continue  # `verify` says what is wrong with it
        return found

    def size_bytes(self, root: Path | None = None) -> int:
        """Of the files of all splits."""
        places = [self._found(split, root) for split in self.available(root)]
        files = (f for p in places for f in (p.rglob("*") if p.is_dir() else (p,)))
        return sum(file.stat().st_size for file in files if file.is_file())

    def version(self, root: Path | None = None) -> str:
        """By the files' content; of an image folder, by the pictures' names and sizes."""
        parts = []
        for split in self.available(root):
            place = self._found(split, root)
            if self.described.kind == "image_folder":
                copy = FolderCopy(
                    place.parent, self.name, (place.name,), self._classes(place), place.parent
                )
                parts.append(copy.version)
            else:
                parts.append(file_digest(place, "sha256"))
        described = self.described.model_dump_json()
        return short_version(self.name, described, *parts) if parts else "absent"

    def locate(self, root: Path | None = None) -> Path | None:
        """The first split's place."""
        places = (self._place(split, root) for split in self.splits)
        return next((place for place in places if place is not None), None)

    def available(self, root: Path | None = None) -> tuple[str, ...]:
        """Splits whose file or folder is here."""
        return tuple(s for s in self.splits if self._place(s, root) is not None)

    def partial(self, root: Path | None = None) -> dict[str, str]:
        """Whatever is here is the dataset."""
        del root
        return {}

    def load(self, split: str, root: Path | None = None) -> Split:
        """Read one split."""
        if split not in self.splits:
            raise unknown_split(self, split)
        place = self._found(split, root)
        form = FORMATS[self.described.kind]
        return form.read(place, self.described, self._classes(place))

    def overlays(self, folder: Path) -> dict[str, Path]:
        """None: no library holds it."""
        del folder
        return {}

    def shown(self, split: str, root: Path | None, deal: Deal) -> Shown:
        """As it is, hidden labels permuted."""
        labels = self.load(split, root).labels
        folders = self.described.kind == "image_folder"
        if split not in self.hidden:
            shown = dealing.shown(labels)
        else:
            mix = deal(f"{split} rows", len(labels)) if folders else None
            shown = dealing.shown(labels, None, deal(split, len(labels)), mix)
        return by_class(shown) if folders else shown

    def serve(self, folder: Path, root: Path | None, deal: Deal) -> None:
        """Write each split at the path that the rubric gives."""
        if self.described.private:
            message = f"'{self.name}' is private: only the grader reads it"
            mend = f"take it out of serve, or say private = false in [datasets.{self.name}]"
            raise ConfigurationError(message, where=f"dataset {self.name}", mend=mend)
        for split in self.splits:
            target = folder / self._relative(split)
            target.parent.mkdir(parents=True, exist_ok=True)
            place = self._found(split, root)
            loaded, shown = self.load(split, root), self.shown(split, root, deal)
            if isinstance(loaded.inputs, Pictures):
                link = split not in self.hidden
                write_folder(target, loaded.inputs, shown, self._classes(place), link=link)
            else:
                form = FORMATS[self.described.kind]
                form.write(place, target, self.described, self.classes, shown.labels)

    def fetch(self, root: Path | None = None) -> Path:
        """Nobody else has it: say where it is, or where it belongs."""
        return self._found(self.splits[0], root)

    def verify(self, root: Path | None = None) -> tuple[DatasetProperty, ...]:
        """That every split can be read."""
        return tuple(self._looked_at(split, root) for split in self.splits)

    def _looked_at(self, split: str, root: Path | None) -> DatasetProperty:
        import numpy as np

        try:
            loaded = self.load(split, root)
        except GraderError as error:
            return DatasetProperty(name=split, holds=False, detail=error.message, mend=error.mend)
        counts = np.bincount(loaded.labels, minlength=len(self.classes)).tolist()
        shape = list(getattr(loaded.inputs, "shape", (len(loaded),)))[1:]
        detail = f"{len(loaded):,} examples {shape or 'of different sizes'}, per class {counts}"
        return DatasetProperty(name=split, holds=True, detail=detail)

    def _classes(self, place: Path) -> tuple[str, ...]:
        if self.described.classes or self.described.kind != "image_folder":
            return self.described.classes
        return self.classes or class_folders(place)

    def _relative(self, split: str) -> Path:
        return Path(self.described.path.replace("{split}", split))

    def _candidates(self, split: str, root: Path | None) -> tuple[Path, Path]:
        relative = self._relative(split)
        return self.folder / relative, data_root(root) / relative

    def _place(self, split: str, root: Path | None) -> Path | None:
        folders = self.described.kind == "image_folder"
        for place in self._candidates(split, root):
            if place.is_dir() if folders else place.is_file():
                return place
        return None

    def _found(self, split: str, root: Path | None) -> Path:
        place = self._place(split, root)
        if place is None:
            near, far = self._candidates(split, root)
            kind = "private test set" if self.described.private else "dataset"
            message = f"the course's {kind} '{self.name}' is not on this machine"
            mend = f"put it at {near} or {far}"
            raise DatasetMissingError(message, where=f"dataset {self.name}", mend=mend)
        return place


def with_own(
    datasets: Registry[Dataset],
    described: Mapping[str, OwnDataset],
    folder: Path,
    root: Path | None,
) -> Registry[Dataset]:
    """The known datasets and a rubric's own.

    Raises:
        ConfigurationError: A name is taken.
    """
    if not described:
        return datasets
    both: Registry[Dataset] = Registry("dataset")
    for name in datasets:
        both.register(name, datasets[name])
    for name, entry in described.items():
        both.register(name, Own(name, entry, folder, root))
    return both
