"""Submissions of one run whose saved weights or answers are those of another team's.

Flags for the staff, never points: teams may share a seed, handed-out code or pretrained weights.
Students are shown no such flag, so they may name the other submission.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.checks.phrases import called, count, examples, fixed, listed, quoted
from grader.model.scorecard import Flag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from grader.pipeline.fingerprints import Answers, Fingerprint

__all__ = ["SAME_ANSWERS", "SAME_WEIGHTS", "classmates"]

SAME_WEIGHTS = "same_weights"
SAME_ANSWERS = "same_answers"

HALF = 0.5
"""Share of a net's weights, number for number another team's, that is worth a look."""
HANDED_OUT = 4, 1 / 3
"""A tensor of more than so many teams, and of more than this share of them, was handed out."""
NEAR = 0.02
"""Root mean square difference of scores, as a share of the scores' own."""
BOTH_WRONG = 20
"""Fewer examples that both get wrong say nothing."""
SAME_WRONG = 0.95
"""Share of those to which both give the same wrong class."""
SAME_ROWS = 0.8
"""Share of the examples that one of them gets wrong, which both get wrong."""
NAMES = 4


@dataclass(frozen=True)
class _Match:
    """What one submission shares with another."""

    other: str
    figures: str


def classmates(prints: Iterable[Fingerprint]) -> Mapping[tuple[str, str], tuple[Flag, ...]]:
    """Compare all pairs of teams of each assignment.

    Returns:
        (assignment, submission) → flags; submissions without any are left out.
    """
    found: dict[tuple[str, str], list[Flag]] = defaultdict(list)
    ordered = sorted(prints, key=lambda one: (one.assignment, one.submission))
    for assignment, group in itertools.groupby(ordered, key=lambda one: one.assignment):
        of_course = list(group)
        for flags in (_of_weights(of_course), _of_answers(of_course)):
            for submission, flag in flags:
                found[assignment, submission].append(flag)
    return {key: tuple(flags) for key, flags in found.items()}


def _teams(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether two submissions are of different people."""
    return not set(one.student_ids) & set(other.student_ids)


def _of_weights(prints: Sequence[Fingerprint]) -> Iterator[tuple[str, Flag]]:
    for role in sorted({role for one in prints for role in one.weights}):
        holders = [one for one in prints if one.weights.get(role)]
        held = Counter(digest for one in holders for digest in one.weights[role])
        most = max(HANDED_OUT[0], HANDED_OUT[1] * len(holders))
        own = {
            one.submission: {d: n for d, n in one.weights[role].items() if held[d] <= most}
            for one in holders
        }
        matches: dict[str, list[_Match]] = defaultdict(list)
        for one, other in itertools.combinations(holders, 2):
            mine, yours = own[one.submission], own[other.submission]
            shared = mine.keys() & yours.keys()
            if not shared or not _teams(one, other):
                continue
            numbers = sum(mine[digest] for digest in shared)
            if numbers < HALF * max(sum(mine.values()), sum(yours.values())):
                continue
            for here, there, all_of in ((one, other, mine), (other, one, yours)):
                figures = (
                    f"{len(shared)} of its {count(len(all_of), 'saved weight tensor')}"
                    f" ({numbers:,} of {sum(all_of.values()):,} numbers)"
                )
                matches[here.submission].append(_Match(there.submission, figures))
        yield from _told(
            SAME_WEIGHTS,
            matches,
            f"{called(role)}: {{}} are those of {{}}, number"
            " for number. A shared seed or the same pretrained weights can explain"
            " it.",
        )


def _of_answers(prints: Sequence[Fingerprint]) -> Iterator[tuple[str, Flag]]:
    for key in sorted({key for one in prints for key in one.answers}):
        holders = [one for one in prints if key in one.answers]
        answers = [one.answers[key] for one in holders]
        apart = _distances(answers)
        matches: dict[str, list[_Match]] = defaultdict(list)
        for i, j in itertools.combinations(range(len(holders)), 2):
            if not _teams(holders[i], holders[j]):
                continue
            figures = _alike(answers[i], answers[j], apart[i][j], key[1])
            if figures:
                matches[holders[i].submission].append(_Match(holders[j].submission, figures))
                matches[holders[j].submission].append(_Match(holders[i].submission, figures))
        yield from _told(
            SAME_ANSWERS,
            matches,
            f"{called(key[0])}: {{}}, compared with {{}}. Nets"
            " that were trained apart differ more.",
        )


def _distances(answers: Sequence[Answers]) -> list[list[float]]:
    """Root mean square differences of all pairs' scores, as a share of the larger one's own."""
    import numpy as np

    far = np.full((len(answers), len(answers)), np.inf)
    shapes = {one.scores.shape for one in answers}
    for shape in shapes:
        those = [i for i, one in enumerate(answers) if one.scores.shape == shape]
        flat = np.stack([answers[i].scores.reshape(-1) for i in those]).astype(np.float64)
        products = flat @ flat.T
        squares = products.diagonal()
        gaps = np.sqrt(np.maximum(squares[:, None] + squares - 2 * products, 0))
        sizes = np.sqrt(np.maximum(squares[:, None], squares))
        far[np.ix_(those, those)] = gaps / np.maximum(sizes, np.finfo(np.float64).tiny)
    whole: list[list[float]] = far.tolist()
    return whole


def _alike(one: Answers, other: Answers, apart: float, dataset: str) -> str:
    """The figures by which two nets' answers are the same, or nothing."""
    if len(one.chosen) != len(other.chosen):
        return ""
    if apart <= NEAR:
        if bool((one.scores == other.scores).all()):
            return f"its scores of {examples(len(one.chosen), dataset)} are equal"
        return (
            f"its scores of {examples(len(one.chosen), dataset)} differ by {100 * apart:.2g}%"
            f" (at most {100 * NEAR:g}% is flagged)"
        )
    both, either = one.wrong & other.wrong, one.wrong | other.wrong
    many = int(both.sum())
    same = int((both & (one.chosen == other.chosen)).sum())
    if many < BOTH_WRONG or same < SAME_WRONG * many or many < SAME_ROWS * int(either.sum()):
        return ""
    return (
        f"of {examples(len(one.chosen), dataset)}, {int(either.sum()):,} are wrong in one of the"
        f" two, {many:,} in both, and {same:,} of those get the same wrong class"
        f" ({fixed(same / many, 3)})"
    )


def _told(code: str, matches: Mapping[str, list[_Match]], text: str) -> Iterator[tuple[str, Flag]]:
    """One flag a submission, for all whom it shares the same figures with."""
    for submission, found in sorted(matches.items()):
        by_figures: dict[str, list[str]] = defaultdict(list)
        for match in found:
            by_figures[match.figures].append(match.other)
        for figures, others in by_figures.items():
            names = listed(quoted(sorted(others)), most=NAMES)
            yield submission, Flag(code=code, message=text.format(figures, names))
