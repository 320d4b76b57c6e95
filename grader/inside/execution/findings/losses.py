"""What cross-entropy and NLL are given while a net trains, told by how it was made."""

from __future__ import annotations

import functools
from collections import Counter
from types import FunctionType
from typing import TYPE_CHECKING, Any

from ...mistakes.detector import finding
from ...mistakes.endings import DROPOUT_ON_LOGITS
from ...mistakes.outputs_before_loss import SIGMOID, SOFTMAX

if TYPE_CHECKING:
    from ...shims.uses import Uses
    from ..budget import Budget

__all__ = ["LossInputs"]

LOOKED_AT = 6
"""Calls from one line whose inputs are looked at."""
OFTEN, EVERY = 32, 16
"""After so many calls only each sixteenth is looked at: finding its line takes time."""
PASSING = frozenset(
    """
    ViewBackward0 ReshapeAliasBackward0 UnsafeViewBackward0 SqueezeBackward0 SqueezeBackward1
    UnsqueezeBackward0 CloneBackward0 ToCopyBackward0 AliasBackward0 PermuteBackward0
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
"""Nodes of the graph after which the numbers are the same."""
DEPTH = 6
ZERO_SHARE = 0.02
WHY_NLL = (
    "The loss is then minus the probability itself: it has no steep slope where the net is wrong,"
    " and is negative."
)
MEND_NLL = "Use log_softmax before nll_loss, or cross_entropy on the raw scores."


class LossInputs:
    """Looks at the first calls of `cross_entropy` and `nll_loss` from each line.

    Args:
        budget: Only while it is armed.
        uses: Finds the student's line.
    """

    def __init__(self, budget: Budget, uses: Uses) -> None:
        self._budget = budget
        self._uses = uses
        self._calls: Counter[tuple[str, int]] = Counter()
        self._all_calls = 0
        self._found: dict[tuple[str, str, int], dict[str, Any]] = {}

    def install(self) -> None:
        """Patch `torch.nn.functional`; the loss classes call it there."""
        from torch.nn import functional

        functional.cross_entropy = self._watching(functional.cross_entropy, self._cross_entropy)
        functional.nll_loss = self._watching(functional.nll_loss, self._nll)

    def _watching(self, original: Any, look: Any) -> Any:
        def loss(input: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002 - torch's own name
            if self._budget.armed:
                self._look(look, input)
            return original(input, *args, **kwargs)

        # TorchScript compiles the original, with the names that it finds through ours.
        scripted = FunctionType(
            loss.__code__, original.__globals__, loss.__name__, closure=loss.__closure__
        )
        return functools.update_wrapper(scripted, original)

    def _look(self, look: Any, given: Any) -> None:
        self._all_calls += 1
        if self._all_calls > OFTEN and self._all_calls % EVERY:
            return
        frame = self._uses.student_frame()
        if frame is None:
            return
        line = (frame.f_code.co_filename, frame.f_lineno)
        self._calls[line] += 1
        if self._calls[line] > LOOKED_AT:
            return
        try:
            found = look(given)
        except Exception:
            return
        if found is not None:
            code, seen, why, mend = found
            if (code, *line) not in self._found:
                place = self._uses.place(frame)
                self._found[code, *line] = finding(code, place, seen, why, mend, "dynamic")

    def _cross_entropy(self, given: Any) -> tuple[str, str, str, str] | None:
        made_by = origin(given)
        if made_by == "SoftmaxBackward0":
            seen = f"cross-entropy was given probabilities: rows that sum to {_sum(given):.4f}"
            return SOFTMAX.code, seen, SOFTMAX.why, SOFTMAX.mend
        if made_by == "SigmoidBackward0":
            low, high = float(given.min()), float(given.max())
            seen = f"cross-entropy was given the output of a sigmoid, from {low:.3f} to {high:.3f}"
            return SIGMOID.code, seen, SIGMOID.why, SIGMOID.mend
        if made_by in {"MulBackward0", "NativeDropoutBackward0"}:
            zeros = float((given == 0).float().mean())
            if zeros >= ZERO_SHARE and int((given == 0).sum()) >= 3:  # noqa: PLR2004
                seen = f"{zeros:.0%} of the scores that cross-entropy was given are exactly 0"
                detector = DROPOUT_ON_LOGITS
                return detector.code, seen, detector.why, detector.mend
        return None

    def _nll(self, given: Any) -> tuple[str, str, str, str] | None:
        """`nll_loss` needs logarithms of probabilities."""
        if given.ndim != 2 or not given.requires_grad:  # noqa: PLR2004
            return None
        made_by = origin(given)
        if made_by != "SoftmaxBackward0":
            return None
        seen = (
            f"nll_loss was given probabilities, rows that sum to {_sum(given):.4f}, no logarithms"
        )
        return "nll_without_logarithm", seen, WHY_NLL, MEND_NLL

    def findings(self) -> list[dict[str, Any]]:
        """What was found, once a line."""
        return list(self._found.values())


def origin(given: Any) -> str:
    """The operation that made a tensor, views aside; empty without gradients."""
    node = getattr(given, "grad_fn", None)
    for _ in range(DEPTH):
        if node is None:
            return ""
        name = node.name()
        if name not in PASSING:
            return str(name)
        following = node.next_functions
        node = following[0][0] if following else None
    return ""


def _sum(given: Any) -> float:
    return float(given.detach().sum(dim=1).mean())
