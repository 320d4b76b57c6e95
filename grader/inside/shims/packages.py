"""Names the cause when the student imports what is not here: a package, another framework."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING

from .faults import MissingPackage, WrongFramework
from .stubs import imported_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from .uses import Uses

__all__ = ["install"]

FRAMEWORKS = frozenset(
    """
    tensorflow keras tf_keras jax flax mxnet paddle theano caffe2
    """.split()  # noqa: SIM905 - words read better than a column of strings
)


class NotHere(MetaPathFinder):
    """The very last to be asked. Its errors are import errors too, so `try: import` still works.

    Args:
        uses: Knows the student's files.
    """

    def __init__(self, uses: Uses) -> None:
        self._uses = uses

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise for the student's own imports; find nothing for anybody else's.

        Raises:
            WrongFramework: It is another framework.
            MissingPackage: It is anything else.
        """
        del path, target
        if "." in fullname or not imported_by(self._uses):
            return None
        place = self._uses.place()
        if fullname in FRAMEWORKS:
            raise WrongFramework(fullname, place)
        raise MissingPackage(fullname, place)


def install(uses: Uses) -> None:
    """Stand at the end of the line."""
    sys.meta_path.append(NotHere(uses))
