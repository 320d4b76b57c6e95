"""What only the grader knows, gathered for the checks. It never enters a box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.checks import GroundTruth
from grader.collect.serving import Lazily, Serving
from grader.datasets import Pictures
from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from grader.collect.inputs import Inputs
    from grader.rubric.load import LoadedRubric

__all__ = ["ground_truth"]


def ground_truth(
    loaded: LoadedRubric, datasets: Iterable[str], inputs: Inputs, serving: Serving | None = None
) -> GroundTruth:
    """Load the labels of dataset splits; one that is missing says so instead of failing.

    Args:
        loaded: The rubric.
        datasets: Splits that are measured.
        inputs: Where data lies.
        serving: What student code finds.
    """
    labels, names, missing, partial, arrays = {}, {}, {}, {}, []
    for reference in datasets:
        name, _, split_name = reference.partition("/")
        try:
            split = inputs.split(reference)
        except DatasetMissingError as error:
            missing[reference] = str(error)
            continue
        labels[reference] = tuple(split.labels.tolist())
        names[reference] = inputs.datasets[name].classes
        said = inputs.datasets[name].partial(inputs.root).get(split_name)
        if said:
            partial[reference] = said
        if not isinstance(split.inputs, Pictures):
            arrays.append(reference)

    def array(reference: str) -> np.ndarray[Any, Any]:
        found = inputs.split(reference).inputs
        assert not isinstance(found, Pictures)
        return found

    served = _served(serving)
    return GroundTruth(
        labels=labels,
        class_names=names,
        missing=missing,
        partial=partial,
        inputs=Lazily(tuple(arrays), array),
        served_labels=served[0],
        served_rows=served[1],
        baselines=loaded.baselines,
        expected=loaded.expected,
    )


def _served(
    serving: Serving | None,
) -> tuple[Lazily[tuple[int, ...]], Lazily[tuple[int, ...]]]:
    """Labels and rows of what student code finds, worked out when a check asks for them."""
    if serving is None:
        return Lazily((), lambda _: ()), Lazily((), lambda _: ())
    missing = serving.missing()
    here = tuple(s for s in serving.splits() if s.partition("/")[0] not in missing)
    return (
        Lazily(here, lambda split: tuple(serving.shown(split).labels.tolist())),
        Lazily(here, lambda split: tuple(serving.shown(split).rows.tolist())),
    )
