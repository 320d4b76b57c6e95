"""Families `normalisation` and `augmentation`: what a run does to its inputs before the net."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from grader.checks.base import Seen, check, failed
from grader.checks.faults import waiting
from grader.checks.loaders import OfLoaders, Part, loaders_of, needs_run, not_seen, places_of
from grader.checks.phrases import decimal, listed
from grader.model.base import to_float
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.model.journal import LoaderSeen

__all__ = ["AugmentationTrainOnly", "NormalisationValues"]

WRAPPED = re.compile(r"(?:np\.)?(?:tensor|array|float\d+)\(([^()]*?)(?:,\s*dtype=[\w.]+)?\)")
"""Numbers as tensors and arrays print them."""
VALUES = r"([\[(][^\])]*[\])]|[-\d.e]+)"
NORMALIZE = re.compile(
    rf"Normalize\((?:[^()\[\]]*?\bmean=|\s*){VALUES}\s*,(?:[^()\[\]]*?\bstd=|\s*){VALUES}"
)
RANDOM = re.compile(r"\b(Random\w+|ColorJitter|AutoAugment|TrivialAugmentWide|AugMix)\b")
RARE = re.compile(r"\bRandom\w+\([^()]*?\bp=0?\.([0-4]\d*)\b")
"""A random transform of a probability below one half: asking a few times may miss it."""
NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")

STANDARD_TOLERANCE = 0.25
"""How far mean and deviation of standardised inputs may lie from 0 and 1, over a few batches."""


class NormalisationValues(OfLoaders):
    """Parameters of `normalisation.values`."""

    kind: Literal["constants", "standardised", "applied"] = "constants"
    """`constants`: Normalize with this mean and std; `standardised`: inputs arrive with a mean near
    0 and a deviation near 1; `applied`: either."""
    mean: tuple[float, ...] = ()
    """One a channel, or one for all."""
    std: tuple[float, ...] = ()
    tolerance: float = Field(default=0.01, gt=0)
    """Of each number."""
    splits: tuple[Part, ...] = Field(default=("train",), min_length=1)

    @model_validator(mode="after")
    def _has_constants(self) -> NormalisationValues:
        if self.kind == "constants" and not (self.mean and self.std):
            msg = 'give mean and std, or kind = "applied"'
            raise ValueError(msg)
        return self


class AugmentationTrainOnly(OfLoaders):
    """Parameters of `augmentation.train_only`."""

    required: bool = True
    """Whether training inputs must be augmented at random."""


@check("normalisation.values", NormalisationValues, needs=needs_run)
def normalisation_values(params: NormalisationValues, seen: Seen) -> CheckResult:
    """Your inputs are normalised as the assignment asks."""
    loaders = loaders_of(params, seen)
    looked_at = [one for part in params.splits for one in loaders.part(part)]
    expected = _expected(params)
    if not looked_at:
        if unseen := not_seen(loaders, expected):
            return unseen
        return failed(f"No {listed(params.splits)} data was walked over.", expected=expected)
    wrong = [(one, *found) for one in looked_at if (found := _apart(params, one))]
    if not wrong:
        return CheckResult.banded(
            Fraction(1),
            f"Your inputs are normalised: {_shown(looked_at[0])}.",
            expected=expected,
            places=places_of(looked_at[0]),
        )
    one, told, certain = max(wrong, key=lambda found: found[2])
    if not certain:
        changed = ", and your code changes them before the net is asked" if one.altered else ""
        return waiting(
            f"Whether your inputs are normalised as asked was not seen: {told}{changed}. "
            "A person will look.",
            expected=expected,
            places=places_of(one),
        )
    return failed(
        f"Your inputs are not normalised as asked: {told}.",
        expected=expected,
        hint="Add transforms.Normalize(mean, std) after ToTensor, for every split.",
        places=places_of(*(entry for entry, *_ in wrong)),
    )


def _apart(params: NormalisationValues, one: LoaderSeen) -> tuple[str, bool] | None:
    """What is wrong with a loader's inputs, and whether that is certain; None where all is well."""
    constants = _constants(one.transform)
    told = _statistics(one) or "their numbers are not known"
    if params.kind == "constants":
        if constants:
            fits = [_fits(params, *found) for found in constants]
            return None if all(fits) else (f"Normalize has {_shown(one)}", not any(fits))
        by_hand = _fits_by_hand(params, one)
        return None if by_hand else (f"no Normalize was found; {told}", _left_alone(one))
    means, stds = [to_float(v) for v in one.mean], [to_float(v) for v in one.std]
    near = bool(means) and all(abs(value) <= STANDARD_TOLERANCE for value in means)
    near = near and all(abs(value - 1) <= STANDARD_TOLERANCE for value in stds)
    if near or (params.kind == "applied" and constants):
        return None
    known = bool(means) and one.altered is False
    return told, known if params.kind == "standardised" else _left_alone(one)


def _left_alone(one: LoaderSeen) -> bool:
    """Whether nothing was subtracted from pictures: no number is negative, as nets are given it."""
    return one.altered is False and one.lowest is not None and to_float(one.lowest) >= 0


def _fits(params: NormalisationValues, mean: list[float], std: list[float]) -> bool:
    near = _close(mean, params.mean, params.tolerance)
    return near and _close(std, params.std, params.tolerance)


def _fits_by_hand(params: NormalisationValues, one: LoaderSeen) -> bool:
    """Whether black and white come out as the constants make them of 0 and 1."""
    if one.lowest is None or one.highest is None or one.altered is not False:
        return False
    width = max(len(params.mean), len(params.std))
    means, stds = (v * width if len(v) == 1 else v for v in (params.mean, params.std))
    if min(stds) <= 0:
        return False
    pairs = list(zip(means, stds, strict=False))
    ends = min(-m / s for m, s in pairs), max((1 - m) / s for m, s in pairs)
    return all(
        abs(to_float(found) - end) <= params.tolerance * (1 + abs(end)) / min(stds)
        for found, end in zip((one.lowest, one.highest), ends, strict=True)
    )


def _constants(transform: str) -> list[tuple[list[float], list[float]]]:
    """Mean and std of each Normalize."""
    text, count = transform, 1
    while count:
        text, count = WRAPPED.subn(r"\1", text)
    read = [[NUMBER.findall(values) for values in found] for found in NORMALIZE.findall(text)]
    return [([*map(float, mean)], [*map(float, std)]) for mean, std in read if mean and std]


def _close(found: Sequence[float], wanted: Sequence[float], tolerance: float) -> bool:
    """Whether channels agree; one number stands for all of them."""
    width = max(len(found), len(wanted))
    a = list(found) * width if len(found) == 1 else list(found)
    b = list(wanted) * width if len(wanted) == 1 else list(wanted)
    if len(found) != 1 and len(wanted) != 1 and len(found) != len(wanted):
        return False
    return all(abs(x - y) <= tolerance for x, y in zip(a[:width], b[:width], strict=True))


def _statistics(one: LoaderSeen) -> str:
    if not one.mean:
        return ""
    means = listed([_number(v) for v in map(to_float, one.mean)], most=4)
    stds = listed([_number(v) for v in map(to_float, one.std)], most=4)
    return f"they arrive with mean {means} and deviation {stds or 'unknown'}"


def _number(value: float) -> str:
    return decimal(round(value, 3)) if math.isfinite(value) else decimal(value)


def _shown(one: LoaderSeen) -> str:
    constants = _constants(one.transform)
    if not constants:
        return _statistics(one) or "mean near 0, deviation near 1"
    mean, std = (listed([decimal(v) for v in values], most=4) for values in constants[0])
    return f"mean {mean} and std {std}"


def _expected(params: NormalisationValues) -> str:
    if params.kind == "constants":
        mean = listed([decimal(value) for value in params.mean], most=4)
        std = listed([decimal(value) for value in params.std], most=4)
        return f"Normalize with mean {mean} and std {std}."
    return "Inputs with a mean near 0 and a deviation near 1."


@check("augmentation.train_only", AugmentationTrainOnly, needs=needs_run)
def augmentation_train_only(params: AugmentationTrainOnly, seen: Seen) -> CheckResult:
    """Your training inputs are augmented at random, and those you measure on are not."""
    loaders = loaders_of(params, seen)
    expected = "Random transforms on training inputs alone."
    measured = [one for one in (*loaders.validation, *loaders.test) if one.use != "train"]
    spoilt = [one for one in measured if one.random_inputs]
    if spoilt:
        one = spoilt[0]
        what = "test" if one in loaders.test else "validation"
        return failed(
            f"Your {what} inputs come out differently each time they are asked for"
            f"{_by(one)}: a random transform is on them.",
            expected=expected,
            hint="Give that dataset a transform of its own, without the random parts.",
            places=places_of(*spoilt),
        )
    augmented = [one for one in loaders.train if one.random_inputs or RARE.search(one.transform)]
    if params.required and not loaders.train and (unseen := not_seen(loaders, expected)):
        return unseen
    if params.required and not augmented:
        unclear = [one for one in loaders.train if not _never_augmented(one)]
        if unclear or not loaders.train:
            changed = any(one.altered for one in unclear)
            told = ": your code changes them before the net is asked" if changed else ""
            return waiting(
                f"Whether your training inputs are augmented was not seen{told}. "
                "A person will look.",
                expected=expected,
                places=places_of(*loaders.train),
            )
        return failed(
            "Your training inputs are the same each time they are asked for: they are not "
            "augmented, or only once, when the dataset was made.",
            expected=expected,
            hint="Put random transforms into the training dataset's transform.",
            places=places_of(*loaders.train),
        )
    text = (
        f"Your training inputs are augmented at random{_by(augmented[0])}"
        if augmented
        else ("No random transform was seen")
    )
    return CheckResult.banded(
        Fraction(1),
        f"{text}; what you measure on is left as it is.",
        expected=expected,
        places=places_of(*augmented[:1]),
    )


def _never_augmented(one: LoaderSeen) -> bool:
    """Whether it yields the same each time, names nothing random, and nets are given just that."""
    return one.random_inputs is False and one.altered is False and not RANDOM.search(one.transform)


def _by(one: LoaderSeen) -> str:
    names = RANDOM.findall(one.transform)
    return f" ({listed(dict.fromkeys(names), most=4)})" if names else ""
