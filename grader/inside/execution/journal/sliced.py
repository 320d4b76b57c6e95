"""Tensors that are sliced by hand, `X[i : i + 64]`, or given whole, `net(X_test)`: no loader.

Only what is certain: a slice knows the tensor it was cut from, and that tensor has a name in the
student's code. Rows picked by a list of indices are a copy; where they came from stays unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...mistakes.roles import role_of_name
from .loaders import Known
from .names import names_of
from .rows import Part

if TYPE_CHECKING:
    from ...shims.uses import Uses

__all__ = ["Sliced"]

PER_LINE = 4
"""Tensors told apart at one line: one that is shuffled anew each epoch is another each time."""
IN_ALL = 40


class Sliced:
    """Finds the tensors behind what nets are given.

    Args:
        uses: Finds the student's line.
        loaders: Where what is found is listed, beside the loaders.
        most: Entries in that list.
    """

    def __init__(self, uses: Uses, loaders: list[Known], most: int) -> None:
        self._uses = uses
        self._loaders = loaders
        self._most = most
        self._known: dict[tuple[Any, ...], Known | None] = {}
        self._lines: dict[Any, int] = {}

    def known(self, given: Any) -> Known | None:
        """The entry of the tensor that an input was cut from."""
        import torch

        if not isinstance(given, torch.Tensor) or given.ndim < 2 or not len(given):  # noqa: PLR2004
            return None
        base = getattr(given, "_base", None)
        whole = given if base is None else base
        if whole.shape[1:].numel() != given.shape[1:].numel() or whole.ndim < 2:  # noqa: PLR2004
            return None
        frame = self._uses.student_frame()
        line = (frame.f_code.co_filename, frame.f_lineno) if frame else ("", 0)
        key = (line, len(whole), whole.untyped_storage().data_ptr())
        if key not in self._known:
            self._known[key] = self._new(line, whole, is_slice=given is not whole)
            if self._known[key] is not None:
                self._loaders.append(self._known[key])  # type: ignore[arg-type]
        found = self._known[key]
        if found is not None:
            found.batches.add((given, None))
        return found

    def _new(self, line: Any, whole: Any, *, is_slice: bool) -> Known | None:
        self._lines[line] = self._lines.get(line, 0) + 1
        full = len(self._loaders) >= self._most or len(self._known) >= IN_ALL
        if full or self._lines[line] > PER_LINE:
            return None
        names = names_of(whole, self._uses)
        if not names or not (is_slice or any(role_of_name(name) for name in names)):
            return None
        known = Known(self._uses.place(), whole, len(whole))
        known.names = names
        known.chain = "Tensor sliced by hand" if is_slice else "Tensor"
        known.parts = [Part(whole, None, ("Tensor",), array=whole)]
        known.passes = 1
        return known
