"""Preprocessing without a dataset class: `X_test = load_digits().data[1350:] / 16` at module level.

The definitions are lifted once more, into a namespace of their own, while the loader gives the
grader's inputs; an array of them is then one that is, column by column, their affine image.
"""

from __future__ import annotations

import contextlib
import math
import signal
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..definitions.cheap import Cheap
    from ..session import Session
    from .given import Given

__all__ = ["affine_image", "arrays_by_hand", "test_arrays"]

NEARLY_ONE = 0.999
COMPARED_ROWS = 256
READING_SECONDS = 12.0
"""Of the processor, for reading and shaping the data once more: a busy machine is no fault."""
AGAIN_SECONDS = 0.5
"""After that, for each statement that is left."""


class _TooLong(BaseException):
    """The student's statements take longer than preprocessing may."""


def test_arrays(session: Session, raw: torch.Tensor) -> tuple[torch.Tensor, str] | None:
    """The student's own array of the test inputs, and its name; None when there is none.

    Must be called while the dataset's loader gives the grader's inputs.

    Args:
        session: Of the submission.
        raw: The grader's inputs, [N, …].
    """
    if session.live is not None:
        return None
    from ..definitions.cheap import Cheap

    return _found(_once_more(session, Cheap), [raw])


def arrays_by_hand(session: Session, given: Given) -> tuple[torch.Tensor, str] | None:
    """The same for pictures of one size, whatever their order of axes."""
    if session.live is not None or given.encoded:
        return None
    from ..definitions.hungry import Hungry
    from .through import laid_out

    raw = given.tensor()
    axes = [raw, raw.movedim(-1, 1)] if raw.dim() == 4 else [raw]  # noqa: PLR2004 - colour
    with laid_out(session, given), _within(READING_SECONDS):
        space = _once_more(session, Hungry)
    return _found(space, axes)


def _once_more(session: Session, kind: type[Cheap]) -> dict[str, Any]:
    """Lift the definitions into a namespace of their own."""
    from ..definitions.lift import lift

    own, main, path = types.ModuleType("__main__"), sys.modules["__main__"], list(sys.meta_path)
    sys.modules["__main__"] = own
    try:
        lift(session.sources(), own, str(session.root), kind)
    finally:
        sys.modules["__main__"] = main
        sys.meta_path[:] = path
    return vars(own)


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Interrupt statements of the student's that take too long together."""

    def interrupt(_signal: int, _frame: Any) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN_SECONDS)
    try:
        with contextlib.suppress(_TooLong):
            yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _found(space: dict[str, Any], axes: list[torch.Tensor]) -> tuple[torch.Tensor, str] | None:
    for name, value in reversed(list(space.items())):
        rows = _rows(value)
        if rows is not None and any(affine_image(rows, raw) for raw in axes):
            return rows.to(torch.float32), f"As in the student's array '{name}'."
    return None


def _rows(value: Any) -> torch.Tensor | None:
    """A plain array of numbers, or the inputs of a TensorDataset."""
    if type(value) is torch.utils.data.TensorDataset and value.tensors:
        value = value.tensors[0]
    if type(value) is np.ndarray and value.dtype.kind in "fiu":
        value = torch.from_numpy(np.ascontiguousarray(value))
    return value.detach() if type(value) is torch.Tensor else None


def affine_image(rows: torch.Tensor, raw: torch.Tensor) -> bool:
    """Whether each column of an array is an increasing affine image of the inputs' column."""
    if len(rows) != len(raw) or math.prod(rows.shape[1:]) != math.prod(raw.shape[1:]):
        return False
    step = max(1, len(rows) // COMPARED_ROWS)
    one = rows[::step].reshape(len(rows[::step]), -1).double()
    two = raw[::step].reshape(len(raw[::step]), -1).double()
    one, two = one - one.mean(0), two - two.mean(0)
    sizes = one.norm(dim=0) * two.norm(dim=0)
    varied = two.norm(dim=0) > 0
    if not bool(varied.any()) or not bool(torch.isfinite(sizes).all()):
        return False
    likeness = (one * two).sum(0)[varied] / sizes[varied].clamp(min=1e-12)
    return bool((likeness > NEARLY_ONE).all())
