"""This course's own checks of part 3: whether there is work on SVHN, and how it is split.

Part 2's loaders run in the same notebook, and rows of scikit-learn's digits are not told apart by
where they come from. So only loaders of SVHN's rows, or of pictures as large as SVHN's, count here.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from grader.checks.base import Seen, Stopped, check, failed
from grader.checks.faults import waiting
from grader.checks.loaders import Loaders, OfLoaders, parts_of, places_of, unclear_rows
from grader.checks.requests import (
    describe_module,
    execute,
    inspect_source,
    read_documents,
    scan_apis,
)
from grader.checks.runs import not_reached
from grader.model.base import Record
from grader.model.documents import Documents
from grader.model.evidence import Place
from grader.model.measurements import ApiUses, CellRun, Execution, ModuleFacts
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.evidence import ProbeRequest
    from grader.model.journal import LoaderSeen
    from grader.model.rubric import Rubric

READERS = ("torchvision.datasets.SVHN", "scipy.io.loadmat", "mat73.loadmat")
"""What reads SVHN in Python; nothing else in this assignment is read with them."""

PIXELS = 32 * 32
TRAIN_IMAGES = 73_257
TEST_IMAGES = 26_032
DIGITS = 1_797
"""Images of scikit-learn's digits, all together."""
NATURAL_DOUBLES = 0.001
"""Share of the validation images that may be in training: pictures that SVHN holds twice."""


class HandedIn(Record):
    """Parameters of `svhn.handed_in`."""

    model: str
    """The role of the net for SVHN."""


class Split(Record):
    """Parameters of `svhn.split`."""

    asks: Literal["read", "share", "apart"]
    """`read`: SVHN is trained on, and no extra images; `share`: enough for validation; `apart`:
    validation is taken from training and not trained on."""
    share: float = 0.1
    """The least share for validation."""


def _needs(params: HandedIn, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (
        scan_apis(READERS),
        read_documents(),
        describe_module(rubric, params.model),
        inspect_source(),
    )


@check("svhn.handed_in", HandedIn, needs=_needs)
def handed_in(params: HandedIn, seen: Seen) -> CheckResult:
    """You handed in work on part 3, SVHN."""
    expected = "Code that reads SVHN, results for it, or a saved model."
    if signs := _signs(params, seen):
        said = f"There is work on SVHN: {', '.join(signs)}."
        return CheckResult.banded(Fraction(1), said, expected=expected)
    return failed(
        "Nothing was handed in for part 3: no code reads SVHN, no output speaks of it, and no "
        "saved model is named after it.",
        expected=expected,
        hint="If it is there under other names, say which net is `svhn` in a file grade.toml.",
    )


def _signs(params: HandedIn, seen: Seen) -> list[str]:
    """What shows that there is something."""
    signs = []
    _, uses = seen.measured(scan_apis(READERS), ApiUses)
    if uses.uses:
        signs.append(f"it is read in {uses.uses[0].place}")
    _, documents = seen.measured(read_documents(), Documents)
    told = [one.place for one in documents.texts if one.kind == "output" and _named(one.text)]
    if told:
        signs.append(f"results are printed in {told[0]}")
    request = describe_module(seen.rubric, params.model)
    evidence = seen.evidence.get_for(request)
    if evidence is not None and evidence.state == "measured":
        _, facts = seen.measured(request, ModuleFacts)
        if _named(facts.binding.weights):
            signs.append(f"its model is {facts.binding.weights}")
    return signs


def _named(text: str) -> bool:
    return "svhn" in text.lower()


def _needs_run(_params: Split, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (execute(rubric), scan_apis(READERS), inspect_source())


@check("svhn.split", Split, needs=_needs_run)
def svhn_split(params: Split, seen: Seen) -> CheckResult:
    """You train on SVHN's original training images, and validate on some that you left out."""
    loaders = _loaders(seen)
    if params.asks == "read":
        return _read(loaders)
    if params.asks == "share":
        return _share(params, loaders)
    return _apart(loaders)


def _loaders(seen: Seen) -> Loaders:
    """The loaders of SVHN in the run.

    Raises:
        Stopped: There are none.
    """
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    if asked := next((one for one in run.cells if _asks_extra(one)), None):
        place = Place(file=run.entry, cell=asked.cell)
        raise Stopped(
            failed(
                f"Your run asks for SVHN's extra examples ({place}), which are ruled out.",
                expected="SVHN's original training and test images.",
                hint='Use split="train" and split="test" alone.',
                places=(place,),
            )
        )
    _, uses = seen.measured(scan_apis(READERS), ApiUses)
    read = bool(uses.uses)
    mine = tuple(_told_apart(one) for one in run.loaders if _of_svhn(one, read=read))
    loaders = parts_of(OfLoaders(), run.model_copy(update={"loaders": mine}))
    if loaders.train or loaders.validation or loaders.test:
        return loaders
    if stopped := not_reached(evidence, run, "the training on SVHN", seen.source()):
        raise Stopped(stopped)
    elsewhere = [use.place for use in uses.uses if use.place.file != run.entry]
    if elsewhere:
        raise Stopped(
            waiting(
                f"SVHN is read in {elsewhere[0]}, but what was run is {run.entry}, so its loaders "
                "were not seen. A person will look.",
                places=tuple(elsewhere[:5]),
            )
        )
    others = sorted({one.shape for one in run.loaders if one.shape})
    shapes = " and ".join(" x ".join(map(str, shape)) for shape in others)
    walked = f" It walked over inputs of shape {shapes}." if shapes else ""
    raise Stopped(
        failed(
            f"Your run of {run.entry} walked over no SVHN images.{walked}",
            expected="Loaders that give SVHN's images, 32 by 32 pixels.",
            hint="Read SVHN with torchvision.datasets.SVHN or from train_32x32.mat, in the file "
            "that is run.",
        )
    )


def _asks_extra(cell: CellRun) -> bool:
    """Whether a cell stopped because the extra split is kept away."""
    return cell.error_kind == "dataset_missing" and "extra examples" in cell.error


def _told_apart(loader: LoaderSeen) -> LoaderSeen:
    """Rows read from the .mat files are known by their number: that of the whole test set."""
    if not loader.source and loader.length == TEST_IMAGES:
        return loader.model_copy(update={"source": "svhn/test"})
    return loader


def _of_svhn(loader: LoaderSeen, *, read: bool) -> bool:
    """By its rows, else by its pictures: enlarged digits are no more than there are digits."""
    if loader.source:
        return loader.source.startswith("svhn/")
    large = bool(loader.shape) and math.prod(loader.shape) >= PIXELS
    return large and (read or loader.length > DIGITS)


def _read(loaders: Loaders) -> CheckResult:
    expected = f"Training on SVHN's original training images, at most {TRAIN_IMAGES:,}."
    if not loaders.train:
        return failed(
            "Nothing was trained on SVHN in the run.",
            expected=expected,
            places=places_of(*loaders.validation, *loaders.test),
        )
    one = max(loaders.train, key=lambda loader: loader.length)
    if one.length > TRAIN_IMAGES:
        return failed(
            f"Your run trains on {one.length:,} images, more than the original training set has.",
            expected=expected,
            hint="Leave out the extra images.",
            places=places_of(one),
        )
    return CheckResult.banded(
        Fraction(1),
        f"Your run trains on {one.length:,} SVHN images.",
        expected=expected,
        places=places_of(one),
    )


def _share(params: Split, loaders: Loaders) -> CheckResult:
    expected = f"At least {params.share:.0%} of the training images for validation."
    if not loaders.validation:
        return _no_validation(loaders, expected)
    if not loaders.train:
        return CheckResult(
            outcome=Outcome.BLOCKED,
            fraction=Fraction(0),
            message="Nothing was trained on SVHN in the run, so there is no share to tell.",
            expected=expected,
        )
    val = max(one.length for one in loaders.validation)
    train = max(one.length for one in loaders.train)
    shared = max(loaders.shared(a, b) for a in loaders.train for b in loaders.validation)
    found = val / (train + val - min(shared, val))
    told = f"{val:,} of {train + val - min(shared, val):,} images ({100 * found:.3g}%)"
    places = places_of(*loaders.validation)
    # 7,325 of 73,257 is a tenth, rounded down
    if found >= params.share - 0.0001:
        said = f"Your run validates on {told}."
        return CheckResult.banded(Fraction(1), said, expected=expected, places=places)
    return failed(f"Your run validates on {told}.", expected=expected, places=places)


def _apart(loaders: Loaders) -> CheckResult:
    expected = "Validation images from the training set that are not trained on."
    if not loaders.validation:
        return _no_validation(loaders, expected)
    for one in loaders.train:
        if one in loaders.validation:
            return failed(
                "Your run validates on the loader that it trains on.",
                expected=expected,
                places=places_of(one),
            )
        for other in loaders.validation:
            shared = loaders.shared(one, other)
            if shared > NATURAL_DOUBLES * other.length:
                return failed(
                    f"{shared:,} of your {other.length:,} validation images are trained on too.",
                    expected=expected,
                    hint="Take the validation images out of the training set: data[:-n_val].",
                    places=places_of(other, one),
                )
    unclear = unclear_rows(*loaders.train, *loaders.validation)
    return CheckResult.banded(
        Fraction(1),
        "No validation image of your run is trained on, and none is a test image"
        f"{', as far as could be told' if unclear else ''}.",
        expected=expected,
        places=places_of(*loaders.validation),
        flags=unclear,
    )


def _no_validation(loaders: Loaders, expected: str) -> CheckResult:
    said = "Your run validates on no SVHN images"
    if any(one.use == "evaluate" for one in loaders.test):
        said += " but test images"
    return failed(
        f"{said}.",
        expected=expected,
        hint="Leave out a tenth of the training images or more, and evaluate on them.",
        places=places_of(*loaders.test),
    )
