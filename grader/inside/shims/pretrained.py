"""Weights that others trained: the machine's copy, else a submitted file, else a named cause.

While definitions are lifted, a net whose official weights are not here is built all the same, so
that the student's own weights can be loaded into it; it is marked, and never measured untrained.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from .faults import PretrainedMissing

if TYPE_CHECKING:
    from collections.abc import Callable

    from .hooks import AfterImport
    from .places import Places
    from .uses import Uses

__all__ = ["MARK", "install", "lacks_weights"]

MARK = "grader_lacks_weights"
"""On a net that was built without the official weights it asked for: their file's name."""
CODE = "shim.pretrained"


class NoWeights(dict[str, Any]):
    """Stands for a state dict that is not here.

    Args:
        name: Of its file.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def lacks_weights(module: Any) -> str:
    """The official weights that a net asked for and did not get, empty when none."""
    import torch

    found = (vars(inner).get(MARK, "") for inner in torch.nn.Module.modules(module))
    return next((str(name) for name in found if name), "")


def install(uses: Uses, hooks: AfterImport, places: Places, torch_home: str) -> None:
    """Patch the doors through which official weights come.

    Args:
        uses: Takes remarks.
        hooks: Patches what is imported later.
        places: Knows submitted files, and whether the submission is being run.
        torch_home: The folder that holds `hub/checkpoints`; empty when there is none.
    """
    import torch

    load = functools.partial(_load, uses, places, torch_home)
    hooks.patch("torch.hub", functools.partial(_replace, load=load))
    hooks.patch("torch.utils.model_zoo", functools.partial(_replace, load=load))
    for name in ("torchvision._internally_replaced_utils", "torchvision.models._api"):
        hooks.patch(name, functools.partial(_replace, load=load))
    original: Any = torch.nn.Module.load_state_dict

    @functools.wraps(original)
    def load_state_dict(self: Any, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(state_dict, NoWeights):
            return original(self, state_dict, *args, **kwargs)
        self.__dict__[MARK] = state_dict.name
        return torch.nn.modules.module._IncompatibleKeys([], [])  # noqa: SLF001 - what it returns

    torch.nn.Module.load_state_dict = load_state_dict  # type: ignore[method-assign]


def _replace(module: Any, load: Callable[..., Any]) -> None:
    for name in ("load_state_dict_from_url", "load_url"):
        if hasattr(module, name):
            setattr(module, name, load)


def _load(uses: Uses, places: Places, torch_home: str, url: str, *_args: Any, **kwargs: Any) -> Any:
    """As `torch.hub.load_state_dict_from_url`.

    Raises:
        PretrainedMissing: Neither the machine nor the submission has the file.
    """
    import torch

    name = str(kwargs.get("file_name") or url.rstrip("/").rsplit("/", 1)[-1])
    known = os.path.join(torch_home, "hub", "checkpoints", name) if torch_home else ""  # noqa: PTH118
    if known and os.path.isfile(known):  # noqa: PTH113
        uses.note(CODE, f"the official weights '{name}' were loaded from the grader's machine")
        return torch.load(known, map_location="cpu", weights_only=True)
    found = places.submitted(name)
    if found is not None:
        uses.note(CODE, f"the submitted '{name}' stood in for the download of official weights")
        return torch.load(found, map_location="cpu")
    if not places.working_copy:  # definitions are being lifted, nothing is run
        return NoWeights(name)
    raise PretrainedMissing(name, uses.place())
