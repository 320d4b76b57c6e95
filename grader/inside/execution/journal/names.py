"""What the student's scopes call an object: `val_loader`, `loaders['val']`, `self.test_loader`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...mistakes.roles import role_of_name

if TYPE_CHECKING:
    from ...shims.uses import Uses

__all__ = ["names_of", "role_of_names", "scopes_of"]

FRAMES = 8
NAMES = 20


def names_of(thing: Any, uses: Uses) -> set[str]:
    """Its names in the running frames of student code, outer ones included."""
    return set().union(*scopes_of(thing, uses))


def scopes_of(thing: Any, uses: Uses) -> list[set[str]]:
    """Its names in each scope of the running student code, the innermost first, globals last."""
    frame = uses.student_frame()
    count = 0
    inner: list[dict[str, Any]] = []
    outer: list[dict[str, Any]] = []
    while frame is not None and count < FRAMES:
        if uses.is_student(frame.f_code.co_filename):
            count += 1
            outer.append(frame.f_globals)
            if frame.f_locals is not frame.f_globals:
                inner.append(frame.f_locals)
        frame = frame.f_back
    spaces = {id(space): space for space in (*inner, *outer)}
    return [_names_in(space, thing) for space in spaces.values()]


def _names_in(space: dict[str, Any], thing: Any) -> set[str]:
    found: set[str] = set()
    for name, value in list(space.items()):
        if value is thing:
            found.add(name)
        elif isinstance(value, dict) and value is not space and len(value) <= NAMES:
            found |= {f"{name}[{k}]" for k, v in list(value.items()) if v is thing}
        elif name == "self" and hasattr(value, "__dict__"):
            found |= {k for k, v in list(vars(value).items()) if v is thing}
    return {name for name in found if not name.startswith("_")}


def role_of_names(scopes: list[set[str]]) -> str:
    """`train`, `val` or `test`, as the outermost scope has it: a parameter's name may be any."""
    for names in reversed(scopes):
        said = {role for name in names if (role := role_of_name(name))}
        if said:
            return said.pop() if len(said) == 1 else ""
    return ""
