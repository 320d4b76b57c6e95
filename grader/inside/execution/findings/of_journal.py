"""Mistakes that the journal shows: shared rows, modes, random inputs, broken numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...mistakes.augmentation import AUGMENTED_EVALUATION
from ...mistakes.detector import finding
from ...mistakes.modes import NO_EVAL_MODE
from ...mistakes.roles import WORDS, role_of_name, words
from ...mistakes.splits import VALIDATION_IN_TRAINING
from ...mistakes.svhn import SVHN_IS_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..journal.journal import Journal
    from ..journal.loaders import Known

__all__ = ["from_journal"]

DIGIT_SHAPES = frozenset({(64,), (8, 8), (1, 8, 8)})
CONSTANT_SHARE = 0.05
CONSTANT_FEW = 2
UNHARMED = frozenset({"tta", "augmented"})


def from_journal(journal: Journal, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Every mistake that the journal shows.

    Args:
        journal: After the run.
        payload: Its part of the record: loaders by index, overlaps, evaluations.
    """
    found = [
        *_shared(journal, payload["overlaps"]),
        *_modes(journal, payload),
    ]
    for known in journal.loaders:
        found += _of_loader(journal, known)
    return found


def roles(known: Known) -> set[str]:
    """What the student's scopes call a loader: `train`, `val`, `test`; `svhn` and others apart."""
    said = {word for name in known.names for word in words(name)}
    return {role for role, names in WORDS.items() if said & names}


def _shared(journal: Journal, overlaps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in overlaps:
        pair = [journal.loaders[entry["first"]], journal.loaders[entry["second"]]]
        for learned, checked in (pair, pair[::-1]):
            role = roles(checked)
            if not learned.trained or checked.trained or role not in ({"val"}, {"test"}):
                continue
            if not _checked_while_learning(learned, checked):
                continue
            shared, total = int(entry["shared"]), checked.length
            what = "validation" if role == {"val"} else "test"
            seen = (
                f"{shared:,} of the {total:,} {what} examples are among the"
                f" {learned.length:,} trained on"
            )
            code = VALIDATION_IN_TRAINING.code if what == "validation" else "test_in_training"
            why = VALIDATION_IN_TRAINING.why
            if what == "test":
                why = "A test result on examples that were trained on measures memory, not skill."
            yield finding(code, checked.place, seen, why, VALIDATION_IN_TRAINING.mend, "dynamic")


def _checked_while_learning(learned: Known, checked: Known) -> bool:
    """Whether a net that learned from one was asked about the other afterwards."""
    first = learned.first_trained
    if first is None:
        return False
    return any(number > first and net in learned.trained_nets for number, net in checked.evaluated)


def _modes(journal: Journal, payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    trained = {net for known in journal.loaders for net in known.trained_nets}
    if not trained:
        return
    told = set()
    for entry in payload["evaluations"]:
        if not entry["training_mode"] or entry["loader"] is None:
            continue
        known = journal.loaders[entry["loader"]]
        role = roles(known)
        if role not in ({"val"}, {"test"}) or known.trained:
            continue
        place = entry["place"]
        if str(place) in told:
            continue
        told.add(str(place))
        layers = ", ".join(entry["sensitive"][:4])
        seen = (
            f"{entry['net']} was asked about {known.length:,} examples of"
            f" {_name(known)} with {layers} in training mode"
        )
        yield finding(
            NO_EVAL_MODE.code, place, seen, NO_EVAL_MODE.why, NO_EVAL_MODE.mend, "dynamic"
        )


def _name(known: Known) -> str:
    """What it is called, by the name that says most."""
    names = sorted(known.names, key=lambda name: (not role_of_name(name), -len(name), name))
    return f"`{names[0]}`" if names else "a loader"


def _of_loader(journal: Journal, known: Known) -> Iterator[dict[str, Any]]:
    batches, role = known.batches, roles(known)
    said = {word for name in known.names for word in words(name)}
    evaluated = journal.use_of(known) == "evaluate" and role in ({"val"}, {"test"})
    if known.random_inputs and evaluated and not said & UNHARMED:
        detector = AUGMENTED_EVALUATION
        seen = f"the same example of {_name(known)} came out differently when asked again"
        steps = " ".join(known.transform.split())[:200]
        seen += f"; its transform is {steps}" if steps else ""
        yield finding(detector.code, known.place, seen, detector.why, detector.mend, "dynamic")
    if "svhn" in said and batches.shape in DIGIT_SHAPES:
        size = "×".join(map(str, batches.shape))  # noqa: RUF001
        detector = SVHN_IS_DIGITS
        seen = f"{_name(known)} yields inputs of {size} numbers: the 8×8 digits"  # noqa: RUF001
        yield finding(detector.code, known.place, seen, detector.why, detector.mend, "dynamic")
    if batches.not_finite:
        yield finding(
            "not_finite_inputs",
            known.place,
            f"{batches.not_finite} of the first {batches.rows} inputs of {_name(known)} hold NaN"
            " or infinite numbers",
            "One NaN in a batch makes the loss and then every weight NaN: training is lost.",
            "Look at what the data go through: a division by a standard deviation of 0, a broken"
            " file. Check `torch.isfinite(x).all()` once after loading.",
            "dynamic",
        )
    if batches.constant >= max(CONSTANT_FEW, CONSTANT_SHARE * batches.rows):
        yield finding(
            "truncated_data",
            known.place,
            f"{batches.constant} of the first {batches.rows} inputs of {_name(known)} are empty:"
            " all their numbers are the same",
            "Empty inputs with labels teach the net nothing, and count as wrong when it is tested.",
            "Look at these examples; data that were cut short, or filled with zeros and never"
            " written, look like this.",
            "dynamic",
        )
