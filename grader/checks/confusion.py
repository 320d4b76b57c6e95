"""Family `confusion`: whether a matrix, printed or drawn, is that of the net."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import Field

from grader.checks.base import Seen, check, failed
from grader.checks.drawn import pictures, place_of_figure
from grader.checks.faults import waiting
from grader.checks.phrases import bound_by, called, examples, share
from grader.checks.requests import Source, execute, inspect_source, predict, read_documents
from grader.checks.runs import not_reached
from grader.checks.scores import judge
from grader.model.base import Points, Record, to_float
from grader.model.documents import Documents
from grader.model.measurements import Execution, Predictions
from grader.model.scorecard import CheckResult, ConfusionMatrix, Flag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.checks.scores import Floats
    from grader.model.documents import Table
    from grader.model.evidence import Place, ProbeRequest
    from grader.model.measurements import ImageSeen
    from grader.model.rubric import Rubric

__all__ = ["ConfusionMatches"]

Matrix = tuple[tuple[float, ...], ...]

SHARES = 0.005 + 1e-9
"""How far an entry of a normalised matrix may lie off: two decimals are shown."""
PERCENT = 100.0
FEW = 20
"""A matrix of counts holds at least one in so many of the split's examples."""


class ConfusionMatches(Record):
    """Parameters of `confusion.matches`."""

    model: str
    """A role of kind `module`."""
    dataset: str
    classes: int = Field(ge=2, le=100)
    tolerance: int = Field(default=2, ge=0)
    """Examples by which a cell may differ."""
    structure_fraction: Points = Fraction(1)
    """Share when the matrix is only drawn, by a run in which test labels are withheld: its numbers
    then say nothing."""
    source: Source = "saved"


def _confusion_needs(params: ConfusionMatches, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    scored = predict(rubric, params.model, params.dataset, params.source)
    return (read_documents(), execute(rubric), scored, inspect_source())


@check("confusion.matches", ConfusionMatches, needs=_confusion_needs)
def confusion_matches(params: ConfusionMatches, seen: Seen) -> CheckResult:
    """Your confusion matrix is that of your net."""
    _, documents = seen.measured(read_documents(), Documents)
    squares = [(m, t.place) for t in documents.tables for m in _square(t, params.classes)]
    stated = [(matrix, place) for matrix, place in squares if _may_count(matrix)]
    if stated and (result := _against(params, seen, stated)):
        return result
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    size = f"{params.classes}x{params.classes}"
    expected = f"A {size} confusion matrix with the counts of your saved net."
    fitting = [
        (figure, picture)
        for figure, _, picture in pictures(run)
        if picture.shape in {(params.classes,) * 2, (*(params.classes,) * 2, 1)}
        and picture.is_of != "parameter"  # a filter of 5x5 is no matrix of five classes
    ]
    drawn = [figure for figure, picture in fitting if _may_be_counts(picture)]
    if fitting and not drawn:
        place = place_of_figure(run, fitting[-1][0])
        return waiting(
            f"Your run draws {size} numbers ({place}) that are neither counts of examples nor "
            "shares of them. A person will look whether they are the confusion matrix.",
            expected=expected,
            places=(place,),
        )
    if drawn:
        place = place_of_figure(run, drawn[-1])
        text = f"Your run draws a {size} matrix ({place})."
        if params.structure_fraction < 1:
            text += " Its numbers are not in your stored outputs to be compared: this earns "
            text += f"{share(params.structure_fraction)}."
        return CheckResult.banded(
            params.structure_fraction, text, expected=expected, places=(place,)
        )
    if stopped := not_reached(evidence, run, "the confusion matrix", seen.source()):
        return stopped
    return failed(
        f"No {size} confusion matrix was found, drawn or printed.",
        expected=expected,
        hint="Count true against predicted classes on the test set, and show it with imshow.",
    )


def _may_count(matrix: Matrix) -> bool:
    """Whether numbers may be counts of examples, or shares or percentages of them.

    Probabilities and one-hot labels add up to 1 too, and have no diagonal.
    """
    import numpy as np

    found = np.array(matrix, dtype=np.float64)
    if not np.isfinite(found).all() or (found < 0).any():
        return False
    if (found == np.round(found)).all() and found.max() > 1:
        return True
    on_it = (np.arange(len(found)) == found.argmax(axis=0)).mean()
    return bool(on_it > 1 / 2) and _adds_up(found)


def _may_be_counts(picture: ImageSeen) -> bool:
    """Whether drawn numbers may be counts or shares of examples; true where they are not known.

    Labels of test data are not the true ones in a run: nothing is asked of the diagonal.
    """
    import numpy as np

    if not picture.values:
        return True
    found = np.array([to_float(v) for v in picture.values]).reshape(picture.shape[:2])
    if not np.isfinite(found).all() or (found < 0).any():
        return False
    if (found == np.round(found)).all():
        return bool(found.max() > 1)
    return _adds_up(found)


def _adds_up(found: Floats) -> bool:
    """Whether all numbers, the columns or the rows add up to 1 or to 100."""
    import numpy as np

    return any(
        bool((np.abs(one - whole) <= len(found) * SHARES * whole).all())
        for one in (found.sum(keepdims=True), found.sum(axis=0), found.sum(axis=1))
        for whole in (1.0, PERCENT)
    )


def _square(table: Table, classes: int) -> Iterator[Matrix]:
    """The square of numbers in a table, its index column and total row left out."""
    rows = [[cell for cell in row if isinstance(cell, float)] for row in table.rows]
    for width in (classes, classes + 1):
        fitting = [row for row in rows if len(row) == width]
        if classes <= len(fitting) <= classes + 1:
            yield tuple(tuple(row[width - classes :]) for row in fitting[:classes])
            return


def _against(
    params: ConfusionMatches, seen: Seen, stated: list[tuple[Matrix, Place]]
) -> CheckResult | None:
    """Hold printed matrices against the measured one; None where none counts enough examples."""
    request = predict(seen.rubric, params.model, params.dataset, params.source)
    evidence, predictions = seen.measured(request, Predictions)
    judged = judge(seen, evidence, params.dataset)
    mine = judged.confusion(params.classes)
    name = called(params.model)
    stated = [one for one in stated if _is_about(one[0], judged.total)]
    if not stated:
        return None
    apart = [(_cells_apart(matrix, mine, params.tolerance), place) for matrix, place in stated]
    worst, place = min(apart, key=lambda entry: entry[0])
    title = f"{name} on {examples(judged.total, params.dataset)}"
    names = seen.classes(params.dataset)[: params.classes]
    more: dict[str, Any] = {
        "expected": f"The counts of your saved {name}, within {params.tolerance} in each cell.",
        "bound_by": bound_by(predictions.binding),
        "places": (place,),
    }
    if len(names) == params.classes:
        more["exhibits"] = (ConfusionMatrix(title=title, labels=names, counts=mine),)
    if worst == 0:
        return CheckResult.banded(
            Fraction(1), f"The matrix that you print ({place}) is that of your {name}.", **more
        )
    return failed(
        f"The matrix that you print ({place}) differs from that of your saved {name} in "
        f"{worst} of {params.classes**2} cells.",
        hint="Make it with the weights that you hand in, on the whole test set.",
        flags=(Flag(code="confusion_differs", message=f"{name}: {worst} cells differ."),),
        **more,
    )


def _is_about(matrix: Matrix, examples: int) -> bool:
    """Whether a matrix holds shares, or counts of a good part of so many examples."""
    total = sum(map(sum, matrix))
    whole = all(value == int(value) for row in matrix for value in row)
    return not whole or FEW * total >= examples


def _cells_apart(matrix: Matrix, mine: tuple[tuple[int, ...], ...], tolerance: int) -> int:
    """Cells that differ, as counts or shares, whichever way round it is; NaN differs."""
    import numpy as np

    found, counts = np.array(matrix, dtype=np.float64), np.array(mine, dtype=np.float64)
    fewest = counts.size
    for one in (counts, counts.T):
        with np.errstate(all="ignore"):
            forms = [(one, tolerance)]
            for whole in (
                one.sum(),
                one.sum(axis=1, keepdims=True),
                one.sum(axis=0, keepdims=True),
            ):
                allowed = SHARES + tolerance / np.maximum(whole, 1)
                forms += [(one / whole * unit, allowed * unit) for unit in (1.0, PERCENT)]
            for wanted, allowed in forms:
                right = np.abs(found - np.nan_to_num(wanted)) <= allowed
                fewest = min(fewest, int((~right).sum()))
    return fewest
