"""Large nets are built in a moment: their weights are not drawn, because saved ones replace them.

Only while definitions are lifted. Drawing the 138 million weights of VGG16 takes seconds for each
net that the code mentions.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .places import Places

__all__ = ["install"]

LARGE = 2_000_000
"""Numbers of one tensor."""
DRAWN = (
    "uniform_",
    "normal_",
    "trunc_normal_",
    "xavier_uniform_",
    "xavier_normal_",
    "kaiming_uniform_",
    "kaiming_normal_",
    "orthogonal_",
)


def install(places: Places) -> None:
    """Patch `torch.nn.init`."""
    from torch.nn import init

    for name in DRAWN:
        setattr(init, name, _unless_large(getattr(init, name), places))


def _unless_large(original: Callable[..., Any], places: Places) -> Callable[..., Any]:
    @functools.wraps(original)
    def draw(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        if tensor.numel() > LARGE and not places.working_copy:
            return tensor
        return original(tensor, *args, **kwargs)

    return draw
