"""Families `split` and `labels`: how a run divides its data, by what its loaders yielded."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from grader.checks.base import Seen, check, failed
from grader.checks.faults import waiting
from grader.checks.loaders import (
    Loaders,
    OfLoaders,
    Part,
    loaders_of,
    needs_run,
    not_seen,
    places_of,
    sources_of,
    split_of,
    unclear_rows,
)
from grader.checks.phrases import count, decimal, listed, share
from grader.checks.ranges import Range
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.journal import LoaderSeen

__all__ = ["LabelsRange", "SplitBalanced", "SplitDisjoint", "SplitFromTraining", "SplitSizes"]

SPOKEN: dict[Part, str] = {"train": "training", "validation": "validation", "test": "test"}

BY_HAND = {"Tensor", "Tensor sliced by hand"}
"""What nets are given without a loader, as a run's journal calls it: only some may be seen."""
PAIR = 2
NATURAL = 0.001
"""Share of pictures that published data hold twice."""


class SplitSizes(OfLoaders):
    """Parameters of `split.sizes`. A part is right when some loader of it fits."""

    train: Range | None = None
    """Examples to train on."""
    validation: Range | None = None
    test: Range | None = None
    validation_share: Range | None = None
    """Validation's share of training and validation together, 0 to 1."""
    by_loader: tuple[Part, ...] = ()
    """Parts that code may well measure without a loader: they count where one is seen."""
    partial: bool = True
    """Whether each right size earns its share."""

    @model_validator(mode="after")
    def _asks_something(self) -> SplitSizes:
        if not (self.train or self.validation or self.test or self.validation_share):
            msg = "say what to look for: train, validation, test or validation_share"
            raise ValueError(msg)
        return self


class SplitDisjoint(OfLoaders):
    """Parameters of `split.disjoint`."""

    between: tuple[Part, ...] = Field(default=("train", "validation", "test"), min_length=PAIR)
    """No two of these may share examples."""
    allowed: float = Field(default=NATURAL, ge=0, lt=1)
    """Share of the smaller part: pictures that are in a dataset twice."""


class SplitFromTraining(OfLoaders):
    """Parameters of `split.from_training_only`."""


class SplitBalanced(OfLoaders):
    """Parameters of `split.balanced`."""

    splits: tuple[Part, ...] = Field(default=("train", "validation"), min_length=1)
    tolerance: float = Field(default=0.1, gt=0)
    """How far a class may lie from the mean over the classes, as a share of it."""
    classes: int = Field(default=0, ge=0)
    """So many different labels; 0: any number."""
    sizes: dict[Part, Range] = {}
    """Of a part, only loaders of so many examples: others show a share of the data, or more."""


class LabelsRange(OfLoaders):
    """Parameters of `labels.range`."""

    low: int = 0
    high: int
    """Labels are whole numbers from `low` to `high`, and both are there."""
    splits: tuple[Part, ...] = Field(default=("train", "validation", "test"), min_length=1)


@check("split.sizes", SplitSizes, needs=needs_run)
def split_sizes(params: SplitSizes, seen: Seen) -> CheckResult:
    """Your data is divided into parts of the sizes that the assignment asks for."""
    loaders = loaders_of(params, seen)
    asked = _asked(params, loaders)
    right, wrong = [], []
    for part, wanted in asked:
        found_part = loaders.held_out if part == "validation" else loaders.part(part)
        sizes = sorted({one.length for one in found_part})
        good = [size for size in sizes if wanted.holds(size)]
        if good:
            right.append(f"{good[-1]:,} {SPOKEN[part]} examples")
        else:
            found = listed([f"{size:,}" for size in sizes], most=4) or "none"
            wrong.append(f"{SPOKEN[part]} examples: {found}, where {wanted} was asked for")
    if params.validation_share is not None:
        good_share, told = _validation_share(loaders, params.validation_share)
        (right if good_share else wrong).append(told)
    unseen = None
    if not _sizes_seen(params, asked, loaders):
        places = places_of(*loaders.validation)
        unseen = not_seen(loaders, _sizes_asked(params), places=places)
    earned = right and params.partial
    if unseen and not (earned and unseen.outcome is Outcome.BLOCKED):
        return unseen
    total = len(right) + len(wrong)
    fraction = Fraction(len(right), total) if params.partial or not wrong else Fraction(0)
    more: dict[str, Any] = {
        "expected": _sizes_asked(params),
        "places": places_of(*loaders.validation, *loaders.train),
    }
    if not wrong:
        return CheckResult.banded(Fraction(1), f"Your run uses {listed(right)}.", **more)
    earns = f" This earns {share(fraction)}." if fraction else ""
    earns += f" {unseen.message}" if unseen else ""
    return CheckResult.banded(
        fraction,
        f"The sizes are not as asked: {'; '.join(wrong)}.{earns}",
        hint=unseen.hint if unseen else "Print len() of each dataset after the split.",
        **more,
    )


def _sizes_seen(params: SplitSizes, asked: list[tuple[Part, Range]], loaders: Loaders) -> bool:
    """Whether there are loaders of each part whose size is asked for."""
    parts = {part for part, _ in asked}
    parts |= {"train", "validation"} if params.validation_share is not None else set()
    return all(loaders.held_out if p == "validation" else loaders.part(p) for p in parts)


def _asked(params: SplitSizes, loaders: Loaders | None = None) -> list[tuple[Part, Range]]:
    """The parts whose size is asked for; of a run, without those that only a loader would show."""
    every = zip(SPOKEN, (params.train, params.validation, params.test), strict=True)
    ways = {p: {one.dataset for one in loaders.part(p)} if loaders else {""} for p in SPOKEN}
    unseen = {part for part in params.by_loader if ways[part] <= BY_HAND}
    return [(part, wanted) for part, wanted in every if wanted is not None and part not in unseen]


def _validation_share(loaders: Loaders, wanted: Range) -> tuple[bool, str]:
    shares = [
        val.length / (val.length + train.length)
        for val in loaders.held_out
        for train in loaders.train
        if val.length + train.length > 0
    ]
    if not shares:
        return False, f"no validation part was seen, where a share of {wanted} was asked for"
    good = [one for one in shares if wanted.holds(one)]
    shown = decimal(100 * (good or shares)[0], 3)
    if good:
        return True, f"{shown}% for validation"
    return False, f"validation has {shown}% of the examples, where a share of {wanted} was asked"


def _sizes_asked(params: SplitSizes) -> str:
    parts = [f"{SPOKEN[part]}: {wanted} examples" for part, wanted in _asked(params)]
    if params.validation_share is not None:
        parts.append(f"validation's share: {params.validation_share}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


@check("split.disjoint", SplitDisjoint, needs=needs_run)
def split_disjoint(params: SplitDisjoint, seen: Seen) -> CheckResult:
    """Your training, validation and test examples have none in common."""
    loaders = loaders_of(params, seen)
    expected = f"No example in two of {listed(SPOKEN[part] for part in params.between)}."
    there = [part for part in params.between if loaders.part(part)]
    for number, first in enumerate(there):
        for second in there[number + 1 :]:
            for one in loaders.part(first):
                for other in loaders.part(second):
                    if (told := _overlap(params, loaders, one, other)) is None:
                        continue
                    return failed(
                        f"Your {SPOKEN[first]} and {SPOKEN[second]} data share {told}.",
                        expected=expected,
                        hint="Cut the held-out part off what you train on, before training.",
                        places=places_of(one, other),
                    )
    if len(there) < PAIR:
        if unseen := not_seen(loaders, expected):
            return unseen
        lacking = [SPOKEN[part] for part in params.between if part not in there]
        return failed(
            f"No {listed(lacking)} data was walked over in the run: there is nothing to compare.",
            expected=expected,
            hint="Hold out a part of the training data and evaluate on it.",
        )
    unclear = unclear_rows(*(one for part in there for one in loaders.part(part)))
    return CheckResult.banded(
        Fraction(1),
        f"Your {listed(SPOKEN[part] for part in there)} data have no example in common"
        f"{', as far as could be told' if unclear else ''}.",
        expected=expected,
        flags=unclear,
    )


def _overlap(
    params: SplitDisjoint, loaders: Loaders, one: LoaderSeen, other: LoaderSeen
) -> str | None:
    if one.index == other.index:
        return f"a loader: it is trained on and evaluated ({one.length:,} examples)"
    shared = loaders.shared(one, other)
    smaller = min(one.length, other.length)
    if smaller <= 0 or shared <= params.allowed * smaller:
        return None
    return f"{shared:,} of {smaller:,} examples"


@check("split.from_training_only", SplitFromTraining, needs=needs_run)
def split_from_training_only(params: SplitFromTraining, seen: Seen) -> CheckResult:
    """Your validation data is taken from the training data, and the test data is left alone."""
    loaders = loaders_of(params, seen)
    name = params.dataset or "the dataset"
    expected = f"Training and validation examples from the training split of {name} alone."
    if trained := _trained_on_test(params, loaders):
        one, told = trained
        return failed(
            told,
            expected=expected,
            hint="Use the test split once, at the end, to measure.",
            places=places_of(one),
        )
    if not loaders.held_out:
        if unseen := not_seen(loaders, expected, places=places_of(*loaders.test)):
            return unseen
        return failed(
            "No validation data was seen: nothing but training and test examples was asked.",
            expected=expected,
            hint="Hold out a part of the training split and evaluate on it after each epoch.",
            places=places_of(*loaders.train),
        )
    known = [(one, source) for one in loaders.validation for source in sources_of(one)]
    if not known:
        return waiting(
            "Where your validation examples come from could not be told. A person will look.",
            expected=expected,
            places=places_of(*loaders.held_out),
        )
    strange = [(one, source) for one, source in known if split_of(source) != "train"]
    if strange:
        return failed(
            f"Your validation examples come from {strange[0][1]}, not from the training split.",
            expected=expected,
            hint="Split the training data, such as with torch.utils.data.random_split.",
            places=places_of(*(one for one, _ in strange)),
        )
    one, source = known[0]
    return CheckResult.banded(
        Fraction(1),
        f"Your {one.length:,} validation examples come from {source}.",
        expected=expected,
        places=places_of(one),
    )


def _trained_on_test(params: OfLoaders, loaders: Loaders) -> tuple[LoaderSeen, str] | None:
    """A loader with test examples that was trained on, and how that is told."""
    for one in (*loaders.test, *loaders.train):
        for source in sources_of(one) if one.use == "train" else ():
            if split_of(source) != params.test_split:
                continue
            if one.source:
                return (
                    one,
                    f"Your run trains on {one.length:,} examples of the test split ({source}).",
                )
            some = f"Some of the {one.length:,} examples that your run trains on"
            return one, f"{some} are of the test split ({source})."
    for one in loaders.train:
        for test in loaders.test:
            shared = loaders.shared(one, test)
            if sources_of(test) and shared > NATURAL * test.length:
                told = f"Your run trains on {shared:,} examples of the test split ({test.source})."
                return one, told
    return None


@check("split.balanced", SplitBalanced, needs=needs_run)
def split_balanced(params: SplitBalanced, seen: Seen) -> CheckResult:
    """Your parts of the data have as many examples of each class."""
    loaders = loaders_of(params, seen)
    expected = f"Each class within {decimal(100 * params.tolerance, 3)}% of the mean of its part."
    seen_parts, cut = [], []
    for part in params.splits:
        size = params.sizes.get(part) or Range(at_least=0)
        counted = [one for one in loaders.part(part) if one.classes and size.holds(one.length)]
        cut += [one for one in counted if not one.classes_whole]
        if not counted:
            continue
        seen_parts.append(part)
        for one in counted:
            if told := _unbalanced(params, one):
                return failed(
                    f"Your {SPOKEN[part]} data is not balanced: {told}.",
                    expected=expected,
                    hint="Split class by class, such as with a stratified split.",
                    places=places_of(one),
                )
    if cut:
        return waiting(
            f"Only some batches of {cut[0].dataset or 'your data'} were seen in the run, too few "
            "to tell how many examples each class has. A person will look.",
            expected=expected,
            places=places_of(*cut),
        )
    if not seen_parts:
        if loaders.stopped:
            return loaders.stopped.model_copy(update={"expected": expected})
        return waiting(
            "The classes of your examples were not seen in the run. A person will look.",
            expected=expected,
        )
    return CheckResult.banded(
        Fraction(1),
        f"Your {listed(SPOKEN[part] for part in seen_parts)} data are balanced.",
        expected=expected,
    )


def _unbalanced(params: SplitBalanced, one: LoaderSeen) -> str:
    numbers = list(one.classes.values())
    wrong = len(numbers) != params.classes if one.classes_whole else len(numbers) > params.classes
    if params.classes and wrong:
        return f"{count(len(numbers), 'class', 'classes')} where {params.classes} were expected"
    if not one.classes_whole:
        return ""
    mean = sum(numbers) / len(numbers)
    label, number = max(one.classes.items(), key=lambda entry: abs(entry[1] - mean))
    if abs(number - mean) <= params.tolerance * mean:
        return ""
    return f"class {label} has {number:,} examples where the mean is {decimal(mean)}"


@check("labels.range", LabelsRange, needs=needs_run)
def labels_range(params: LabelsRange, seen: Seen) -> CheckResult:
    """Your labels are numbered as the assignment asks."""
    loaders = loaders_of(params, seen)
    expected = f"Labels from {params.low} to {params.high}."
    parts = [one for part in params.splits for one in loaders.part(part)]
    ends = [(one, one.label_min, one.label_max) for one in parts]
    known = [(one, low, high) for one, low, high in ends if low is not None and high is not None]
    asked = params.low, params.high
    odd = [entry for entry in known if entry[1:] != asked]
    wrong = [
        one
        for one, low, high in odd
        if one.classes_whole or not params.low <= low <= high <= params.high
    ]
    if not known:
        if loaders.stopped:
            return loaders.stopped.model_copy(update={"expected": expected})
        return waiting(
            "The labels of your examples were not seen in the run. A person will look.",
            expected=expected,
        )
    if wrong:
        one = wrong[0]
        return failed(
            f"The labels run from {one.label_min} to {one.label_max} where {params.low} to "
            f"{params.high} was asked for.",
            expected=expected,
            hint="Map the original classes to new numbers, in training and test alike.",
            places=places_of(*wrong),
        )
    if odd:
        one, low, high = odd[0]
        return waiting(
            f"Only some batches of {one.dataset or 'your data'} were seen in the run; their labels "
            f"run from {low} to {high}. A person will look.",
            expected=expected,
            places=places_of(one),
        )
    return CheckResult.banded(
        Fraction(1), f"The labels run from {params.low} to {params.high}.", expected=expected
    )
