"""Whether a net still answers when its inputs change a little, as a table of them cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.checks.phrases import fixed
from grader.checks.scores import chosen_of, numbers
from grader.model.scorecard import Flag

if TYPE_CHECKING:
    from grader.checks.scores import Judged
    from grader.model.evidence import Evidence

__all__ = ["FRAGILE", "fragile"]

FRAGILE = "answers_are_fragile"
FEWEST = 20
"""Rows that a loss of accuracy must be measured on."""
CHANGES = {
    "noisy": ("with noise of 5% of the inputs' spread", 0.15),
    "moved": ("moved to the right by one pixel", 0.4),
}
"""Array of a `predict` → how the inputs were changed, and the loss of accuracy that is too much."""


def fragile(evidence: Evidence, judged: Judged, name: str) -> tuple[Flag, ...]:
    """A flag with both accuracies, for each change that costs a net more than nets lose."""
    if "nudged_rows" not in evidence.arrays:
        return ()
    rows = numbers(evidence, "nudged_rows").astype(int)
    if len(rows) < FEWEST or rows.min() < 0 or rows.max() >= judged.total:
        return ()
    labels = judged.labels[rows]
    before = float((judged.chosen[rows] == labels).mean())
    flags = []
    for array, (how, most) in CHANGES.items():
        if array not in evidence.arrays:
            continue
        scores = numbers(evidence, array)
        if scores.shape != (len(rows), judged.scores.shape[1]):
            continue
        after = float((chosen_of(scores) == labels).mean())
        if before - after >= most:
            text = (
                f"{name}: of {len(rows)} examples it gets {fixed(before, 3)} right, and of the same"
                f" {how} {fixed(after, 3)}. So large a loss ({fixed(before - after, 3)}, where"
                f" {most:g} is flagged) is that of answers looked up, not worked out."
            )
            flags.append(Flag(code=FRAGILE, message=text))
    return tuple(flags)
