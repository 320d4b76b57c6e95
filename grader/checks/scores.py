"""Class scores that a box reported, judged with labels that never entered it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.checks.base import Seen, Stopped, failed, ours
from grader.checks.phrases import shape

if TYPE_CHECKING:
    import numpy as np

    from grader.model.evidence import Array, Evidence

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Ints = np.ndarray[Any, np.dtype[np.int64]]

__all__ = ["Judged", "chosen_of", "judge", "numbers", "row_kind"]

ENOUGH = 0.999
"""Share of rows that must look alike to name what the scores are."""


def numbers(evidence: Evidence, name: str) -> Floats:
    """An array of a piece of evidence as float64.

    Raises:
        Stopped: The probe did not send it: our fault.
    """
    import numpy as np

    array: Array | None = evidence.arrays.get(name)
    if array is None:
        raise Stopped(ours(f"the measurement came without its numbers '{name}'"))
    little = np.dtype(array.dtype).newbyteorder("<")
    return np.frombuffer(array.data, little).reshape(array.shape).astype(np.float64)


def row_kind(scores: Floats, tolerance: float = 1e-3) -> tuple[str, float]:
    """What rows of scores are, and the share of rows that are log-probabilities.

    Returns:
        `log_probabilities`, `probabilities` or `logits`, and a share from 0 to 1.
    """
    import numpy as np

    if scores.size == 0:
        return "logits", 0.0
    with np.errstate(all="ignore"):
        logs = np.abs(np.exp(scores).sum(axis=1) - 1) <= tolerance
        plain = (np.abs(scores.sum(axis=1) - 1) <= tolerance) & (scores >= 0).all(axis=1)
    if logs.mean() >= ENOUGH:
        return "log_probabilities", float(logs.mean())
    return ("probabilities" if plain.mean() >= ENOUGH else "logits"), float(logs.mean())


@dataclass(frozen=True)
class Judged:
    """Predictions against labels.

    Attributes:
        scores: [N, K].
        labels: [N].
        chosen: [N], the predicted class; -1 where no single class has the largest score.
    """

    scores: Floats
    labels: Ints
    chosen: Ints

    @property
    def total(self) -> int:
        """Number of examples."""
        return len(self.labels)

    @property
    def right(self) -> int:
        """Examples whose class was predicted."""
        return int((self.chosen == self.labels).sum())

    @property
    def undecided(self) -> int:
        """Examples without a single largest score, or with NaN."""
        return int((self.chosen < 0).sum())

    @property
    def constant(self) -> int | None:
        """The class given to every example, or None; -1 when no example got one."""
        first = int(self.chosen[0])
        return first if bool((self.chosen == first).all()) else None

    @property
    def commonest(self) -> float:
        """The share of the most frequent class: what guessing reaches."""
        import numpy as np

        return float(np.bincount(self.labels).max() / self.total)

    def confusion(self, classes: int) -> tuple[tuple[int, ...], ...]:
        """Counts by true class (row) and predicted class (column), undecided rows left out."""
        import numpy as np

        table = np.zeros((classes, classes), dtype=np.int64)
        shown = (self.chosen >= 0) & (self.chosen < classes) & (self.labels < classes)
        np.add.at(table, (self.labels[shown], self.chosen[shown]), 1)
        return tuple(tuple(int(n) for n in row) for row in table)

    def nll(self) -> float:
        """Mean negative log-likelihood in nats; NaN when a row has none."""
        return float(self.losses().mean())

    def losses(self) -> Floats:
        """Negative log-likelihood of each row in nats, [N]; NaN where there is none."""
        import numpy as np

        kind, _ = row_kind(self.scores)
        if self.scores.shape[1] <= int(self.labels.max()):
            return np.full(self.total, np.nan)
        with np.errstate(all="ignore"):
            if kind == "probabilities":
                logs = np.log(self.scores)
            else:
                largest = self.scores.max(axis=1, keepdims=True)
                shifted = self.scores - largest
                logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
                if kind == "log_probabilities":
                    logs = self.scores
            found: Floats = -logs[np.arange(self.total), self.labels]
        return found


def judge(seen: Seen, evidence: Evidence, dataset: str) -> Judged:
    """Compare scores with the labels of a split. Ties and NaN count against the student.

    Raises:
        Stopped: The labels are not here (ours), or the scores do not fit them (the student's).
    """
    import numpy as np

    labels = np.array(seen.labels(dataset), dtype=np.int64)
    scores = numbers(evidence, "scores")
    if len(labels) == 0:
        raise Stopped(ours(f"the split '{dataset}' holds no examples"))
    if scores.ndim != 2 or scores.shape[0] != len(labels) or scores.shape[1] < 1:  # noqa: PLR2004 - a matrix
        wanted = f"one row of class scores for each of the {len(labels)} examples"
        raise Stopped(
            failed(
                f"Your net gave scores of shape {shape(scores.shape)} for {len(labels)} examples.",
                expected=wanted,
                hint="Check the net's last layer, and that your dataset class keeps every example.",
            )
        )
    return Judged(scores, labels, chosen_of(scores))


def chosen_of(scores: Floats) -> Ints:
    """The class with the single largest score of each row; -1 where there is none, or a NaN."""
    import numpy as np

    with np.errstate(all="ignore"):
        largest = scores.max(axis=1, keepdims=True)
        single = (scores == largest).sum(axis=1) == 1
    clear = single & ~np.isnan(scores).any(axis=1)
    chosen = np.where(clear, np.where(np.isnan(scores), -np.inf, scores).argmax(axis=1), -1)
    return chosen.astype(np.int64)
