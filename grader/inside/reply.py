"""How a probe reports: a payload, raw arrays, remarks, or what went wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

DTYPES = ("float32", "float64", "int64", "uint8")
REMARKS_AT_MOST = 100


class StudentFault(Exception):
    """The student's code cannot be measured, and we know why.

    Args:
        kind: Short, such as `missing_package` or `wrong_framework`.
        message: What is wrong, to the student.
        place: `{"file", "cell", "line"}`.
        hint: What to try.
    """

    def __init__(
        self, kind: str, message: str, *, place: dict[str, Any] | None = None, hint: str = ""
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.place = place
        self.hint = hint


class Unbound(Exception):
    """The role that a request needs was not found in the submission."""


class Reply:
    """What one probe reports. `payload` must fit the probe's record in `model/measurements.py`."""

    def __init__(self) -> None:
        self.payload: dict[str, Any] = {}
        self.arrays: list[dict[str, Any]] = []
        self.body: list[bytes] = []
        self.remarks: list[dict[str, Any]] = []

    def array(self, name: str, values: np.ndarray[Any, Any]) -> None:
        """Add raw little-endian numbers.

        Args:
            name: Such as `scores`.
            values: Of dtype float32, float64, int64 or uint8.
        """
        import numpy as np

        values = np.ascontiguousarray(values)
        if values.dtype.name not in DTYPES:
            raise TypeError(f"{name}: dtype {values.dtype}")
        if sys.byteorder != "little":
            values = values.astype(values.dtype.newbyteorder("<"))
        self.arrays.append({"name": name, "dtype": values.dtype.name, "shape": list(values.shape)})
        self.body.append(values.tobytes())

    def remark(self, code: str, message: str, place: dict[str, Any] | None = None) -> None:
        """Say something that carries no points. The same remark counts once."""
        entry = {"code": code[:80], "message": message[:2000], "place": place}
        if entry not in self.remarks and len(self.remarks) < REMARKS_AT_MOST:
            self.remarks.append(entry)
