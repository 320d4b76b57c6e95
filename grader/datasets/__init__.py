"""The datasets that assignments use: where they are, their splits, their true labels.

Labels of test splits stay on the host. `overlays` gives what must be laid over the environment's
own files in a box, so that no library hands a submission the answers.

    dataset = DATASETS["digits"]
    split = dataset.load("test", data_root())   # split.inputs, split.labels
"""

from __future__ import annotations

from grader.datasets.base import Dataset, DatasetProperty, Split, data_root, split_of
from grader.datasets.digits import Digits
from grader.registry import Registry

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetProperty",
    "Split",
    "data_root",
    "split_of",
    "splits",
]

DATASETS: Registry[Dataset] = Registry("dataset")
DATASETS.register("digits", Digits())


def splits() -> tuple[str, ...]:
    """Every `dataset/split` that a rubric may name."""
    return tuple(f"{name}/{split}" for name in DATASETS for split in DATASETS[name].splits)
