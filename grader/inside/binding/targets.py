"""Binds roles that are classes, functions or datasets."""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING, Any

from ..definitions.lifted import is_module_class
from ..reply import StudentFault, Unbound
from . import absent
from .bound import Bound, plain
from .building import required_arguments
from .explicit import explicit_definition, marked_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..session import Session

__all__ = ["bind_target"]


def bind_target(session: Session, role: dict[str, Any], method: str = "") -> Bound:
    """Bind a role of kind `class`, `function` or `dataset`.

    Args:
        session: Of the submission.
        role: The rubric's role.
        method: That the class must have to be bound by structure.

    Raises:
        Unbound: Nothing fits.
        StudentFault: The definition is there but failed.
    """
    found = session.definitions()
    fits = _kind_test(role["kind"])
    own = {n: v for n, v in found.namespace.items() if n in found.places and fits(v)}
    explicit = explicit_definition(session, role["name"])
    if explicit:
        if explicit in own:
            return _bound(session, role, "explicit", explicit, "grade.toml names it.")
        raise Unbound(
            f"grade.toml names '{explicit}' as '{role['name']}', but the code defines no such"
            f" {role['kind']}. {absent.definitions_found(found)}"
        )
    marked = [n for n in own if n in marked_names(session, role["name"])]
    if marked:
        return _bound(session, role, "explicit", marked[-1], "A tag or comment names it.")
    for wanted in role.get("names") or ():
        alike = [n for n in own if n == wanted] or [n for n in own if plain(n) == plain(wanted)]
        if alike:
            return _bound(session, role, "name", alike[0], "It has the assignment's name.")
    for wanted in role.get("names") or ():
        problem = found.problem_with(wanted)
        if problem is not None:
            absent.missing_package(session)
            raise StudentFault(
                problem.kind,
                f"'{wanted}' could not be defined: {problem.message}",
                place=problem.place,
            )
    structural = [n for n, v in own.items() if _structure(session, role, v, method)]
    if len(structural) == 1:
        why = "It is the only one of this structure in the code."
        return _bound(session, role, "structure", structural[0], why)
    absent.missing_package(session)
    names = ", ".join(role.get("names") or ()) or role["name"]
    near = difflib.get_close_matches((role.get("names") or [role["name"]])[0], own, cutoff=0.6)
    hint = f" Close: {', '.join(near)}." if near else ""
    raise Unbound(
        f"No {role['kind']} named {names} was found.{hint} {absent.definitions_found(found)}"
        f" {absent.broken_cells(session)}".strip()
    )


def _kind_test(kind: str) -> Callable[[Any], bool]:
    if kind == "function":
        return lambda value: callable(value) and not isinstance(value, type)
    return lambda value: isinstance(value, type)


def _structure(session: Session, role: dict[str, Any], value: Any, method: str) -> bool:
    if role["kind"] == "dataset":
        torch = sys.modules.get("torch")
        base = torch.utils.data.Dataset if torch is not None else object
        return issubclass(value, base) and value is not base
    if role["kind"] != "class":
        return False
    if method and method in vars(value):
        return True
    return not method and is_module_class(value) and _takes_net(session, value)


def _takes_net(session: Session, kind: type) -> bool:
    """Whether a class of nets is made from another net, as the code makes it."""
    if len(required_arguments(kind) or ()) != 1:
        return False
    made = [c.module for c in session.definitions().candidates if type(c.module) is kind]
    return any(list(torch_children(module)) for module in made)


def torch_children(module: Any) -> list[Any]:
    """The nets that a net was given or made; leaf layers such as losses do not count."""
    children = sys.modules["torch"].nn.Module.children(module)
    return [child for child in children if list(child.children())]


def _bound(session: Session, role: dict[str, Any], how: str, name: str, why: str) -> Bound:
    found = session.definitions()
    target = found.namespace[name]
    return Bound(role["name"], how, name, found.places.get(name), "", why, target=target)
