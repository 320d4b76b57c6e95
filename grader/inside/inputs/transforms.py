"""The transform that the student gives to their test data, found without running their work."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..definitions.datasets import is_transform
from ..definitions.evaluate import NOTHING
from .rows import as_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..definitions.datasets import DatasetCall
    from ..definitions.lifted import Definitions
    from ..session import Session
    from .given import Given

__all__ = [
    "FOR_TRAINING",
    "FOR_VALIDATION",
    "Choice",
    "choices",
    "is_random",
    "purpose",
    "sizes_in",
    "without_chance",
]

TEST = re.compile(r"(?<![a-z])(test|eval|evaluat\w*|infer\w*|predict\w*)", re.IGNORECASE)
VALIDATION = re.compile(r"(?<![a-z])val(id|idation)?(?![a-z]*ue)", re.IGNORECASE)
TRAIN = re.compile(r"(?<![a-z])(train\w*|fit|augment\w*)(?![a-z])", re.IGNORECASE)
FOLDERS = frozenset({"torchvision.datasets.ImageFolder", "torchvision.datasets.DatasetFolder"})
TRIED = 3
"""Pictures on which a transform is tried for chance."""
FOR_TEST, FOR_VALIDATION, UNKNOWN, FOR_TRAINING = 3, 2, 1, 0


@dataclass(frozen=True)
class Choice:
    """A transform that may be the one for the test data.

    Attributes:
        transform: From a PIL image to an input.
        how: Where it was found, as a sentence.
        place: There.
        chosen: Whether the student's code gives it to the test data.
        random: Whether it gives another input each time.
    """

    transform: Callable[[Any], Any]
    how: str
    place: dict[str, Any] | None = None
    chosen: bool = False
    random: bool = False


def choices(session: Session, given: Given) -> Iterator[Choice]:
    """What the test pictures may go through, the likeliest first."""
    found = session.definitions()
    ranked = [
        (purpose(call, given), _kinship(found, call, given), order, call)
        for order, call in enumerate(found.datasets.calls)
    ]
    related = [rank for rank in ranked if rank[1] > 0]
    training: list[Choice] = []
    for meant, _, _, call in sorted(related, key=lambda r: r[:3], reverse=True):
        if call.transform is NOTHING or not callable(call.transform):
            continue
        chance = is_random(call.transform, given)
        if chance is None:
            continue
        told = call.text if len(call.text) < 120 else f"{call.text[:120]}…"  # noqa: PLR2004
        if meant > FOR_TRAINING:
            how = f"Through the transform that the code gives to its test data: {told}."
            if meant < FOR_TEST:
                how = f"Through the transform of {told}."
            if meant >= FOR_VALIDATION or not chance:
                chosen = meant >= FOR_VALIDATION
                yield Choice(call.transform, how, call.place, chosen=chosen, random=chance)
        else:
            how = f"Through the transform of the training data: {told}."
            training.append(Choice(call.transform, how, call.place, random=chance))
    yield from _named(found, given)
    yield from _of_training(training)


def _of_training(training: list[Choice]) -> Iterator[Choice]:
    """Where nothing is known of the test data, the training data's, without its chance."""
    for choice in training:
        if not choice.random:
            yield choice
            continue
        calm = without_chance(choice.transform)
        if calm is not None:
            how = f"{choice.how.rstrip('.')}, without its random parts."
            yield Choice(calm, how, choice.place)


def _named(found: Definitions, given: Given) -> Iterator[Choice]:
    """Transforms by their names: those said to be for the test, then one that is alone."""
    named = [t for t in found.datasets.transforms if _compose_like(t.value)]
    calm = [t for t in named if is_random(t.value, given) is False]
    alive = [(name, value) for name, value in found.namespace.items() if name[:1] != "_"]
    known = {id(t.value) for t in named}
    for name, value in alive:
        if id(value) not in known and _compose_like(value) and is_random(value, given) is False:
            yield from _as_choice(name, value, None, len(calm) == 0)
    for pattern in (TEST, VALIDATION):
        for one in reversed(calm):
            if pattern.search(one.name):
                how = f"Through the code's transform '{one.name}'."
                yield Choice(one.value, how, one.place)
    others = {repr(one.value): one for one in calm if not TRAIN.search(one.name)}
    if len(others) == 1:
        one = next(iter(others.values()))
        yield Choice(one.value, f"Through the code's only transform, '{one.name}'.", one.place)


def _as_choice(name: str, value: Any, place: Any, alone: bool) -> Iterator[Choice]:  # noqa: FBT001
    if TEST.search(name) or VALIDATION.search(name) or alone:
        yield Choice(value, f"Through the code's transform '{name}'.", place)


def _compose_like(value: Any) -> bool:
    """Whether a transform makes whole inputs by itself: a chain, or weights' own transforms."""
    name = type(value).__name__
    return is_transform(value) and (name in {"Compose", "Sequential"} or "Classification" in name)


def purpose(call: DatasetCall, given: Given) -> int:
    """What a dataset is for: 3 the test, 2 validation, 1 unknown, 0 training."""
    arguments = call.arguments
    if arguments.get("train") in (True, False):
        return FOR_TRAINING if arguments["train"] else FOR_TEST
    strings = [v for k, v in arguments.items() if isinstance(v, str) and k in {"split", "mode"}]
    strings += [v for v in arguments.values() if isinstance(v, str)]
    strings += [str(v) for v in arguments.values() if hasattr(v, "__fspath__")]
    for text in (*strings, *call.names):
        last = re.split(r"[\\/]+", text.rstrip("\\/"))[-1]
        if VALIDATION.search(last):
            return FOR_TEST if given.split.startswith("val") else FOR_VALIDATION
        if TEST.search(last):
            return FOR_VALIDATION if given.split.startswith("val") else FOR_TEST
        if TRAIN.search(last):
            return FOR_TRAINING
    return UNKNOWN


def _kinship(found: Definitions, call: DatasetCall, given: Given) -> int:
    """Whether a call makes data of the wanted family: 2 surely, 1 maybe, 0 no."""
    family = given.family
    if call.kind.startswith("torchvision.datasets."):
        if call.kind == family.replace("torchvision.", "torchvision.datasets.", 1):
            return 2
        picture_folders = ("grocery", "image_folder", "torchvision.Imagenette")
        return 1 if call.kind in FOLDERS and family in picture_folders else 0
    kind = found.namespace.get(call.kind)
    bases = getattr(kind, "__mro__", ())
    official = [b.__name__ for b in bases if b.__module__.startswith("torchvision.datasets.")]
    if official and official[0] not in {"VisionDataset", "ImageFolder", "DatasetFolder"}:
        return 2 if family == f"torchvision.{official[0]}" else 0
    return 1


def is_random(transform: Callable[[Any], Any], given: Given) -> bool | None:
    """Whether it gives another input each time; None when it makes no input at all."""
    seen: list[list[torch.Tensor]] = []
    try:
        for seed in range(TRIED):
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)
            rows = range(min(TRIED, len(given)))
            items = [transform(given.picture(row)) for row in rows]
            if not all(isinstance(item, torch.Tensor | np.ndarray) for item in items):
                return None
            seen.append([as_row(item) for item in items])
    except BaseException:
        return None
    first = seen[0]
    return any(
        a.shape != b.shape or not torch.equal(a, b)
        for other in seen[1:]
        for a, b in zip(first, other, strict=True)
    )


def without_chance(transform: Any) -> Callable[[Any], Any] | None:
    """A chain of transforms without those that draw; None when it is no chain.

    What crops at random becomes a resize to the same size.
    """
    from torchvision import transforms

    steps = getattr(transform, "transforms", None)
    if not isinstance(steps, list | tuple):
        return None
    kept = []
    for step in steps:
        name = type(step).__name__
        if name == "RandomResizedCrop":
            kept.append(transforms.Resize(_pair(step.size)))
        elif name == "RandomCrop":
            kept.append(transforms.CenterCrop(_pair(step.size)))
        elif not re.match(
            r"Random|ColorJitter|AutoAugment|RandAugment|TrivialAugment|AugMix", name
        ):
            kept.append(step)
    chain: Callable[[Any], Any] = transforms.Compose(kept)
    return chain


def _pair(size: Any) -> list[int]:
    return [int(size)] * 2 if isinstance(size, int) else [int(part) for part in size]


def sizes_in(found: Definitions) -> list[int]:
    """Sides of pictures that the code's transforms make."""
    sizes: list[int] = []
    values = [t.value for t in found.datasets.transforms]
    values += [c.transform for c in found.datasets.calls if c.transform is not NOTHING]
    for value in values:
        for step in reversed(getattr(value, "transforms", None) or [value]):
            size = getattr(step, "size", None)
            if isinstance(size, int):
                sizes.append(size)
            elif isinstance(size, list | tuple) and size and isinstance(size[0], int):
                sizes.append(size[0])
    return list(dict.fromkeys(sizes))
