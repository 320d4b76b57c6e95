"""The datasets that assignments use: where they are, their splits, their true labels.

Labels of test splits stay on the host. `overlays` gives what must be laid over the environment's
own files in a box, and `serve` writes what student code reads there, so that no library and no
file hands a submission the answers.

    dataset = DATASETS["cifar10"]
    split = dataset.load("test", data_root())   # split.inputs, split.labels
    dataset.partial(data_root())                # {} or {"test": "1,000 of 10,000 examples"}
"""

from __future__ import annotations

from grader.datasets.base import (
    Dataset,
    DatasetProperty,
    Deal,
    Pictures,
    Shown,
    Split,
    data_root,
    part_in_words,
    split_of,
)
from grader.datasets.cifar import Cifar10
from grader.datasets.digits import Digits
from grader.datasets.grocery import Grocery
from grader.datasets.halves import Half
from grader.datasets.imagenette import Imagenette
from grader.datasets.linking import link_or_copy, open_to_all
from grader.datasets.mnist import FashionMnist, Mnist
from grader.datasets.own import Own, with_own
from grader.datasets.svhn import Svhn
from grader.registry import Registry

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetProperty",
    "Deal",
    "Own",
    "Pictures",
    "Shown",
    "Split",
    "data_root",
    "link_or_copy",
    "open_to_all",
    "part_in_words",
    "split_of",
    "splits",
    "with_own",
]

DATASETS: Registry[Dataset] = Registry("dataset")
DATASETS.register("digits", Digits())
DATASETS.register("mnist", Mnist())
DATASETS.register("fashion", fashion := FashionMnist())
DATASETS.register("fm1", Half("fm1", fashion, (0, 1, 4, 5, 8)))
DATASETS.register("fm2", Half("fm2", fashion, (2, 3, 6, 7, 9)))
DATASETS.register("cifar10", Cifar10())
DATASETS.register("svhn", Svhn())
DATASETS.register("imagenette", Imagenette())
DATASETS.register("grocery", Grocery())


def splits(datasets: Registry[Dataset] = DATASETS) -> tuple[str, ...]:
    """Every `dataset/split` that a rubric may name."""
    return tuple(f"{name}/{split}" for name in datasets for split in datasets[name].splits)
