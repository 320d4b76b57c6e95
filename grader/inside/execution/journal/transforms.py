"""The transforms that a row goes through, as they print: the inner dataset's first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .rows import Part

__all__ = ["transforms_of"]

TEXT = 2000
DEPTH = 8
USUAL = ("transform", "transforms")
LIBRARIES = ("torchvision.transforms", "albumentations", "kornia")
"""Their objects are transforms by whatever name a dataset holds them."""


def transforms_of(parts: list[Part]) -> str:
    """Each transform once."""
    texts: list[str] = []
    for part in parts:
        for dataset in reversed([*part.around, *_further(part.base)]):
            texts += [text for found in _held(dataset) if (text := _text(found)) not in texts]
    return "\n".join(filter(None, texts))[:TEXT]


def _further(dataset: Any) -> list[Any]:
    """Datasets within one whose rows could not be told."""
    found: list[Any] = []
    while len(found) < DEPTH:
        space = _space(dataset)
        inner = [space.get("dataset"), space.get("subset"), *(space.get("datasets") or ())[:1]]
        dataset = next((one for one in inner if one is not None), None)
        if dataset is None:
            break
        found.append(dataset)
    return found


def _held(dataset: Any) -> Iterator[Any]:
    """One by a usual name, as torchvision's datasets hold two that say the same, and others."""
    space = _space(dataset)
    usual = next((found for name in USUAL if (found := getattr(dataset, name, None))), None)
    if usual is not None:
        yield usual
    for name, value in list(space.items()):
        theirs = type(value).__module__.startswith(LIBRARIES)
        if theirs and name not in USUAL and "target" not in name:
            yield value


def _space(dataset: Any) -> dict[str, Any]:
    return vars(dataset) if hasattr(dataset, "__dict__") else {}


def _text(transform: Any) -> str:
    try:
        return str(transform)[:TEXT].encode("utf-8", "replace").decode()
    except Exception:
        return ""
