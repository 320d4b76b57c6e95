"""What only the grader knows, gathered for the checks. It never enters a box."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.checks import GroundTruth
from grader.datasets import DATASETS
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from grader.collect.inputs import Inputs
    from grader.rubric.load import LoadedRubric

__all__ = ["ground_truth"]


def ground_truth(loaded: LoadedRubric, datasets: Iterable[str], inputs: Inputs) -> GroundTruth:
    """Load the labels of dataset splits; one that is missing says so instead of failing."""
    labels, names, missing = {}, {}, {}
    for reference in datasets:
        try:
            labels[reference] = tuple(int(label) for label in inputs.split(reference).labels)
            names[reference] = DATASETS[reference.partition("/")[0]].classes
        except DatasetMissingError as error:
            missing[reference] = str(error)
    return GroundTruth(
        labels=labels,
        class_names=names,
        missing=missing,
        baselines=loaded.baselines,
        expected=loaded.expected,
    )
