"""Probe `bind_roles`: how every role is bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..binding.roles import bind
from ..reply import StudentFault, Unbound

if TYPE_CHECKING:
    from ..reply import Reply
    from ..session import Session

__all__ = ["bind_roles"]


def bind_roles(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: Bindings."""
    reply.payload = {"bindings": [_binding(session, role) for role in params["roles"]]}


def _binding(session: Session, role: dict[str, Any]) -> dict[str, Any]:
    place = None
    try:
        return bind(session, role, "any").payload()
    except Unbound as unbound:
        why = str(unbound)
    except StudentFault as fault:
        why, place = fault.message, fault.place
    except BaseException as error:
        why = f"{type(error).__name__}: {error}"
    return {"role": role["name"], "how": "unbound", "place": place, "why": why[:1000]}
