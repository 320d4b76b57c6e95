"""The grader's inputs of one split, as the box holds them: numbers, or pictures as files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from ..session import Session

__all__ = ["Given"]

GREY, COLOUR = 3, 4
"""Dimensions of uint8 arrays of pictures: [N, H, W] and [N, H, W, 3]."""


class Given:
    """The inputs of a split, in the job's secret order.

    Args:
        session: Whose job.
        name: The split, such as `cifar10/test`.

    Attributes:
        name: The split.
        family: Whose layout it comes from, such as `torchvision.CIFAR10`.
        encoded: Whether the inputs are JPEG or PNG files of their own sizes.
        entry: As the job describes it.
    """

    def __init__(self, session: Session, name: str) -> None:
        self.name = name
        self.entry: dict[str, Any] = session.datasets[name]
        self.family = str(self.entry.get("family", ""))
        self.encoded = self.entry.get("encoding", "raw") == "encoded"
        path = session.inputs / self.entry["file"]
        if self.encoded:
            self._bytes = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else b""
            self._offsets = [int(offset) for offset in self.entry["offsets"]]
        else:
            shape = tuple(self.entry["shape"])
            data = np.fromfile(path, dtype=self.entry["dtype"])
            self.array: np.ndarray[Any, Any] = data.reshape(shape)

    def __len__(self) -> int:
        return int(self.entry["shape"][0])

    @property
    def split(self) -> str:
        """Such as `test`."""
        return self.name.partition("/")[2]

    @property
    def pictures(self) -> bool:
        """Whether the inputs are pictures."""
        if self.encoded:
            return True
        shape, dtype = self.array.shape, self.array.dtype
        colour = len(shape) == COLOUR and shape[-1] == 3  # noqa: PLR2004 - red, green, blue
        return dtype == np.uint8 and (len(shape) == GREY or colour)

    def file(self, row: int) -> bytes:
        """The file of an encoded picture."""
        return bytes(self._bytes[self._offsets[row] : self._offsets[row + 1]])

    def picture(self, row: int) -> Any:
        """A PIL image, as torchvision's own classes give it: grey `L`, else `RGB`."""
        from PIL import Image

        if self.encoded:
            return Image.open(io.BytesIO(self.file(row))).convert("RGB")
        return Image.fromarray(self.array[row])

    def tensor(self) -> torch.Tensor:
        """All inputs as they are, [N, …]."""
        return torch.from_numpy(self.array)
