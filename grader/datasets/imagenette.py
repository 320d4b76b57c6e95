"""Imagenette: ten easy classes of ImageNet, in the folders that torchvision unpacks.

Source: folder names, classes and splits as in `torchvision.datasets.Imagenette`; counts of the
official archives (github.com/fastai/imagenette).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.datasets import fetching
from grader.datasets.base import Pictures
from grader.datasets.folders import FolderCopy, by_class, write_folder
from grader.datasets.standard import Standard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grader.datasets.base import Deal, Shown

__all__ = ["Imagenette"]

FOLDERS = ("imagenette2-160", "imagenette2-320", "imagenette2")
"""The smallest is enough: assignments resize the pictures."""
SERVED_AS = "imagenette2-160"
WNIDS = (
    "n01440764", "n02102040", "n02979186", "n03000684", "n03028079", "n03394916", "n03417042",
    "n03425413", "n03445777", "n03888257",
)  # fmt: skip


class Imagenette(Standard):
    """Photographs of ten classes; its `val` split is what assignments test on."""

    name = "imagenette"
    title = "Imagenette"
    classes = (
        "tench", "English springer", "cassette player", "chain saw", "church", "French horn",
        "garbage truck", "gas pump", "golf ball", "parachute",
    )  # fmt: skip
    family = "torchvision.Imagenette"
    counts = {
        "train": (963, 955, 993, 858, 941, 956, 961, 931, 951, 960),
        "val": (387, 395, 357, 386, 409, 394, 389, 419, 399, 390),
    }
    hidden = ("val",)
    sorted_by_class = True

    def copies(self, root: Path) -> Iterator[FolderCopy]:
        """The unpacked archives, the smallest pictures first."""
        for folder in (root / name for name in FOLDERS):
            here = tuple(split for split in self.counts if (folder / split).is_dir())
            if here:
                yield FolderCopy(folder, self.name, here, WNIDS, root)

    def download(self, root: Path) -> None:
        """Through torchvision: the archive of pictures with 160 pixels on the short side."""
        archive = root / FOLDERS[0]
        if archive.exists():  # torchvision would take a partial folder for the whole
            fetching.refuse_over(self.name, archive)
        fetching.torchvision(self.name, "Imagenette", root, ({"size": "160px"},))

    def shown(self, split: str, root: Path | None, deal: Deal) -> Shown:
        """Class after class, as folders are read."""
        return by_class(super().shown(split, root, deal))

    def serve(self, folder: Path, root: Path | None, deal: Deal) -> None:
        """Write both splits; every picture's name is its place, so that none tells a class."""
        for split in self.splits:
            pictures = self.load(split, root).inputs
            assert isinstance(pictures, Pictures)
            shown = self.shown(split, root, deal)
            link = split not in self.hidden
            write_folder(folder / SERVED_AS / split, pictures, shown, WNIDS, link=link)
