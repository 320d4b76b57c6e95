"""What the student's scopes call an object: `val_loader`, `loaders['val']`, `self.test_loader`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...shims.uses import Uses

__all__ = ["names_of"]

FRAMES = 8
NAMES = 20


def names_of(thing: Any, uses: Uses) -> set[str]:
    """Its names in the running frames of student code, outer ones included."""
    found: set[str] = set()
    frame = uses.student_frame()
    count = 0
    spaces: list[dict[str, Any]] = []
    while frame is not None and count < FRAMES:
        if uses.is_student(frame.f_code.co_filename):
            count += 1
            spaces += [frame.f_locals, frame.f_globals]
        frame = frame.f_back
    for space in {id(space): space for space in spaces}.values():
        for name, value in list(space.items()):
            if value is thing:
                found.add(name)
            elif isinstance(value, dict) and value is not space and len(value) <= NAMES:
                found |= {f"{name}[{k}]" for k, v in list(value.items()) if v is thing}
            elif name == "self" and hasattr(value, "__dict__"):
                found |= {k for k, v in list(vars(value).items()) if v is thing}
    return {name for name in found if not name.startswith("_")}
