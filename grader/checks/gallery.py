"""Family `gallery`: whether the pictures that a run draws are ones that a net gets wrong.

While student code runs, the labels of a test split are permuted: nearly every picture then counts
as misclassified, and a net is right about very few. So ones that it gets right were chosen as such,
and wrong ones that stand side by side may be any.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic import Field

from grader.checks.base import Seen, Stopped, check, failed
from grader.checks.drawn import pictures, place_of_figure
from grader.checks.faults import waiting
from grader.checks.phrases import bound_by, called, count, decimal, either
from grader.checks.requests import Source, execute, inspect_source, predict
from grader.checks.runs import not_reached
from grader.checks.scores import Judged, judge
from grader.model.base import Points, Record
from grader.model.measurements import Execution, Predictions
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.model.evidence import Evidence, Place, ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["GalleryMisclassified"]

RIGHT = Fraction(3, 4)
"""Share of pictures with permuted labels that no net gets right by chance: once in 2,000."""
SOURCES: tuple[Source, ...] = ("live", "saved")
"""As the run left the net, whose mistakes it then drew; and as it was handed in."""
Shown = dict[tuple[str, int], "Place"]
"""(Split, row) → where it is drawn."""


class GalleryMisclassified(Record):
    """Parameters of `gallery.misclassified`."""

    model: str
    """A role of kind `module`."""
    dataset: str
    """The split that the pictures are from, such as `imagenette/val`."""
    at_least: int = Field(default=5, ge=1)
    """Pictures of that split."""
    wrong: Points = Fraction(9, 10)
    """Share of them that the net must really misclassify."""
    source: Source = "saved"
    free: bool = False
    """Whether students choose net and data. Then any net of theirs will do, saved or as the run
    left it, and a person looks at pictures that may be another's mistakes."""
    or_models: tuple[str, ...] = ()
    """Roles of other nets, where they choose."""
    or_datasets: tuple[str, ...] = ()
    """Splits of other data, where they choose."""
    montage: int = Field(default=0, ge=0)
    """Pixels of one picture that may hold all of them: a person then looks; 0: none may."""

    @property
    def models(self) -> tuple[str, ...]:
        """The roles of all nets."""
        return (self.model, *self.or_models)

    @property
    def datasets(self) -> tuple[str, ...]:
        """All splits."""
        return (self.dataset, *self.or_datasets)


@dataclass
class Net:
    """A net that was asked.

    Attributes:
        name: In a sentence.
        bound: How it was found.
        judged: Split → its predictions.
    """

    name: str
    bound: str
    judged: dict[str, Judged] = field(default_factory=dict)

    def wrong(self, seen: Seen, shown: Shown) -> tuple[int, int]:
        """Shown rows that it gets wrong, and those that are known.

        Labels are those that the student's code saw: of a test split they are permuted in a run.
        """
        known = wrong = 0
        for split, row in shown:
            judged = self.judged.get(split)
            if judged is None:
                continue
            labels, order = _served(seen, split)
            inside = 0 <= row < min(len(labels), len(order))
            if not inside or not 0 <= order[row] < judged.total:
                continue
            known += 1
            wrong += int(judged.chosen[order[row]]) != labels[row]
        return wrong, known


@dataclass
class Drawn:
    """What one cell drew.

    Attributes:
        shown: Recognised pictures.
        compares: Whether its code compares, as one who looks for mistakes does.
    """

    shown: Shown = field(default_factory=dict)
    compares: bool = False


def _needs(params: GalleryMisclassified, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    asked = [
        predict(rubric, model, dataset, source)
        for model in params.models
        for dataset in params.datasets
        for source in (SOURCES if params.free else (params.source,))
    ]
    return (execute(rubric), *asked, inspect_source())


@check("gallery.misclassified", GalleryMisclassified, needs=_needs)
def gallery_misclassified(params: GalleryMisclassified, seen: Seen) -> CheckResult:
    """Your gallery shows pictures that your net really gets wrong."""
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    cells = _cells(params, run)
    shown: Shown = {}
    for drawn in cells.values():
        shown = drawn.shown | shown
    places = tuple(dict.fromkeys(shown.values()))[:20]
    expected = f"At least {count(params.at_least, 'picture')} of {either(params.datasets)}, "
    expected += f"{decimal(100 * params.wrong, 3)}% of them misclassified by your "
    expected += f"{either(called(model) for model in params.models)}."
    if params.free:
        expected = f"At least {count(params.at_least, 'picture')} that your net misclassifies."
    more = {"expected": expected, "places": places}
    if len(shown) < params.at_least:
        return _too_few(params, seen, (evidence, run), len(shown), more)
    if params.free:
        return _free(params, seen, run, cells, more)
    request = predict(seen.rubric, params.model, params.dataset, params.source)
    net = _asked(seen, request, params.model, params.dataset)
    wrong, known = net.wrong(seen, shown)
    result = _told(params, net, wrong, known, more)
    if result is not None:
        return result
    return failed(
        f"{_of(wrong, known, net)}.",
        hint="Pick them where the predicted class differs from the label, with the weights that "
        "you hand in and in eval() mode.",
        **_measured(params, net, wrong, known, more),
    )


def _cells(params: GalleryMisclassified, run: Execution) -> dict[int | None, Drawn]:
    """Recognised pictures of the splits, cell by cell."""
    found: dict[int | None, Drawn] = {}
    for figure, _, picture in pictures(run):
        drawn = found.setdefault(figure.cell, Drawn())
        drawn.compares |= figure.compares
        if picture.is_of == "dataset" and picture.name in params.datasets and picture.index:
            place = place_of_figure(run, figure)
            drawn.shown.setdefault((picture.name, picture.index[0]), place)
    return found


def _too_few(
    params: GalleryMisclassified,
    seen: Seen,
    run: tuple[Evidence, Execution],
    recognised: int,
    more: dict[str, Any],
) -> CheckResult:
    if stopped := not_reached(*run, "the gallery", seen.source()):
        return stopped
    every = [picture for _, _, picture in pictures(run[1])]
    told = f"{count(len(every), 'picture')} drawn, {recognised} of them from "
    told += either(params.datasets)
    large = [p for p in every if params.montage and _pixels(p.shape) >= params.montage]
    if len(every) >= params.at_least or any(picture.is_of == "unknown" for picture in large):
        return waiting(f"Your run has {told}. A person will look.", **more)
    return failed(
        f"Your run has {told}; {params.at_least} were asked for.",
        hint="Draw each misclassified picture with imshow, with its true and predicted class.",
        **more,
    )


def _pixels(shape: tuple[int, ...]) -> int:
    return shape[0] * shape[1] if len(shape) > 1 else 0


def _free(
    params: GalleryMisclassified,
    seen: Seen,
    run: Execution,
    cells: dict[int | None, Drawn],
    more: dict[str, Any],
) -> CheckResult:
    """The result where the net is not known: what it does not explain goes to a person."""
    nets = list(_nets(params, seen))
    asked = {split for net in nets for split in net.judged}
    for drawn in cells.values():
        drawn.shown = {key: place for key, place in drawn.shown.items() if key[0] in asked}
    galleries = [drawn for drawn in cells.values() if len(drawn.shown) >= params.at_least]
    if not nets or not galleries:
        missing = "none of your nets was found to be asked about them"
        why = missing if not nets else "no cell draws enough that your nets were asked about"
        return waiting(f"Pictures are drawn, but {why}. A person will look.", **more)
    best: tuple[Fraction, int, int, Net] | None = None
    right: list[tuple[int, int, Net]] = []
    any_would_do = False
    for drawn in galleries:
        counted = [(*net.wrong(seen, drawn.shown), net) for net in nets]
        scored = [
            (Fraction(wrong, known), wrong, known, net)
            for wrong, known, net in counted
            if known >= params.at_least
        ]
        if not scored:
            continue
        least = min(scored, key=lambda one: one[0])
        if least[0] <= 1 - RIGHT and _all_withheld(seen, drawn.shown):
            right.append(least[1:])
            continue
        first = max(scored, key=lambda one: one[0])
        result = _told(params, first[3], *first[1:3], more)
        if result is not None and (drawn.compares or not _side_by_side(seen, drawn.shown)):
            return result
        any_would_do |= result is not None
        best = first if best is None or first[0] > best[0] else best
    if best is None and not right:
        return waiting("Your nets were not asked about enough of them. A person will look.", **more)
    if any_would_do:
        return waiting(
            "Your run shows pictures that lie side by side in the data, and no code was found that "
            "compares predictions with labels to choose them. A person will look.",
            **more,
        )
    unknown = sum(picture.is_of == "unknown" for _, _, picture in pictures(run))
    if len(right) == len(galleries) and unknown < params.at_least:
        wrong, known, net = right[0]
        return failed(
            f"{_of(wrong, known, net)}: the others are classified rightly, by the labels that your "
            "code saw.",
            hint="Pick them where the predicted class differs from the label (!=, not ==).",
            **_measured(params, net, wrong, known, more),
        )
    wrong, known, net = best[1:] if best is not None else right[0]
    return waiting(
        f"{_of(wrong, known, net)}; they may be the mistakes of another net. A person will look.",
        **more,
    )


def _nets(params: GalleryMisclassified, seen: Seen) -> Iterator[Net]:
    """Every net that was found and asked."""
    for model in params.models:
        for source in SOURCES:
            net: Net | None = None
            for dataset in params.datasets:
                request = predict(seen.rubric, model, dataset, source)
                try:
                    one = _asked(seen, request, model, dataset)
                except Stopped:
                    continue
                net = net or one
                net.judged |= one.judged
            if net is not None:
                yield net


def _asked(seen: Seen, request: ProbeRequest, model: str, dataset: str) -> Net:
    """A net with its predictions of one split.

    Raises:
        Stopped: It was not asked.
    """
    evidence, predictions = seen.measured(request, Predictions)
    judged = judge(seen, evidence, dataset)
    return Net(called(model), bound_by(predictions.binding), {dataset: judged})


def _served(seen: Seen, split: str) -> tuple[tuple[int, ...], tuple[int, ...] | range]:
    """Labels as student code saw them, and for each row that of the split itself."""
    labels = seen.truth.served_labels.get(split) or seen.labels(split)
    return labels, seen.truth.served_rows.get(split) or range(len(labels))


def _is_withheld(seen: Seen, split: str) -> bool:
    """Whether a split's labels were permuted for student code."""
    labels, order = _served(seen, split)
    true = seen.labels(split)
    return any(label != true[row] for label, row in zip(labels, order, strict=False))


def _all_withheld(seen: Seen, shown: Shown) -> bool:
    return all(_is_withheld(seen, split) for split in {split for split, _ in shown})


def _side_by_side(seen: Seen, shown: Shown) -> bool:
    """Whether rows with permuted labels follow each other at equal steps: so do any that are wrong.

    Where labels are true, that so many in a row are wrong is no chance.
    """
    for split in {split for split, _ in shown}:
        rows = sorted(row for one, row in shown if one == split)
        steps = {second - first for first, second in pairwise(rows)}
        if _is_withheld(seen, split) and len(steps) <= 1:
            return True
    return False


def _of(wrong: int, known: int, net: Net) -> str:
    return f"{wrong} of the {known} pictures that you show are misclassified by your {net.name}"


def _measured(
    params: GalleryMisclassified, net: Net, wrong: int, known: int, more: dict[str, Any]
) -> dict[str, Any]:
    return {
        **more,
        "measured": wrong / known if known else 0.0,
        "threshold": float(params.wrong),
        "unit": "share misclassified",
        "bound_by": net.bound,
    }


def _told(
    params: GalleryMisclassified, net: Net, wrong: int, known: int, more: dict[str, Any]
) -> CheckResult | None:
    """The result when enough are misclassified."""
    if not known or Fraction(wrong, known) < params.wrong:
        return None
    return CheckResult.banded(
        Fraction(1),
        f"{_of(wrong, known, net)}.",
        **_measured(params, net, wrong, known, more),
    )
