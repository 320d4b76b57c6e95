"""Mistakes that deep learning makes easy, found in the source without running it. No torch.

One small file a kind; each detector is a pure function of the parsed program. A detector speaks
only where it is sure: a false alarm costs more trust than a missed mistake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .aliases_of_models import ALIAS
from .augmentation import AUGMENTED_EVALUATION, FROZEN_AUGMENTATION
from .chaining import DO_NOT_CHAIN
from .curves import CURVE_SHORTER, LAST_LIST
from .detector import Detector, finding
from .endings import DROPOUT_ON_LOGITS
from .gradients import GRADIENT_OF_ANOTHER_LOSS
from .impossible import NUMBER_NOT_OF_THIS_CODE
from .measured_on import TEST_ON_TRAINING
from .modes import NO_EVAL_MODE, NO_ZERO_GRAD
from .outputs_before_loss import SIGMOID, SOFTMAX
from .program import Program
from .selection import TEST_FOR_SELECTION
from .sources_of_error import TRUNCATED_PICTURES, WRONG_FRAMEWORK
from .splits import VALIDATION_IN_TRAINING
from .svhn import SVHN_IS_DIGITS
from .tables import ACCURACY_IS_LOSS
from .typed_in import TYPED_IN
from .vgg import BATCH_NORM_IN_VGG16, VGG13_AS_VGG16

if TYPE_CHECKING:
    from ..source.sources import Sources

__all__ = ["DETECTORS", "find"]

DETECTORS: tuple[Detector, ...] = (
    WRONG_FRAMEWORK,
    VALIDATION_IN_TRAINING,
    TEST_ON_TRAINING,
    TEST_FOR_SELECTION,
    SVHN_IS_DIGITS,
    AUGMENTED_EVALUATION,
    FROZEN_AUGMENTATION,
    TRUNCATED_PICTURES,
    VGG13_AS_VGG16,
    BATCH_NORM_IN_VGG16,
    DROPOUT_ON_LOGITS,
    DO_NOT_CHAIN,
    SOFTMAX,
    SIGMOID,
    GRADIENT_OF_ANOTHER_LOSS,
    NO_ZERO_GRAD,
    NO_EVAL_MODE,
    ALIAS,
    TYPED_IN,
    NUMBER_NOT_OF_THIS_CODE,
    ACCURACY_IS_LOSS,
    LAST_LIST,
    CURVE_SHORTER,
)
PER_DETECTOR = 8
MANY = 200


def find(sources: Sources) -> tuple[list[dict[str, Any]], list[str]]:
    """Run every detector.

    Returns:
        The findings, and the codes of detectors that broke: a detector's mistake is never the
        student's, and never hides the others' findings.
    """
    program = Program(sources)
    found: list[dict[str, Any]] = []
    broken: list[str] = []
    for detector in DETECTORS:
        try:
            seen = _each(detector, program)
        except (RecursionError, AttributeError, KeyError, IndexError, TypeError, ValueError):
            broken.append(detector.code)
            continue
        found += seen
    return found[:MANY], broken


def _each(detector: Detector, program: Program) -> list[dict[str, Any]]:
    found: dict[tuple[str, int | None, int | None], dict[str, Any]] = {}
    for node, seen in detector.find(program):
        place = program.place(node)
        key = (place["file"], place["cell"], place["line"])
        if key not in found and len(found) < PER_DETECTOR:
            found[key] = finding(detector.code, place, seen, detector.why, detector.mend, "static")
    return list(found.values())
